/*
 * The machine goes down: logind tells, and waits a little for whoever holds a delay lock. The lock
 * is held for as long as there is a reason to (the jobs for the shutdown), is taken again when
 * logind or the bus comes anew, and is let go of once all is down. Without a bus nothing of it
 * happens, and the unit's own stop is all there is.
 */
#ifndef SYSTEMD_LOGIND_H
#define SYSTEMD_LOGIND_H

#include <stdbool.h>
#include <stdint.h>

#include "jobs/reason.h"
#include "systemd/bus.h"

/* Owned by the bridge. */
struct logind {
    struct bus_user user;
    struct bus *bus;          /* borrowed */
    struct bus_ask inhibit;   /* a lock */
    struct bus_ask prepare;   /* PrepareForShutdown */
    struct bus_ask preparing; /* the property, when we come late */
    struct bus_ask delay;     /* InhibitDelayMaxUSec */
    struct bus_ask names;     /* logind has come, or gone */
    struct bus_ask planned;   /* what it is about to do: ScheduledShutdown, */
    struct bus_ask metadata;  /* and PreparingForShutdownWithMetadata of systemd 255 */
    char *why;                /* what the lock is for, as systemd-inhibit shows it; NULL: nothing */
    int lock;                 /* the lock; closing it lets go of it; -1 */
    bool down;                /* the machine is about to go down */
    bool told;                /* ... and on_down knows it */
    enum stop_reason kind;    /* while it does: how; STOP_NOT_KNOWN: logind does not say */
    bool refused;             /* the log has heard that there is no lock */
    uint64_t delay_max;       /* us, InhibitDelayMaxSec=; 0: not known */
    void (*on_down)(struct logind *l, bool down); /* it is; or it is not, after all */
    void (*on_known)(struct logind *l);           /* delay_max is known now */
};

void logind_open(struct logind *l, struct bus *bus);
void logind_close(struct logind *l); /* the lock goes with it */

/* What there is to do before the machine goes down; NULL: nothing, it may go at once. */
void logind_want(struct logind *l, const char *why);

/* All is down: the machine may go on. Taken again when it stays up after all. */
void logind_release(struct logind *l);

#endif
