/*
 * HTTP requests that run beside each other: the home of libcurl. One wait for all of them and for
 * whatever descriptors the owner has besides.
 *
 * An address may be a secret: no sentence holds any part of it.
 */
#ifndef NET_REQUEST_H
#define NET_REQUEST_H

#include <poll.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/err.h"
#include "base/list.h"

enum {
    REQUEST_ANSWER_MAX = 64 * 1024, /* bytes of an answer that are read; nobody looks at them */
    REQUEST_FDS = 80,               /* descriptors besides */
};

struct requests {
    void *multi;        /* CURLM *, owned */
    struct list active; /* struct request, of their owners */
};

struct request;
typedef void request_done(struct request *r);

struct request {
    struct list link;
    void *easy;    /* CURL *, owned; NULL: does not run */
    void *headers; /* struct curl_slist *, owned */
    struct buf body;
    size_t answered; /* bytes */
    bool own_ca;
    request_done *on_done;
    /* of one that is done */
    long status;         /* of HTTP; 0: there was no answer, and `trouble` says why */
    int64_t retry_after; /* ms; 0: not asked for */
    struct err trouble;
};

struct request_ask {
    const char *url;  /* copied, as the body */
    const char *body; /* NULL: GET, else POST as JSON */
    size_t len;
    int64_t timeout_ms;
    const char *ca_file; /* NULL: the authorities that the machine trusts */
};

int requests_open(struct requests *all, struct err *e);
void requests_close(struct requests *all); /* what runs is given up; on_done is not called */

int request_start(struct requests *all, struct request *r, const struct request_ask *ask,
                  struct err *e);

/* Waits until a request or a descriptor (at most REQUEST_FDS) has something, at most so long. */
void requests_wait(struct requests *all, struct pollfd *fds, size_t count, int64_t timeout_ms);
/* Goes on with all requests; of those that end, calls on_done, which may start others. */
void requests_turn(struct requests *all);

#endif
