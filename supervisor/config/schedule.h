/*
 * When a job runs by itself: schedule=, one line for each time, with the five fields of crontab(5),
 * or @hourly and its like. What is read here, jobs/calendar.h turns into moments. Pure.
 *
 * minute hour day-of-month month day-of-week: numbers, names (jan, mon), a-b, lists, steps (a-b/2),
 * an asterisk. Sunday is 0 and 7. When both of the day fields say something (neither begins with an
 * asterisk), a day that suits one of them will do.
 */
#ifndef CONFIG_SCHEDULE_H
#define CONFIG_SCHEDULE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/err.h"

enum { SCHEDULE_LINES_MAX = 100 };

struct schedule {
    uint64_t minutes;  /* bit n: minute n */
    uint64_t hours;    /* likewise, 0 to 23 */
    uint64_t days;     /* 1 to 31 */
    uint64_t months;   /* 1 to 12 */
    uint64_t weekdays; /* 0, which is Sunday, to 6 */
    bool either;       /* a day of `days` or one of `weekdays`; else it must be both */
    bool often;        /* in every hour of a day: what matters is the time between two runs */
};

struct schedules {
    struct schedule *items;
    size_t count;
    bool at_boot; /* @reboot */
};

/* -EINVAL with a sentence, also for one that never comes: "0 0 30 2 *". */
int schedules_parse(const char *text, struct arena *a, struct schedules *out, struct err *e);

/* s: the longest time between two runs, by clocks that nobody sets; 0 without a schedule. Pure. */
int64_t schedules_gap(const struct schedules *s);

#endif
