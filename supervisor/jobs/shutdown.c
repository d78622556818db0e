#include "jobs/shutdown.h"

#include "base/log.h"
#include "jobs/say.h"

static struct host *shutdown_host(const struct shutdown *sd)
{
    return sd->supervisor->host;
}

static void shutdown_resume(struct shutdown *sd)
{
    sd->step = SHUTDOWN_NONE;
    sd->reason = STOP_NOT_KNOWN;
    sd->stays = sd->cancelled = false;
    if (sd->on_resume)
        sd->on_resume(sd);
    jobs_resume(sd->jobs);
    supervisor_resume(sd->supervisor);
}

static void shutdown_finish(struct shutdown *sd)
{
    void (*tell)(struct shutdown * sd) = sd->stays ? sd->on_down : sd->on_done;
    sd->step = SHUTDOWN_DONE;
    host_disarm(shutdown_host(sd), &sd->deadline);
    if (sd->cancelled)
        shutdown_resume(sd);
    else if (tell)
        tell(sd);
}

static void shutdown_start_jobs(struct shutdown *sd)
{
    int64_t limit = sd->jobs->snapshot ? sd->jobs->snapshot->shutdown_timeout_ms : 0;
    sd->step = SHUTDOWN_JOBS;
    if (limit > 0)
        host_arm(shutdown_host(sd), &sd->deadline, host_now(shutdown_host(sd)) + limit);
    jobs_start(sd->jobs, JOB_WHEN_SHUTDOWN);
}

static void on_next(struct timer *timer)
{
    struct shutdown *sd = container_of(timer, struct shutdown, next);
    bool jobs_over = !jobs_any_active(sd->jobs) && jobs_idle(sd->jobs);
    if (sd->step == SHUTDOWN_STOPPING && supervisor_all_stopped(sd->supervisor) && jobs_over) {
        if (sd->supervisor->state == SUPERVISOR_RESTARTING || sd->cancelled) {
            shutdown_finish(sd);
            return;
        }
        sd->jobs->shutting_down = true;
        shutdown_start_jobs(sd);
        jobs_over = !jobs_any_active(sd->jobs) && jobs_idle(sd->jobs);
    }
    if ((sd->step == SHUTDOWN_JOBS || sd->step == SHUTDOWN_ABORTING) && jobs_over)
        shutdown_finish(sd);
}

static void on_deadline(struct timer *timer)
{
    struct shutdown *sd = container_of(timer, struct shutdown, deadline);
    char limit[32];
    say_duration(sd->jobs->snapshot->shutdown_timeout_ms, limit, sizeof limit);
    log_error("the shutdown jobs are not done after %s ([shutdown] timeout): they are stopped",
              limit);
    sd->step = SHUTDOWN_ABORTING;
    jobs_stop_all(sd->jobs);
    shutdown_look(sd);
}

void shutdown_look(struct shutdown *sd)
{
    if (shutdown_under_way(sd) && !timer_armed(&sd->next))
        host_arm(shutdown_host(sd), &sd->next, host_now(shutdown_host(sd)));
}

void shutdown_init(struct shutdown *sd, struct supervisor *s, struct jobs *j)
{
    *sd = (struct shutdown){.supervisor = s, .jobs = j};
    sd->deadline.on_due = on_deadline;
    sd->next.on_due = on_next;
}

void shutdown_close(struct shutdown *sd)
{
    host_disarm(shutdown_host(sd), &sd->deadline);
    host_disarm(shutdown_host(sd), &sd->next);
}

bool shutdown_under_way(const struct shutdown *sd)
{
    return sd->step != SHUTDOWN_NONE;
}

static void shutdown_overrule(struct shutdown *sd, enum supervisor_state what)
{
    if (what != SUPERVISOR_SHUTDOWN)
        return;
    if (sd->step == SHUTDOWN_STOPPING)
        sd->supervisor->state = what;
    bool stayed = shutdown_prepared(sd);
    sd->stays = sd->cancelled = false;
    if (stayed)
        shutdown_finish(sd);
}

void shutdown_begin(struct shutdown *sd, enum supervisor_state what, enum stop_reason why)
{
    if (why > sd->reason)
        sd->reason = why;
    if (shutdown_under_way(sd)) {
        shutdown_overrule(sd, what);
        return;
    }
    sd->step = SHUTDOWN_STOPPING;
    jobs_stop_all(sd->jobs);
    supervisor_stop_all(sd->supervisor, what);
    shutdown_look(sd);
}

void shutdown_prepare(struct shutdown *sd, enum stop_reason why)
{
    bool ends = shutdown_under_way(sd) && sd->supervisor->state == SUPERVISOR_SHUTDOWN;
    sd->cancelled = false;
    if (sd->stays || ends)
        return;
    shutdown_begin(sd, SUPERVISOR_SHUTDOWN, why);
    sd->stays = true;
}

void shutdown_cancel(struct shutdown *sd)
{
    if (!sd->stays)
        return;
    sd->cancelled = true;
    if (sd->step == SHUTDOWN_DONE)
        shutdown_resume(sd);
}

bool shutdown_prepared(const struct shutdown *sd)
{
    return sd->stays && sd->step == SHUTDOWN_DONE;
}

void shutdown_again(struct shutdown *sd)
{
    sd->step = SHUTDOWN_NONE;
    sd->reason = STOP_NOT_KNOWN;
    sd->stays = sd->cancelled = false;
}
