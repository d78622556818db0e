/*
 * How long systemd and logind wait for a stop, and whether that is enough for this configuration:
 * if not, the log (and --check) says so, with the chain that takes so long and what to do.
 *
 * The daemon asks over the bus, without waiting for an answer; what is not known is not judged.
 */
#ifndef SYSTEMD_PATIENCE_H
#define SYSTEMD_PATIENCE_H

#include <stdint.h>

#include "base/buf.h"
#include "config/config.h"
#include "systemd/bus.h"

/* us; 0: not known; UINT64_MAX: no limit. */
struct patience_known {
    const char *unit; /* "mainstay.service", borrowed */
    uint64_t stop;    /* TimeoutStopSec= of it */
    uint64_t delay;   /* InhibitDelayMaxSec= of logind */
};

/* Owned by the bridge. */
struct patience {
    struct bus_user user;
    struct bus *bus;                      /* borrowed */
    struct bus_ask ask;                   /* for TimeoutStopUSec of the unit */
    char *unit;                           /* ours; NULL: we are none, or nobody has looked yet */
    char *path;                           /* of it on the bus */
    uint64_t stop;                        /* as in patience_known */
    void (*on_known)(struct patience *p); /* `stop` is */
    struct config *judged;                /* a reference: the last one; NULL */
    struct patience_known by;             /* ... by these */
    struct buf told;                      /* the lines that the log has about that */
};

void patience_open(struct patience *p, struct bus *bus);
void patience_close(struct patience *p);

/* Warns, of what it has not warned of already. `delay`: as in patience_known. */
void patience_judge(struct patience *p, struct config *config, uint64_t delay);

/* Appends a line for each limit that is too short. Pure. */
void patience_sentences(const struct config *config, const struct patience_known *k,
                        struct buf *out);

/* For --check, which may wait a little: by the limits of mainstay.service, where there is one. */
void patience_check(const struct config *config, struct buf *out);

#endif
