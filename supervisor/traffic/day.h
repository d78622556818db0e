/*
 * Days of the calendar as numbers: days since 1970-01-01, whatever the zone. Which day a moment
 * belongs to is decided by the zone of the line that tells of it. Pure, but for day_today.
 */
#ifndef TRAFFIC_DAY_H
#define TRAFFIC_DAY_H

#include <stdint.h>
#include <time.h>

#include "base/err.h"

enum {
    DAY_TEXT_SIZE = 16,        /* "2026-11-21" and its NUL, with room */
    DAY_NONE = INT32_MIN,      /* no day is known */
    DAY_FIRST = INT32_MIN + 1, /* before every day */
};

/* "2026-11-21"; -EINVAL for days that the calendar does not have. */
int day_parse(const char *text, int32_t *day, struct err *e);

/* Returns `text`, which holds DAY_TEXT_SIZE bytes. */
const char *day_text(int32_t day, char *text);

/* Noon of that day, for strftime. */
void day_tm(int32_t day, struct tm *out);

/* The day on the wall here at that moment (seconds since 1970), in the zone of the machine. */
int32_t day_today(time_t now);

/* The earliest moment that anybody on earth counts to that day, in seconds since 1970. */
time_t day_begin(int32_t day);

#endif
