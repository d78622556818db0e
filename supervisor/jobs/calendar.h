/*
 * When a schedule comes next. Pure: the zone tells how far its clocks are from UTC.
 *
 * Clocks that are put forward skip an hour: what was due in it comes once, right after. Clocks that
 * are put back have an hour twice: what was due in it comes in the first one. What comes in every
 * hour of the day is left alone by both, because it is about the time between two runs.
 */
#ifndef JOBS_CALENDAR_H
#define JOBS_CALENDAR_H

#include <stdint.h>

#include "config/schedule.h"

struct calendar_zone {
    /* Seconds that its clocks are ahead of UTC at this moment. */
    int64_t (*offset)(const struct calendar_zone *z, int64_t at);
};

extern const struct calendar_zone calendar_local; /* of the machine, or of TZ; see tzset(3) */

/* The first moment behind `after`, in seconds since 1970; -1: there is none. */
int64_t calendar_next(const struct schedule *s, const struct calendar_zone *z, int64_t after);
int64_t calendar_next_of(const struct schedules *s, const struct calendar_zone *z, int64_t after);

/* The last one behind `after` that is no later than `until`; -1: none came. */
int64_t calendar_last_of(const struct schedules *s, const struct calendar_zone *z, int64_t after,
                         int64_t until);

#endif
