/*
 * In the place of s3/wire.c: one request waits at a time, and the test answers it. A program that
 * has all of these functions does not link the real ones.
 */
#ifndef TEST_WIRE_FAKE_H
#define TEST_WIRE_FAKE_H

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "sync/s3/wire.h"

static struct wire_request *fake_waiting; /* NULL: nothing was asked */
static unsigned fake_sent;

void wire_request_init(struct wire_request *r, enum wire_method method, char *target, void *ctx)
{
    *r = (struct wire_request){.method = method, .target = target, .payload.fd = -1, .ctx = ctx};
}

void wire_send(struct wire *w, struct wire_request *r)
{
    (void)w;
    if (fake_waiting)
        abort();
    fake_waiting = r;
    fake_sent++;
}

/* The request, which is its owner's again. */
static struct wire_request *fake_take(void)
{
    struct wire_request *r = fake_waiting;
    if (!r)
        abort();
    fake_waiting = NULL;
    mem_free(r->target);
    r->target = NULL;
    return r;
}

void wire_cancel(struct wire *w, struct wire_request *r)
{
    (void)w;
    if (fake_waiting == r)
        (void)fake_take();
}

static inline void fake_fail(enum sync_exit why, const char *text)
{
    struct wire_request *r = fake_take();
    struct err e;
    (void)err_set(&e, -1, "%s", text);
    r->on_done(r, why, &e);
}

/* One try, with a body in pieces of `step` bytes; how it ended. */
static inline int fake_try(const char *body, size_t len, size_t step, struct err *e)
{
    static const struct wire_answer head = {.status = 200, .length = -1};
    struct wire_request *r = fake_waiting;
    int rc = r->on_begin(r, e);
    for (size_t at = 0; rc == 0 && at < len; at += step)
        rc = r->on_data(r, &head, body + at, len - at < step ? len - at : step, e);
    return rc == 0 ? r->on_end(r, &head, e) : rc;
}

/* The answer to the only try. */
static inline int fake_answer(const char *body, size_t len, size_t step)
{
    struct err e = {{0}};
    int rc = fake_try(body, len, step, &e);
    struct wire_request *r = fake_take();
    r->on_done(r, rc == 0 ? SYNC_OK : SYNC_SERVER, &e);
    return rc;
}

#endif
