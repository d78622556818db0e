/* What runs when, by day: the schedules of all jobs, worked out. */
#ifndef CONTROL_JOB_CALENDAR_H
#define CONTROL_JOB_CALENDAR_H

#include <jansson.h>

#include "jobs/jobs.h"

enum {
    JOB_CALENDAR_SPAN_MAX = 366 * 86400, /* s */
    JOB_CALENDAR_STEPS = 20000,          /* moments that are worked out for all jobs together */
};

/* Behind `from`, up to `until`, both s since 1970. An array of structs, by day and time: day, job,
 * at, count, times, more (beyond that it was not worked out). */
json_t *job_calendar(const struct jobs *j, int64_t from, int64_t until);

#endif
