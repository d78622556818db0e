#include "control/job_calendar.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/mem.h"
#include "control/status.h"
#include "jobs/say.h"

enum { TIMES_SHOWN = 4 };

/* The runs of one job in one day. */
struct day_entry {
    const struct job *job;
    int64_t at, last; /* s since 1970: the first and the last one */
    int64_t count;
    char date[12];  /* "2026-11-22" */
    char times[64]; /* "03:00, 15:00": the first few */
    bool more;      /* it was not looked further */
};

struct days {
    struct day_entry *items; /* owned */
    size_t count, room;
};

static void days_enter(struct days *d, const struct job *job, int64_t at)
{
    char clock[32];
    struct day_entry *e = d->count ? &d->items[d->count - 1] : NULL;
    say_clock(at * 1000, clock, sizeof clock); /* "2026-11-22 03:00:00" */
    if (!e || e->job != job || strncmp(e->date, clock, 10) != 0) {
        if (d->count == d->room) {
            d->room = d->room ? 2 * d->room : 64;
            d->items = mem_grow(d->items, d->room, sizeof *d->items);
        }
        e = &d->items[d->count++];
        *e = (struct day_entry){.job = job, .at = at};
        memcpy(e->date, clock, 10);
    }
    size_t len = strlen(e->times);
    if (e->count++ < TIMES_SHOWN)
        (void)snprintf(e->times + len, sizeof e->times - len, "%s%.5s", len ? ", " : "",
                       clock + 11);
    e->last = at;
}

static void days_of_job(struct days *d, const struct job *job, int64_t from, int64_t until,
                        int64_t steps)
{
    size_t first = d->count;
    int64_t at = agenda_after(job, from).at;
    for (; at >= 0 && at <= until && steps > 0; steps--) {
        days_enter(d, job, at);
        at = agenda_after(job, at).at;
    }
    if (at >= 0 && at <= until && d->count > first)
        d->items[d->count - 1].more = true;
}

static int by_time(const void *left, const void *right)
{
    const struct day_entry *a = left;
    const struct day_entry *b = right;
    int order = strcmp(a->date, b->date);
    if (order == 0 && a->at != b->at)
        order = a->at < b->at ? -1 : 1;
    return order ? order : strcmp(a->job->label, b->job->label);
}

/* "00:00, 00:10, 00:20, 00:30 ... 23:50, 144 times (09:00 in Asia/Tokyo)" */
static void day_times(const struct day_entry *e, struct buf *out)
{
    char last[32];
    char there[128];
    say_clock(e->last * 1000, last, sizeof last);
    buf_text(out, e->times);
    if (e->count > TIMES_SHOWN)
        buf_printf(out, " ... %.5s, %lld times", last + 11, (long long)e->count);
    if (e->more)
        buf_text(out, ", and so on");
    agenda_elsewhere(e->job, e->at, there, sizeof there);
    if (*there)
        buf_printf(out, " (%s)", there);
}

static json_t *day_value(const struct day_entry *e)
{
    struct buf times = BUF_EMPTY;
    struct tm tm;
    time_t at = (time_t)e->at;
    char day[32];
    if (!localtime_r(&at, &tm) || strftime(day, sizeof day, "%a %d %b %Y", &tm) == 0)
        (void)snprintf(day, sizeof day, "%s", e->date);
    day_times(e, &times);
    json_t *value = json_object();
    json_object_set_new(value, "day", status_text(day));
    json_object_set_new(value, "job", status_text(e->job->label));
    json_object_set_new(value, "at", json_real((double)e->at));
    json_object_set_new(value, "count", json_integer(e->count));
    json_object_set_new(value, "times", status_text(buf_str(&times)));
    json_object_set_new(value, "more", json_boolean(e->more));
    buf_close(&times);
    return value;
}

json_t *job_calendar(const struct jobs *j, int64_t from, int64_t until)
{
    struct days d = {0};
    json_t *values = json_array();
    int64_t scheduled = 0;
    for (size_t i = 0; i < j->count; i++)
        scheduled += j->items[i]->config->schedule.count > 0;
    for (size_t i = 0; i < j->count; i++) {
        if (j->items[i]->config->schedule.count > 0)
            days_of_job(&d, j->items[i], from, until, JOB_CALENDAR_STEPS / scheduled + 1);
    }
    if (d.count > 0)
        qsort(d.items, d.count, sizeof *d.items, by_time);
    for (size_t i = 0; i < d.count; i++)
        json_array_append_new(values, day_value(&d.items[i]));
    mem_free(d.items);
    return values;
}
