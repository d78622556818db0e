/*
 * A small blocking HTTP/1.1 client on a unix or TCP socket: what mainstayctl needs to talk to
 * one daemon. One connection, kept alive between requests until http_close or until the server
 * wants it closed. Connecting has a time-out. An answer may take as long as the daemon needs, but
 * once it has begun it has to come on, unless it is taken in pieces.
 *
 * Failures are negative errno: what connect, read and write say, and
 *   -ENODATA    the server closed the connection without an answer
 *   -EPROTO     what came is not HTTP, or it comes too slowly
 *   -EMSGSIZE   the answer is larger than its limit
 *   -EADDRNOTAVAIL  the host's name cannot be resolved (the sentence says why)
 */
#ifndef CTL_HTTP_H
#define CTL_HTTP_H

#include <signal.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "ctl/answer.h"

enum {
    HTTP_CONNECT_MS = 10000,
    HTTP_SLOW_MS = 10000,   /* so long an answer may take, and a second more */
    HTTP_SLOW_BYTES = 1024, /* for so many bytes that have come */
};

struct http {
    int fd;        /* -1: not connected */
    struct buf in; /* received and not yet used */
    bool paced;    /* the answer has to come on */
    int64_t begun; /* when its first bytes came; 0: not yet */
    size_t got;    /* bytes of it */
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

void http_init(struct http *h);
void http_close(struct http *h); /* usable again */

/* Sends a request, connecting first if need be; answer_init, http_head and http_body follow. */
int http_send(struct http *h, const struct http_request *r, struct err *e);

/* Waits for bytes once. 1 when the head is complete, 0 when more of it has to come. */
int http_head(struct http *h, struct answer *a, struct err *e);

/* Waits for bytes once and hands on what came of the body. 1 when it ended, 0 when it may go on. */
int http_piece(struct http *h, struct answer *a, answer_sink *sink, void *ctx, struct err *e);

/* Reads the whole body; appends. */
int http_body(struct http *h, struct answer *a, size_t limit, struct buf *out, struct err *e);

#endif
