/* How long a schedule may be silent. */
#include "config/schedule.h"

enum {
    HOURS = 24,
    MINUTES = 60,
    DAY = HOURS * MINUTES,
    YEARS = 9,         /* with three 29ths of February */
    FIRST_YEAR = 2000, /* every fourth one from here has one */
    FIRST_WEEKDAY = 6, /* it begins with a Saturday */
    MINUTE = 60        /* s */
};

/* When a day has runs, in minutes of it. */
struct profile {
    uint64_t lines[2]; /* which of the schedules it is of */
    int first, last, gap;
};

struct date {
    int year, month, day, weekday;
};

static bool schedule_has_day(const struct schedule *s, const struct date *d)
{
    bool day = s->days >> d->day & 1;
    bool weekday = s->weekdays >> d->weekday & 1;
    return (s->months >> d->month & 1) && (s->either ? day || weekday : day && weekday);
}

static void date_step(struct date *d)
{
    static const int lengths[] = {0, 31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    int length = lengths[d->month] + (d->month == 2 && d->year % 4 == 0);
    d->weekday = (d->weekday + 1) % 7;
    if (d->day++ < length)
        return;
    d->day = 1;
    if (d->month++ < 12)
        return;
    d->month = 1;
    d->year++;
}

static void profile_minute(struct profile *p, int minute)
{
    if (p->first < 0)
        p->first = minute;
    else if (minute - p->last > p->gap)
        p->gap = minute - p->last;
    p->last = minute;
}

/* Hour by hour: a hundred lines may make every day another one. */
static void profile_make(struct profile *p, const struct schedules *s)
{
    p->first = p->last = -1;
    p->gap = 0;
    for (int hour = 0; hour < HOURS; hour++) {
        uint64_t minutes = 0;
        for (size_t i = 0; i < s->count; i++) {
            if ((p->lines[i / 64] >> i % 64 & 1) && (s->items[i].hours >> hour & 1))
                minutes |= s->items[i].minutes;
        }
        for (; minutes != 0; minutes &= minutes - 1)
            profile_minute(p, hour * MINUTES + __builtin_ctzll(minutes));
    }
}

/* The runs of that day; most days are as the one before. False: it has none. */
static bool profile_of(struct profile *p, const struct schedules *s, const struct date *d)
{
    uint64_t lines[2] = {0, 0};
    for (size_t i = 0; i < s->count; i++)
        lines[i / 64] |= (uint64_t)schedule_has_day(&s->items[i], d) << i % 64;
    if (!lines[0] && !lines[1])
        return false;
    if (lines[0] == p->lines[0] && lines[1] == p->lines[1])
        return true;
    p->lines[0] = lines[0];
    p->lines[1] = lines[1];
    profile_make(p, s);
    return true;
}

int64_t schedules_gap(const struct schedules *s)
{
    _Static_assert(SCHEDULE_LINES_MAX <= 128, "a bit for each");
    struct date date = {FIRST_YEAR, 1, 1, FIRST_WEEKDAY};
    struct profile today = {0};
    int64_t last = -1;
    int64_t gap = 0;
    for (int64_t at = 0; date.year < FIRST_YEAR + YEARS; at += DAY, date_step(&date)) {
        if (!profile_of(&today, s, &date))
            continue;
        if (last >= 0 && at + today.first - last > gap)
            gap = at + today.first - last;
        if (today.gap > gap)
            gap = today.gap;
        last = at + today.last;
    }
    return gap * MINUTE;
}
