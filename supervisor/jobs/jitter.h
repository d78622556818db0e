/*
 * When the runs of a schedule begin: each at its moment, or, with jitter=, put off by a time that
 * looks like chance and is a function of the job, the moment and the machine. So it is the same
 * after an upgrade, a crash and a restart, and another one on the next machine. A run never comes
 * as late as the one after it is due. Pure, but for jitter_machine.
 */
#ifndef JOBS_JITTER_H
#define JOBS_JITTER_H

#include "jobs/calendar.h"

struct jitter {
    const struct schedules *schedule;
    const struct calendar_zone *zone;
    int64_t most;  /* s; 0: none is put off */
    uint64_t seed; /* of the job, see jitter_seed */
};

struct moment {
    int64_t due; /* s since 1970; -1: never */
    int64_t at;  /* when the run that is due then begins; -1 likewise */
};

struct moment jitter_next(const struct jitter *j, int64_t after); /* the first that begins later */

/* The last one that began behind `after` and no later than `until`; -1: none did. */
struct moment jitter_last(const struct jitter *j, int64_t after, int64_t until);

uint64_t jitter_seed(uint64_t machine, const char *label);
uint64_t jitter_machine(void); /* a number for this machine, from its id and its name */

#endif
