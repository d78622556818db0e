/*
 * What every run has, in whichever direction: the loop, the signals, keys that stay valid, the
 * place and the engine that talks to it.
 */
#ifndef SYNC_SESSION_H
#define SYNC_SESSION_H

#include <uv.h>

#include "base/err.h"
#include "sync/arguments.h"
#include "sync/exit.h"
#include "sync/report.h"
#include "sync/s3/keyring.h"
#include "sync/s3/sse.h"
#include "sync/s3/wire.h"

struct session {
    const struct arguments *o;
    struct report *report;
    uv_loop_t loop;
    uv_signal_t on_term;
    uv_signal_t on_int;
    uv_signal_t on_hup;
    uv_timer_t tick;  /* progress is shown */
    uint64_t looked;  /* when that was last, in ns */
    uint64_t waited;  /* of the loop, until then, in ns */
    uv_timer_t again; /* session_later */
    struct keyring keyring;
    struct creds_query query;
    struct s3_place place;
    struct sse sse;
    struct wire *wire; /* NULL until on_ready */
    const char *url;   /* s3://...: the side that is not here */
    void *ctx;
    void (*on_ready)(void *ctx); /* wire and place are there */
    void (*on_end)(void *ctx, enum sync_exit why, const struct err *e); /* a signal, or no keys */
    void (*on_again)(void *ctx);
    void (*on_room)(void *ctx); /* of the wire; may be NULL */
    /* Some times a second; `waited` is the loop's since the last, in percent. May be NULL. */
    void (*on_tick)(void *ctx, unsigned waited);
};

/* The owner has filled in o, report, url, ctx and the callbacks; nothing happens before the loop */
void session_open(struct session *s);
void session_run(struct session *s);   /* until all handles are closed */
void session_later(struct session *s); /* on_again from a clean stack; more than once is once */
void session_close(struct session *s); /* the handles; session_run returns when all is over */
void session_free(struct session *s);  /* after session_run */

#endif
