/*
 * When the machine goes down, and what there is to do before: pure. jobs/power.h is who does it.
 *
 * There is one moment at a time: the next one of [shutdown] schedule=, or in its place one that
 * somebody has asked for, or has put it off to. Before it come warnings; at it the inhibitors are
 * asked, and again and again while one of them says no, until postpone_max is over.
 *
 * A clock that jumps beyond the moment, and a machine that slept over it: it is left out, because
 * somebody has just come to work; by less than POWERPLAN_LATE, it is done, but not without a
 * warning. A clock that was wrong until now: all goes by the new one.
 */
#ifndef JOBS_POWERPLAN_H
#define JOBS_POWERPLAN_H

#include "config/power.h"
#include "jobs/calendar.h"

enum {
    POWERPLAN_LATE = 10 * 60 * 1000, /* ms after its moment that it is still done */
    POWERPLAN_ASK = 60 * 1000,       /* ms between two questions to the inhibitors, at most */
};
#define POWERPLAN_UNWARNED INT64_MAX
#define POWERPLAN_FAR (INT64_C(30) * 86400 * 1000) /* ms: nobody asks for more */

/* Survives an upgrade and a crash, see handover/rows.c. */
struct power_plan {
    int64_t seen;   /* s since 1970: up to then the schedule is dealt with; 0: it has not begun */
    int64_t skip;   /* s since 1970: ... and up to then people do without it, also in the future */
    int64_t hand;   /* ms since 1970: asked for, or put off to; -1: it goes by the schedule */
    int64_t from;   /* ms, monotonic: the same of one that is to be in so long; -1: by the clock */
    int64_t warned; /* ms before its moment of the last warning; POWERPLAN_UNWARNED */
    int64_t ask; /* ms since 1970, at its moment or later: when the inhibitors are asked, again, or
                     * after a warning that comes late; -1: at its moment */
    int64_t action; /* enum power_action that was asked for; -1: as it is configured */
    int64_t next;   /* s since 1970, worked out: of the schedule; -1: never */
};

enum power_deed {
    POWER_WAIT, /* nothing is to be done before `at` */
    POWER_WARN, /* everybody is told: `left` */
    POWER_ASK,  /* the inhibitors are asked; see powerplan_held */
    POWER_LATE, /* its moment was missed, it is left out; see powerplan_done */
};

struct power_verdict {
    enum power_deed deed;
    int64_t at;   /* ms since 1970 of POWER_WAIT; -1: never */
    int64_t left; /* ms of POWER_WARN */
};

/* Both clocks, in ms. */
struct power_clock {
    int64_t wall;
    int64_t now;
};

void powerplan_init(struct power_plan *p);

/* The schedule and the clock as they are now: to be called before anything is asked. */
void powerplan_settle(struct power_plan *p, const struct power_config *c,
                      const struct calendar_zone *z, struct power_clock now);

int64_t powerplan_due(const struct power_plan *p); /* ms since 1970; -1: nothing is planned */
bool powerplan_missed(const struct power_plan *p,
                      int64_t wall); /* nobody was there at its moment */
enum power_action powerplan_action(const struct power_plan *p, const struct power_config *c);

struct power_verdict powerplan_look(struct power_plan *p, const struct power_config *c,
                                    int64_t wall);

/* Somebody wants it put off. False: it was put off for long enough. */
bool powerplan_held(struct power_plan *p, const struct power_config *c, int64_t wall);
int64_t powerplan_limit(const struct power_plan *p, const struct power_config *c); /* ms: of that */

/* It was done, left out, or has failed: next comes what the schedule says. */
void powerplan_done(struct power_plan *p, int64_t wall);

/*
 * "22:30", "2026-11-22 06:00", "+30m": ms since 1970, and whether it is to be in so long, whatever
 * the clock shows. -EINVAL with a sentence.
 */
int powerplan_when(const char *text, const struct calendar_zone *z, int64_t wall, int64_t *at,
                   bool *in, struct err *e);

/* By hand. -ENOENT: nothing is planned; -EINVAL: no such time. One sentence in e. */
void powerplan_set(struct power_plan *p, int64_t at, bool in, struct power_clock now);
int powerplan_postpone(struct power_plan *p, int64_t by, struct power_clock now, struct err *e);
int powerplan_cancel(struct power_plan *p, int64_t wall, struct err *e);

#endif
