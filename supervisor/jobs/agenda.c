/*
 * Which job is due by its schedule. Each has `seen`, the moment up to which its schedule is dealt
 * with, and `next`, the first one behind it; the earliest of all is what the wall clock is watched
 * for.
 *
 * A clock that jumps on, and a machine that slept: what was missed runs once, however often it was
 * due. One that is set back a little: what has run does not run again. Further back: the clock was
 * wrong before, and all goes by the new one. Before 2020 it is wrong for sure, and nothing is due.
 */
#include <time.h>

#include "base/list.h"
#include "base/log.h"
#include "engine/keep.h"
#include "jobs/calendar.h"
#include "jobs/jobs.h"
#include "jobs/say.h"

enum {
    AGENDA_BACK =
        3 * 3600,     /* s: set back no further, a clock may be about to show the same again */
    AGENDA_POLL = 60, /* s: without anybody who watches the clock */
};
static const int64_t agenda_epoch = 1577836800; /* s: 2020 */

void agenda_enter(struct job *job, int64_t since)
{
    job->seen = since;
    job->next = calendar_next_of(&job->config->schedule, &calendar_local, since);
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

static void agenda_run(struct job *job, int64_t due)
{
    agenda_enter(job, host_wall(job->jobs->host) / 1000);
    /* one line keeps both: it is on its way or left out, and dealt with */
    (void)job_run(job, JOB_BY_SCHEDULE, due);
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
        agenda_run(job, due);
    }
}

/* When to look again, by the wall clock; -1: never. */
static int64_t agenda_next(const struct jobs *j, int64_t now)
{
    int64_t first = -1;
    for (size_t i = 0; i < j->count; i++) {
        int64_t next = j->items[i]->next;
        if (j->items[i]->config->schedule.count > 0 && now < agenda_epoch)
            return agenda_epoch;
        if (next >= 0 && (first < 0 || next < first))
            first = next;
    }
    return first;
}

static void agenda_wait(struct jobs *j, int64_t now)
{
    int64_t next = j->resting ? -1 : agenda_next(j, now);
    int rc = j->host->ops->watch_wall(j->host, next < 0 ? -1 : next * 1000);
    if (rc == 0) {
        host_disarm(j->host, &j->agenda);
        return;
    }
    int64_t wait = next - now < AGENDA_POLL ? next - now : AGENDA_POLL;
    host_arm(j->host, &j->agenda, host_now(j->host) + (wait > 0 ? wait : 1) * 1000);
}

void agenda_look(struct jobs *j)
{
    int64_t now = host_wall(j->host) / 1000;
    tzset(); /* the machine may have moved */
    for (size_t i = 0; !j->resting && now >= agenda_epoch && i < j->count; i++)
        agenda_look_at(j->items[i], now);
    agenda_wait(j, now);
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
    j->host->wall = &j->wall;
}

void agenda_close(struct jobs *j)
{
    host_disarm(j->host, &j->agenda);
    (void)j->host->ops->watch_wall(j->host, -1);
    j->host->wall = NULL;
}
