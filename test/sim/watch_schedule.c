/* What must hold of the schedules of jobs, whatever is done to the wall clock. */
#include "jobs/calendar.h"
#include "watch.h"

static void watch_count_due(struct watch *w, struct seen *seen)
{
    const struct schedules *s = &seen->job->config->schedule;
    const struct calendar_zone *zone = agenda_zone(seen->job);
    int64_t now = host_wall(&w->sim->host) / 1000;
    int64_t at = calendar_next_of(s, zone, w->segment / 1000 - 1);
    for (; at >= 0 && at <= now; at = calendar_next_of(s, zone, at))
        seen->due++;
    if (seen->scheduled > seen->due + w->clock_sets)
        watch_fail(w, "%s was due %llu times, the clock was set %llu times, but it ran %llu times",
                   seen->job->label, (unsigned long long)seen->due,
                   (unsigned long long)w->clock_sets, (unsigned long long)seen->scheduled);
}

void watch_clock(struct watch *w)
{
    for (size_t i = 0; i < world_numbers(w->world); i++) {
        if (w->seen[i].job)
            watch_count_due(w, &w->seen[i]);
    }
}

/* Whatever has happened to the clock: nothing is overdue, and nothing is put off for longer than a
 * clock that was set back a little explains. */
void watch_scan_schedule(const struct watch *w, const struct job *job)
{
    const struct schedules *s = &job->config->schedule;
    int64_t now = host_wall(&w->sim->host) / 1000;
    if (s->count == 0 || job->jobs->resting || now < 1577836800) /* 2020: no schedule counts */
        return;
    if (job->next <= now)
        watch_fail(w, "%s has been due for %lld s", job->label, (long long)(now - job->next));
    int64_t reach = now + 3 * 3600;
    if (job->next > calendar_next_of(s, agenda_zone(job), reach) + job->config->jitter_ms / 1000)
        watch_fail(w, "%s is put off for %lld s", job->label, (long long)(job->next - now));
}
