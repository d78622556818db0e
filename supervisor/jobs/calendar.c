#include "jobs/calendar.h"

#include <time.h>

#include "base/date.h"

enum {
    MINUTE = 60,
    DAY_MINUTES = 24 * 60,
    FAR = 16 * 3600, /* s: no zone is so far from UTC */
    YEARS = 400,     /* after which all days of all weeks have come */
};

/* --- Days ---------------------------------------------------------------------------------- */

static bool day_suits(const struct schedule *s, const struct date *d, int64_t day)
{
    unsigned weekday = date_weekday(day);
    bool by_date = s->days >> d->day & 1;
    bool by_weekday = s->weekdays >> weekday & 1;
    return s->either ? by_date || by_weekday : by_date && by_weekday;
}

/* The first day from this one on that suits; -1: none does. */
static int64_t next_day(const struct schedule *s, int64_t day)
{
    struct date d = date_of(day);
    int64_t last = d.year + YEARS;
    while (d.year <= last) {
        unsigned left = date_days_of(d.year, d.month) - d.day + 1;
        bool suits = s->months >> d.month & 1;
        for (; suits && left > 0; left--, d.day++, day++) {
            if (day_suits(s, &d, day))
                return day;
        }
        day += left;
        d.day = 1;
        d.year += d.month == 12;
        d.month = d.month == 12 ? 1 : d.month + 1;
    }
    return -1;
}

/* --- Minutes ------------------------------------------------------------------------------- */

/* The first minute of a day from this one on; -1: none is left. */
static int next_in_day(const struct schedule *s, int from)
{
    for (int hour = from / 60; hour < 24; hour++) {
        int least = hour == from / 60 ? from % 60 : 0;
        uint64_t left = s->minutes >> least;
        if ((s->hours >> hour & 1) && left)
            return hour * 60 + least + __builtin_ctzll(left);
    }
    return -1;
}

/* The first minute from this one on that suits; -1: none does. */
static int64_t next_minute(const struct schedule *s, int64_t from)
{
    int64_t today = divide_down(from, DAY_MINUTES);
    int64_t day = next_day(s, today);
    int minute = day == today ? next_in_day(s, (int)(from - today * DAY_MINUTES)) : -1;
    if (day >= 0 && minute < 0) {
        day = next_day(s, day == today ? today + 1 : day);
        minute = next_in_day(s, 0);
    }
    return day < 0 ? -1 : day * DAY_MINUTES + minute;
}

/* --- Zones --------------------------------------------------------------------------------- */

static int64_t local_offset(const struct calendar_zone *z, int64_t at)
{
    struct tm tm;
    time_t when = (time_t)at;
    (void)z;
    return localtime_r(&when, &tm) ? tm.tm_gmtoff : 0;
}

const struct calendar_zone calendar_local = {local_offset};

/* The first moment behind `from`, where the clocks are still `offset` ahead, at which they are not;
 * at `to` they are not. */
static int64_t change_of(const struct calendar_zone *z, int64_t from, int64_t to, int64_t offset)
{
    while (to - from > 1) {
        int64_t middle = from + (to - from) / 2;
        if (z->offset(z, middle) == offset)
            from = middle;
        else
            to = middle;
    }
    return to;
}

static int64_t clock_minute(const struct calendar_zone *z, int64_t at)
{
    return divide_down(at + z->offset(z, at), MINUTE);
}

/* When clocks show this first; or, when they skip it, when they do that. */
static int64_t moment_of(const struct calendar_zone *z, int64_t shown)
{
    int64_t as_utc = shown * MINUTE;
    int64_t before = z->offset(z, as_utc - FAR);
    int64_t later = z->offset(z, as_utc + FAR);
    if (before == later)
        return as_utc - before;
    int64_t change = change_of(z, as_utc - FAR, as_utc + FAR, before);
    if (as_utc - before < change)
        return as_utc - before;
    return as_utc - later >= change ? as_utc - later : change;
}

/* --- Next ---------------------------------------------------------------------------------- */

static int64_t next_fixed(const struct schedule *s, const struct calendar_zone *z, int64_t after)
{
    int64_t shown = clock_minute(z, after);
    for (;;) {
        shown = next_minute(s, shown + 1);
        if (shown < 0)
            return -1;
        int64_t at = moment_of(z, shown);
        if (at > after)
            return at; /* else it was in the first of an hour that comes twice */
    }
}

/* As if the clocks went on without a change; at each one it begins anew. */
static int64_t next_often(const struct schedule *s, const struct calendar_zone *z, int64_t after)
{
    int64_t offset = z->offset(z, after);
    int64_t from = divide_down(after + offset, MINUTE) + 1;
    for (;;) {
        int64_t shown = next_minute(s, from);
        int64_t at = shown * MINUTE - offset;
        if (shown < 0 || z->offset(z, at) == offset)
            return shown < 0 ? -1 : at;
        after = change_of(z, after, at, offset);
        offset = z->offset(z, after);
        from = divide_down(after + offset + MINUTE - 1, MINUTE);
    }
}

int64_t calendar_next(const struct schedule *s, const struct calendar_zone *z, int64_t after)
{
    return s->often ? next_often(s, z, after) : next_fixed(s, z, after);
}

int64_t calendar_next_of(const struct schedules *s, const struct calendar_zone *z, int64_t after)
{
    int64_t first = -1;
    for (size_t i = 0; i < s->count; i++) {
        int64_t next = calendar_next(&s->items[i], z, after);
        if (next >= 0 && (first < 0 || next < first))
            first = next;
    }
    return first;
}

/* "Comes one behind `at`, no later than `until`?" is true up to the last one, and then false. */
int64_t calendar_last_of(const struct schedules *s, const struct calendar_zone *z, int64_t after,
                         int64_t until)
{
    int64_t first = calendar_next_of(s, z, after);
    if (first < 0 || first > until)
        return -1;
    int64_t early = first - 1;
    int64_t late = until;
    while (late - early > 1) {
        int64_t middle = early + (late - early) / 2;
        int64_t next = calendar_next_of(s, z, middle);
        if (next >= 0 && next <= until)
            early = middle;
        else
            late = middle;
    }
    return late;
}
