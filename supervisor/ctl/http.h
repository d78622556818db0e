/*
 * A small blocking HTTP/1.1 client on a unix or TCP socket: what mainstayctl needs to talk to
 * one daemon. One connection, kept alive between requests until http_close or until the server
 * wants it closed. Connecting has a time-out; an answer may take as long as the daemon needs.
 *
 * Failures are negative errno: what connect, read and write say, and
 *   -ENODATA    the server closed the connection without an answer
 *   -EPROTO     what came is not HTTP
 *   -EMSGSIZE   the answer is larger than its limit
 *   -EADDRNOTAVAIL  the host's name cannot be resolved (the sentence says why)
 */
#ifndef CTL_HTTP_H
#define CTL_HTTP_H

#include <signal.h>
#include <stdbool.h>
#include <stddef.h>

#include "base/buf.h"
#include "base/err.h"

enum {
    HTTP_CONNECT_MS = 10000,
    HTTP_HEAD_MAX = 16384, /* bytes of status line and headers together */
};

struct http {
    int fd;        /* -1: not connected */
    struct buf in; /* received and not yet used */
    /* Both NULL, or: waiting for bytes happens under `mask`, and ends with -EINTR once *stop. */
    const sigset_t *mask;
    const volatile sig_atomic_t *stop;
};

/* What to ask for. */
struct http_request {
    const char *url;      /* of the server: unix:///path or http://host[:port] */
    const char *method;   /* "GET", "POST" */
    const char *path;     /* already encoded */
    const char *username; /* NULL: no authentication */
    const char *password;
    const char *type; /* of the body; NULL: no body */
    const void *body;
    size_t body_len;
};

struct http_answer {
    int status;
    char reason[64];
    bool chunked;
    bool close;      /* the server will close the connection after it */
    bool has_length; /* length is known */
    size_t length;
};

void http_init(struct http *h);
void http_close(struct http *h); /* usable again */

/* Sends a request, connecting first if need be, and reads the head of the answer. */
int http_ask(struct http *h, const struct http_request *r, struct http_answer *a, struct err *e);

/* Reads the whole body. */
int http_body(struct http *h, const struct http_answer *a, size_t limit, struct buf *out,
              struct err *e);

/* Takes a piece of a body; nonzero ends the reading and is returned by http_stream. */
typedef int http_sink(void *ctx, const char *data, size_t len);

/* Hands on the body as it comes, without end if need be. 0 when it ends. */
int http_stream(struct http *h, const struct http_answer *a, http_sink *sink, void *ctx,
                struct err *e);

#endif
