#include "jobs/job_env.h"

#include <stdio.h>

#include "jobs/jobs.h"
#include "jobs/say.h"

void job_env_make(struct job_env *env, const struct job *job)
{
    int64_t due = job->due ? job->due : job->started_wall / 1000;
    const struct calendar_zone *zone = agenda_zone(job);
    int64_t offset = zone->offset(zone, due);
    char text[40];
    say_iso(due, offset, text, sizeof text);
    (void)snprintf(env->due, sizeof env->due, "MAINSTAY_DUE=%s", text);
    (void)snprintf(env->date, sizeof env->date, "MAINSTAY_DUE_DATE=%.10s", text);
    env->vars[0] = env->due;
    env->vars[1] = env->date;
    env->vars[2] = NULL;
    if (job->cause != JOB_AT_SHUTDOWN)
        return;
    (void)snprintf(env->stop, sizeof env->stop, "MAINSTAY_STOP_REASON=%s",
                   stop_reason_name(job->jobs->reason));
    env->vars[2] = env->stop;
    env->vars[3] = NULL;
}
