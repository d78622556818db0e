/*
 * One small HTTP request that is waited for: what hands out keys is asked this way, on a thread of
 * the work queue, never on the loop. A second home of libcurl.
 *
 * No redirects: keys must not come from, nor go to, where nobody said.
 */
#ifndef SYNC_S3_HTTP_H
#define SYNC_S3_HTTP_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/err.h"

enum { HTTP_HEADERS_MAX = 8, HTTP_BODY_LIMIT = 256 << 10 };

struct http_request {
    const char *method;                    /* "GET", "PUT", "POST" */
    const char *url;                       /* http or https */
    const char *headers[HTTP_HEADERS_MAX]; /* "name: value", then NULL */
    const char *body;                      /* NULL: none */
    int64_t connect_ms;
    int64_t total_ms;
    const char *ca_file;          /* NULL: the system's */
    bool proxy;                   /* as the environment says; else none */
    const atomic_bool *cancelled; /* may be NULL */
};

struct http_answer {
    long status;
    int64_t date; /* the server's clock, seconds since 1970; 0: it does not say */
    struct buf body;
};

/*
 * 0 for every whole answer, whatever its status. -EHOSTUNREACH: there is no connection,
 * -ETIMEDOUT: no answer in time, -EPROTO: a certificate or an answer makes no sense, -ECANCELED;
 * with a sentence that begins with the host. The answer is to be closed after 0 only.
 */
int http_ask(const struct http_request *r, struct http_answer *a, struct err *e);
void http_answer_close(struct http_answer *a); /* wipes */

/* "HOST[:PORT]" of a URL as the Host header has it, without the scheme's own port; NULL: no URL */
char *http_host(const char *url);

/* Nobody else can read what is sent there: https, this machine, or one of `hosts` (NULL ends). */
bool http_is_private(const char *url, const char *const *hosts);

#endif
