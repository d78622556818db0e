/*
 * Which job is due by its schedule. Each has `seen`, the moment up to which its schedule is dealt
 * with, and `next`, the first one behind it; the earliest of all is what the wall clock is watched
 * for.
 *
 * A clock that jumps on, and a machine that slept: what was missed runs once, however often it was
 * due. One that is set back a little: what has run does not run again. Further back: the clock was
 * wrong before, and all goes by the new one. Before 2020 it is wrong for sure, and nothing is due.
 */
#include <stdio.h>
#include <string.h>

#include "base/list.h"
#include "base/log.h"
#include "engine/keep.h"
#include "jobs/calendar.h"
#include "jobs/jobs.h"
#include "jobs/memo.h"
#include "jobs/say.h"

enum {
    AGENDA_BACK =
        3 * 3600,     /* s: set back no further, a clock may be about to show the same again */
    AGENDA_POLL = 60, /* s: without anybody who watches the clock */
    AGENDA_LATE = 60, /* s: then it is said */
};
const int64_t agenda_epoch = 1577836800; /* s: 2020 */

const struct calendar_zone *agenda_zone(const struct job *job)
{
    return zones_get(&job->jobs->zones, job->config->timezone);
}

static struct jitter agenda_plan(const struct job *job)
{
    return (struct jitter){.schedule = &job->config->schedule,
                           .zone = agenda_zone(job),
                           .most = job->config->jitter_ms / 1000,
                           .seed = jitter_seed(job->jobs->machine, job->label)};
}

struct moment agenda_after(const struct job *job, int64_t after)
{
    struct jitter plan = agenda_plan(job);
    return jitter_next(&plan, after);
}

void agenda_elsewhere(const struct job *job, int64_t at, char *text, size_t size)
{
    const struct calendar_zone *zone = agenda_zone(job);
    int64_t ahead = zone->offset(zone, at);
    char there[40];
    text[0] = '\0';
    if (ahead == calendar_local.offset(&calendar_local, at))
        return;
    say_iso(at, ahead, there, sizeof there);
    (void)snprintf(text, size, "%.5s in %s", there + 11, job->config->timezone);
}

void agenda_clock(const struct job *job, int64_t at, char *text, size_t size)
{
    char there[128];
    char here[32];
    say_clock(at * 1000, here, sizeof here);
    agenda_elsewhere(job, at, there, sizeof there);
    (void)snprintf(text, size, *there ? "%s (%s)" : "%s", here, there);
}

/* --- What catch_up= has to know ------------------------------------------------------------- */

/* Up to when it is dealt with, should we die now: a run that is cut off is not done. */
static int64_t agenda_done(const struct job *job)
{
    const struct schedules *s = &job->config->schedule;
    bool cut = job_active(job) || job->resume;
    if (cut && job->due > 0 && job->due <= job->seen &&
        calendar_next_of(s, agenda_zone(job), job->due - 1) == job->due)
        return job->due - 1;
    return job->seen;
}

static uint64_t agenda_which(const struct job *job)
{
    return memo_schedule(job->config->schedule_text, job->config->timezone);
}

static bool agenda_catches_up(const struct job *job)
{
    return job->config->catch_up && job->config->schedule.count > 0 && job->jobs->memo;
}

void agenda_note(const struct job *job)
{
    struct jobs *j = job->jobs;
    if (!agenda_catches_up(job))
        return;
    memo_put(j->memo, job->label, agenda_which(job), agenda_done(job));
    if (j->memo->dirty && !timer_armed(&j->memo_due))
        host_arm(j->host, &j->memo_due, host_now(j->host));
}

void agenda_warn(const struct jobs *j)
{
    for (size_t i = 0; i < j->count; i++) {
        const struct job *job = j->items[i];
        if (!agenda_catches_up(job) || j->memo->path)
            continue;
        log_warn("job '%s' has catch_up, but there is no folder to remember in what it has missed: "
                 "set statedir in [supervisord]",
                 job->label);
        return;
    }
}

static void on_memo(struct timer *timer)
{
    memo_write(container_of(timer, struct jobs, memo_due)->memo);
}

/* --- What is due ---------------------------------------------------------------------------- */

void agenda_enter(struct job *job, int64_t since)
{
    job->seen = since;
    job->next = agenda_after(job, since).at;
    agenda_note(job);
}

void agenda_begin(struct job *job)
{
    const struct jobs *j = job->jobs;
    int64_t since = j->rested ? j->rested : host_wall(j->host) / 1000;
    int64_t known = agenda_catches_up(job) ? memo_get(j->memo, job->label, agenda_which(job)) : -1;
    agenda_enter(job, known >= 0 ? known : since);
}

void agenda_enter_all(struct jobs *j)
{
    if (j->memo)
        memo_begin(j->memo);
    for (size_t i = 0; i < j->count; i++)
        agenda_enter(j->items[i], j->items[i]->seen);
    if (j->memo)
        memo_prune(j->memo);
}

static void agenda_keep(struct job *job)
{
    struct keep *keep = job->jobs->host->keep;
    if (keep)
        keep->ops->job_changed(keep, job);
}

/* Only in such a schedule the time between two runs matters, and not when they are. */
static bool agenda_is_often(const struct job *job)
{
    for (size_t i = 0; i < job->config->schedule.count; i++) {
        if (!job->config->schedule.items[i].often)
            return false;
    }
    return true;
}

/* Has the clock been wrong so far? Then what was due by it was not. */
static bool agenda_was_wrong(const struct job *job, int64_t now)
{
    int64_t back = job->seen - now;
    return job->seen < agenda_epoch || back > AGENDA_BACK || (back > 0 && agenda_is_often(job));
}

static void agenda_run(struct job *job, int64_t now)
{
    struct jitter plan = agenda_plan(job);
    struct moment last = jitter_last(&plan, job->seen, now);
    char text[160];
    agenda_clock(job, last.due, text, sizeof text);
    agenda_enter(job, now);
    if (now - last.at > AGENDA_LATE)
        log_info("job '%s' was due at %s and could not run then", job->label, text);
    /* one line keeps both: it is on its way or left out, and dealt with */
    (void)job_run(job, JOB_BY_SCHEDULE, last.due);
}

static void agenda_look_at(struct job *job, int64_t now)
{
    int64_t due = job->next;
    if (due < 0 && job->config->schedule.count == 0)
        return;
    if (agenda_was_wrong(job, now)) {
        agenda_enter(job, now);
        agenda_keep(job);
    } else if (due >= 0 && now >= due) {
        agenda_run(job, now);
    }
}

/* When to look again, by the wall clock; -1: never. */
static int64_t agenda_next(const struct jobs *j, int64_t now)
{
    int64_t first = -1;
    for (size_t i = 0; i < j->count; i++) {
        int64_t next = j->items[i]->next;
        int64_t missed = j->items[i]->expect.at;
        bool waits = j->items[i]->config->schedule.count > 0 || expect_every(j->items[i]) > 0;
        if (waits && now < agenda_epoch)
            return agenda_epoch;
        if (next >= 0 && (first < 0 || next < first))
            first = next;
        if (missed >= 0 && (first < 0 || missed < first))
            first = missed;
    }
    return first;
}

static void agenda_wait(struct jobs *j, int64_t now)
{
    int64_t next = j->resting ? -1 : agenda_next(j, now);
    int64_t at = next < 0 ? -1 : next * 1000;
    if (j->also >= 0 && (at < 0 || j->also < at))
        at = j->also;
    int rc = j->host->ops->watch_wall(j->host, at);
    if (rc == 0) {
        host_disarm(j->host, &j->agenda);
        return;
    }
    int64_t wait = at / 1000 - now < AGENDA_POLL ? at / 1000 - now : AGENDA_POLL;
    host_arm(j->host, &j->agenda, host_now(j->host) + (wait > 0 ? wait : 1) * 1000);
}

void agenda_arm(struct jobs *j)
{
    agenda_wait(j, host_wall(j->host) / 1000);
}

void agenda_look(struct jobs *j)
{
    int64_t now = host_wall(j->host) / 1000;
    if (zones_look(&j->zones)) /* the machine may have moved */
        agenda_enter_all(j);
    for (size_t i = 0; !j->resting && now >= agenda_epoch && i < j->count; i++)
        agenda_look_at(j->items[i], now);
    if (!j->resting && now >= agenda_epoch)
        expect_look(j, now);
    agenda_wait(j, now);
    if (j->on_wall)
        j->on_wall(j);
}

void agenda_watch(struct jobs *j, int64_t also)
{
    if (also == j->also)
        return;
    j->also = also;
    agenda_wait(j, host_wall(j->host) / 1000);
}

static void on_wall(struct wall_watch *w)
{
    agenda_look(container_of(w, struct jobs, wall));
}

static void on_due(struct timer *timer)
{
    agenda_look(container_of(timer, struct jobs, agenda));
}

void agenda_init(struct jobs *j)
{
    j->wall.on_wall = on_wall;
    j->agenda.on_due = on_due;
    j->memo_due.on_due = on_memo;
    j->also = -1;
    j->host->wall = &j->wall;
}

void agenda_close(struct jobs *j)
{
    host_disarm(j->host, &j->agenda);
    host_disarm(j->host, &j->memo_due);
    (void)j->host->ops->watch_wall(j->host, -1);
    j->host->wall = NULL;
    zones_close(&j->zones);
}
