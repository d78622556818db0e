/*
 * What systemd is told, and when: READY=1 once everything that starts by itself is up, STATUS=
 * in words, RELOADING=1 around a restart of everything and an update, STOPPING=1 and just as much
 * time as is needed while it goes down, WATCHDOG=1 while the loop turns. And what we hear from it:
 * the machine goes down (logind.h). Without a systemd nothing of it happens.
 */
#ifndef SYSTEMD_BRIDGE_H
#define SYSTEMD_BRIDGE_H

#include "jobs/power.h"
#include "systemd/bus.h"
#include "systemd/logind.h"
#include "systemd/notify.h"
#include "systemd/patience.h"
#include "systemd/poweroff.h"
#include "systemd/reason.h"
#include "systemd/scope.h"
#include "systemd/watchdog.h"

struct bridge {
    struct supervisor *supervisor; /* borrowed, like the next two */
    struct jobs *jobs;
    struct shutdown *shutdown;
    struct bus bus; /* the system's; also for others who need it */
    struct scope scope;
    struct notify notify;
    struct watchdog watchdog;
    struct logind logind;
    struct poweroff poweroff;
    struct power *power; /* borrowed; NULL: no power-off is ever planned */
    struct patience patience;
    struct reason reason;
    struct timer look;       /* something has changed: look, from the loop, once for many changes */
    struct timer quiet;      /* of an update: no group has come or gone for a moment */
    enum shutdown_step step; /* of the shutdown, as it was at the last look */
    char *failed;            /* why we end, owned; NULL: nothing has failed */
    bool ready;              /* READY=1 was sent for this configuration */
    bool updating;           /* RELOADING=1 was sent because groups come and go */
    bool closed;
};

void bridge_open(struct bridge *b, uv_loop_t *loop, struct supervisor *s, struct jobs *j,
                 struct shutdown *sd);
void bridge_close(struct bridge *b);                      /* handles close in the loop */
void bridge_use_power(struct bridge *b, struct power *p); /* borrowed; after bridge_open */

void bridge_look(struct bridge *b);
void bridge_reloading(struct bridge *b);
void bridge_refused(struct bridge *b); /* nothing is reloaded, but systemctl waits for it */
void bridge_reloaded(struct bridge *b);
void bridge_adopted(struct bridge *b, bool ready); /* instead: we are a new version of who was */
void bridge_stopping(struct bridge *b);

/* A group has come or gone, or something of it: systemd hears of the update. */
void bridge_updating(struct bridge *b);

/* Everything ends because of this, with that exit status; the shutdown is the caller's. */
void bridge_failed(struct bridge *b, const char *why);
void bridge_last_words(struct bridge *b, int exit_status); /* before bridge_close */

#endif
