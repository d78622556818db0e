/*
 * What logind does for us at the end of a day (jobs/power.h): it says whether the machine can be
 * powered off, does it, and writes to everybody's terminal. Where there is no logind, that is said
 * with what to do instead.
 */
#ifndef SYSTEMD_POWEROFF_H
#define SYSTEMD_POWEROFF_H

#include "jobs/power.h"
#include "systemd/bus.h"
#include "systemd/logind.h"

enum {
    POWEROFF_UTMP_MAX = 1 << 20, /* bytes: a longer file is none */
    POWEROFF_BUS_MS = 30 * 1000, /* that a bus is waited for that is away */
    /* us: only of what is nearer does logind tell at once, of all else when it thinks fit */
    POWEROFF_WALL_MAX = 15 * 60 * 1000000 - 1,
};

/* Owned by the bridge. */
struct poweroff {
    struct bus_user user;
    struct bus *bus;             /* borrowed, like the next */
    const struct logind *logind; /* what it says of the machine */
    struct power *power;         /* NULL: there is none */
    struct timer patience;       /* the bus should be there by now */
    struct bus_ask can;          /* CanPowerOff and its like */
    enum power_action asked;     /* ... and what is done then */
    struct bus_ask go;           /* PowerOff and its like */
    struct bus_ask planned;      /* ScheduledShutdown: is there one of somebody else? */
    struct bus_ask text;         /* of a wall message: four calls, in this order */
    struct bus_ask schedule;
    struct bus_ask quiet;
    struct bus_ask cancel;
    enum power_action wall_action;
    uint64_t wall_due; /* us since 1970 */
    char *wall;        /* owned; the message that is on its way */
};

void poweroff_open(struct poweroff *o, struct bus *bus, const struct logind *logind,
                   struct power *power);
void poweroff_close(struct poweroff *o);

#endif
