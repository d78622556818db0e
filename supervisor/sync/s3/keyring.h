/*
 * Keys that stay valid: creds_load on the work queue, at the start and again before they expire.
 *
 * The chain (creds.h) may ask a server or run a program; the loop never waits for it.
 */
#ifndef SYNC_S3_KEYRING_H
#define SYNC_S3_KEYRING_H

#include <stdbool.h>
#include <uv.h>

#include "base/err.h"
#include "sync/s3/creds.h"

struct keyring {
    uv_loop_t *loop;
    uv_timer_t timer; /* until a refresh; `refresh` minutes before creds.expires */
    uv_work_t work;
    struct creds_query query; /* borrowed texts */
    struct creds creds;       /* the newest, owned */
    bool loading;
    bool closing;
    int rc;         /* of the load that ended last */
    struct err err; /* with its sentence */
    void *ctx;
    /* New keys, or rc < 0 as creds_load has it; a refresh that fails tells only once they expire */
    void (*on_keys)(struct keyring *k, int rc, const struct err *e);
    void (*on_closed)(struct keyring *k);
};

void keyring_init(struct keyring *k, uv_loop_t *loop, const struct creds_query *query);
void keyring_load(struct keyring *k); /* also when the server says they have expired */
void keyring_close(struct keyring *k, void (*on_closed)(struct keyring *k));

#endif
