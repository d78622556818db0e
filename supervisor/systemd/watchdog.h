/*
 * Proof of life for systemd's WatchdogSec=: WATCHDOG=1 in half of the time it allows, sent by the
 * loop alone, so that a loop that hangs is silent. Owned by main.c.
 */
#ifndef SYSTEMD_WATCHDOG_H
#define SYSTEMD_WATCHDOG_H

#include <stdint.h>
#include <uv.h>

#include "systemd/notify.h"

struct watchdog {
    uv_timer_t timer;
    struct notify *notify; /* borrowed */
    uint64_t every;        /* ms; 0: nobody asked (no WATCHDOG_USEC, or for another process) */
    void (*on_closed)(struct watchdog *w);
};

/* Reads WATCHDOG_USEC and WATCHDOG_PID; sends the first one at once when asked to. */
void watchdog_init(struct watchdog *w, uv_loop_t *loop, struct notify *notify);

/* Closes the timer; on_closed (may be NULL) is called from the loop. Once. */
void watchdog_close(struct watchdog *w, void (*on_closed)(struct watchdog *w));

#endif
