/*
 * Keys that stay valid: creds_load on the work queue, at the start and again before they expire.
 *
 * The chain (creds.h) may ask a server or run a program; the loop never waits for it. The timer
 * does not keep a loop alive.
 */
#ifndef SYNC_S3_KEYRING_H
#define SYNC_S3_KEYRING_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <uv.h>

#include "base/err.h"
#include "sync/s3/creds.h"

struct keyring {
    uv_loop_t *loop;
    uv_timer_t timer; /* until a refresh is due */
    uv_work_t work;
    struct creds_query query; /* borrowed texts */
    struct creds creds;       /* the newest, owned */
    int64_t due;              /* when they are to be replaced, seconds since 1970; 0: never */
    bool loaded;              /* creds hold something */
    bool loading;
    bool asked; /* somebody waits for the end of this load, whatever it is */
    bool closing;
    atomic_bool cancelled; /* tells the load that it is in vain */
    struct creds next;     /* what the load makes; the work queue's while loading */
    int rc;                /* of the load that ended last */
    struct err err;        /* with its sentence */
    void *ctx;
    /*
     * New keys, or rc < 0 as creds_load has it. A refresh that fails is tried again and is told
     * only once the keys have expired. -EKEYEXPIRED: the server refused the keys as expired and
     * there are no others.
     */
    void (*on_keys)(struct keyring *k, int rc, const struct err *e);
    void (*on_closed)(struct keyring *k);
};

/* Clears k first: ctx and on_keys are set after it. */
void keyring_init(struct keyring *k, uv_loop_t *loop, const struct creds_query *query);

/* At the start, and when the server says that the keys have expired. on_keys comes always. */
void keyring_load(struct keyring *k);

/* Ends a load too. on_closed may be NULL; k must stay until then. */
void keyring_close(struct keyring *k, void (*on_closed)(struct keyring *k));

/* When keys that are new at `now` and end at `expires` are to be replaced. Pure; in seconds. */
int64_t keyring_due(int64_t now, int64_t expires);

#endif
