/*
 * Requests over kept-alive connections, many at a time: the home of libcurl.
 *
 * The engine signs, sends, retries what may succeed later, and hands each body to the request's
 * owner piece by piece. It knows nothing of listings or files. GET only; no redirects (a new
 * place needs a new signature); proxies only from the environment.
 */
#ifndef SYNC_S3_TRANSFER_H
#define SYNC_S3_TRANSFER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "sync/s3/creds.h"
#include "sync/exit.h"
#include "sync/s3/s3.h"

/* The head of a 200 answer. */
struct answer {
    int64_t length;   /* Content-Length, or -1 */
    char etag[260];   /* with its quotes; "" when there is none */
    bool opaque_etag; /* the server encrypts with keys of its own: the tag is no MD5 */
};

/*
 * One GET and who wants it. The callbacks return 0 or -errno with a sentence; -EBADMSG means
 * that what came is wrong (and is worth another try), -ESTALE that it is not what was asked for,
 * everything else is a local failure.
 */
struct request {
    char *target;         /* path and query as sent; owned by the engine from then on */
    const char *if_match; /* borrowed; NULL: none */
    void *ctx;
    unsigned slot; /* set by the engine: 0 .. concurrency - 1, one request each at a time */
    int (*on_begin)(struct request *r, struct err *e); /* before each try */
    int (*on_data)(struct request *r, const char *data, size_t len, struct err *e);
    int (*on_end)(struct request *r, const struct answer *a, struct err *e);
    /* It is given up. SYNC_OK: go on with the others; else all ends with that and e. */
    enum sync_exit (*on_failed)(struct request *r, enum sync_exit why, struct err *e);
};

struct transfer_options {
    unsigned concurrency;
    unsigned tries;   /* per request, at least 1 */
    int64_t stall_ms; /* without a byte */
    int64_t connect_ms;
    const char *ca_file; /* NULL: the system's */
    int stop_fd;         /* readable when all must end; -1: none */
};

struct transfer;

struct transfer *transfer_new(const struct transfer_options *o, const struct s3_place *place,
                              const struct creds *creds);
void transfer_free(struct transfer *t); /* NULL is fine */

/* Fills in the next request; false when there is none left. */
typedef bool transfer_next(void *ctx, struct request *r);

/*
 * Runs requests until there are no more. `on_tick` (may be NULL) is called some times a second.
 * SYNC_SIGTERM when stop_fd became readable.
 */
enum sync_exit transfer_run(struct transfer *t, transfer_next *next, void (*on_tick)(void *ctx),
                            void *ctx, struct err *e);

#endif
