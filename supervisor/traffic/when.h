/*
 * The time of a line: $time_local (21/Nov/2026:07:26:01 +0000), $time_iso8601
 * (2026-11-21T07:26:01+00:00, also with a fraction, Z or a blank for T) and $msec (1763710000.123,
 * also whole seconds and milliseconds). Lines of a log come in order of time, so what was read
 * last is remembered: the same second costs a compare, the same day an addition.
 *
 * Pure, but for $msec: that has no zone, so its day and hour are the machine's local ones.
 */
#ifndef TRAFFIC_WHEN_H
#define TRAFFIC_WHEN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "traffic/bytes.h"
#include "traffic/record.h"

enum {
    WHEN_LOCAL_LEN = 26, /* bytes of $time_local */
    WHEN_YEAR_MIN = 1970,
    WHEN_YEAR_MAX = 9999,
};

struct when {
    char local[WHEN_LOCAL_LEN]; /* the $time_local read last */
    struct moment moment;       /* what it was */
    int64_t quarter;            /* of $msec: the quarter of an hour since 1970 ... */
    int64_t quarter_offset;     /* ... whose offset from UTC in seconds is this */
    bool known;                 /* local and moment are set */
    bool quarter_known;
};

void when_init(struct when *w);

/* False when it is no time, or a date that no calendar has. A leap second is its neighbour. */
bool when_read(struct when *w, struct span text, struct moment *out);

/* Whether the WHEN_LOCAL_LEN bytes at `text` are the $time_local that w->moment belongs to. */
static inline bool when_is_same(const struct when *w, const char *text)
{
    uint64_t other = bytes_eight(text) ^ bytes_eight(w->local);
    other |= bytes_eight(text + 8) ^ bytes_eight(w->local + 8);
    other |= bytes_eight(text + 16) ^ bytes_eight(w->local + 16);
    other |= bytes_eight(text + WHEN_LOCAL_LEN - 8) ^ bytes_eight(w->local + WHEN_LOCAL_LEN - 8);
    return other == 0 && w->known;
}

/* 2026-11-21 to days since 1970-01-01, and back. False when there is no such date. */
bool when_day(int year, int month, int mday, int32_t *day);
void when_date(int32_t day, int *year, int *month, int *mday);

#endif
