/*
 * What systemd is told about the daemon, by the protocol of sd_notify(3). Nothing here waits: what
 * must arrive is sent again later when systemd does not read, the rest is left out. Without
 * NOTIFY_SOCKET in the environment everything here does nothing. That the children do not inherit
 * NOTIFY_SOCKET, WATCHDOG_USEC and WATCHDOG_PID is the business of who makes their environment.
 *
 * The daemon is one of the few processes of the unit that may speak: NotifyAccess=main.
 */
#ifndef SYSTEMD_NOTIFY_H
#define SYSTEMD_NOTIFY_H

#include <stdbool.h>
#include <stdint.h>
#include <uv.h>

#include "systemd/channel.h"

enum {
    NOTIFY_STATUS_MAX = 512,  /* bytes of STATUS=, cut at a character */
    NOTIFY_STATUS_GAP = 250,  /* ms: at least so far apart, the last one always arrives */
    NOTIFY_HOLD_EVERY = 5000, /* ms between two requests for more time */
    NOTIFY_RETRY = 100,       /* ms between two attempts when systemd does not read */
    NOTIFY_QUEUE = 8          /* messages that wait for it; then the oldest is dropped */
};

/* Owned by main.c. Three timers, all idle unless there is something to say. */
struct notify {
    struct channel channel;
    char *queue[NOTIFY_QUEUE]; /* owned; states that systemd has not read yet */
    size_t queued;
    uv_timer_t retry_timer;              /* runs while the queue is not empty */
    uv_timer_t status_timer;             /* runs while a status waits for its turn */
    uv_timer_t hold_timer;               /* runs between notify_hold(true) and (false) */
    int handles;                         /* not yet closed */
    char status[NOTIFY_STATUS_MAX + 1];  /* the last one wanted */
    uint64_t (*needs)(struct notify *n); /* while holding */
    bool pending;                        /* ... which has not been sent */
    uint64_t sent_at;                    /* uv_now() of the last one; 0: never */
    void (*on_closed)(struct notify *n);
};

void notify_init(struct notify *n, uv_loop_t *loop);

/* Closes the timers; on_closed (may be NULL) is called from the loop. Once. */
void notify_close(struct notify *n, void (*on_closed)(struct notify *n));

/*
 * STATUS=, if it differs from the last one. Line breaks and other control characters become
 * blanks, what is no UTF-8 becomes '?': systemd would drop the whole message.
 */
void notify_status(struct notify *n, const char *text);

/* Each of these sends a status that waits for its turn along with it. */
void notify_ready(struct notify *n);     /* READY=1: after start, and after a reload */
void notify_reloading(struct notify *n); /* RELOADING=1 with MONOTONIC_USEC */
void notify_stopping(struct notify *n);  /* STOPPING=1 */

/* EXTEND_TIMEOUT_USEC=: so much more time, from now, for the start or stop that is going on. */
void notify_extend(struct notify *n, uint64_t usec);

/*
 * Asks for more time again and again while the loop turns: `needs` says how many ms from now. A
 * loop that hangs stops asking. NULL: no more is needed.
 */
void notify_hold(struct notify *n, uint64_t (*needs)(struct notify *n));
void notify_hold_anew(struct notify *n); /* what is needed may be more than it was: ask now */

/* The last words: STATUS=, EXIT_STATUS= and, unless `number` is 0, ERRNO=. */
void notify_failed(struct notify *n, const char *why, int exit_status, int number);

/* The same for a start that has failed before there was a struct notify. Waits for nobody. */
void notify_refused(const char *why, int exit_status, int number);

void notify_watchdog(struct notify *n); /* WATCHDOG=1; watchdog.h calls it in time */

#endif
