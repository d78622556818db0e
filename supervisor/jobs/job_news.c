/* What others are told of a job, by the bus: a new state, and what else happens to it. */
#include "jobs/job_tell.h"
#include "jobs/jobs.h"

static struct event event_of(const struct job *job, enum event_type type)
{
    return (struct event){.type = type,
                          .name = job->label,
                          .from = (int)job->state,
                          .state = (int)job->state,
                          .pid = job->child.pid ? job->child.pid : job->ended_pid,
                          .tries = (int)job->attempts,
                          .cause = job_cause_name(job->cause),
                          .when = job->due,
                          .took = host_now(job->jobs->host) - job->started};
}

void job_publish(struct job *job, enum job_state from)
{
    struct event ev = event_of(job, EVENT_JOB_STATE);
    ev.from = (int)from;
    ev.code = job->ended_pid ? job->ended_code : 0;
    ev.status = job->ended_status;
    ev.why = job->result;
    if (job->state == JOB_SUCCEEDED)
        ev.news = JOB_NEWS_SUCCEEDED;
    else if (job->state == JOB_FAILED)
        ev.news = JOB_NEWS_FAILED;
    if (!job_state_active(job->state))
        ev.result = job_result_name(job, from);
    event_bus_publish(job->jobs->bus, &ev);
    jobs_settle(job->jobs);
    if (job->jobs->on_changed)
        job->jobs->on_changed(job->jobs);
}

void job_tell_started(const struct job *job)
{
    struct event ev = event_of(job, EVENT_JOB_NEWS);
    ev.news = JOB_NEWS_STARTED;
    event_bus_publish(job->jobs->bus, &ev);
}

void job_tell_missed(const struct job *job)
{
    struct event ev = event_of(job, EVENT_JOB_NEWS);
    ev.news = JOB_NEWS_MISSED;
    ev.period = expect_every(job);
    ev.when = job->expect.good;
    ev.why = job->expect.why;
    event_bus_publish(job->jobs->bus, &ev);
}

void job_tell_skipped(const struct job *job, const struct job_wish *wish, const char *why)
{
    struct event ev = event_of(job, EVENT_JOB_NEWS);
    ev.news = JOB_NEWS_SKIPPED;
    ev.cause = job_cause_name(wish->cause);
    ev.when = wish->due;
    ev.why = why;
    event_bus_publish(job->jobs->bus, &ev);
}
