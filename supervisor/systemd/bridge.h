/*
 * What systemd is told, and when: READY=1 once everything that starts by itself is up, STATUS=
 * in words, RELOADING=1 around a restart of everything, STOPPING=1 and more time while it goes
 * down, WATCHDOG=1 while the loop turns. Without a systemd nothing of it happens.
 */
#ifndef SYSTEMD_BRIDGE_H
#define SYSTEMD_BRIDGE_H

#include "jobs/shutdown.h"
#include "systemd/bus.h"
#include "systemd/notify.h"
#include "systemd/watchdog.h"

struct bridge {
    struct supervisor *supervisor; /* borrowed, like the next two */
    struct jobs *jobs;
    struct shutdown *shutdown;
    struct bus bus; /* the system's; also for others who need it */
    struct notify notify;
    struct watchdog watchdog;
    struct timer look; /* something has changed: look, from the loop, once for many changes */
    bool ready;        /* READY=1 was sent for this configuration */
    bool closed;
};

void bridge_open(struct bridge *b, uv_loop_t *loop, struct supervisor *s, struct jobs *j,
                 struct shutdown *sd);
void bridge_close(struct bridge *b); /* handles close in the loop */

void bridge_look(struct bridge *b);
void bridge_reloading(struct bridge *b);
void bridge_refused(struct bridge *b); /* nothing is reloaded, but `systemctl reload` waits for us */
void bridge_reloaded(struct bridge *b);
void bridge_stopping(struct bridge *b);

#endif
