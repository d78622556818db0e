/* A run that is wanted while the one before is still on its way: overlap=. */
#include <errno.h>

#include "base/log.h"
#include "engine/keep.h"
#include "jobs/job_tell.h"
#include "jobs/jobs.h"
#include "jobs/say.h"

static void overlap_keep(struct job *job)
{
    struct keep *keep = job->jobs->host->keep;
    if (keep)
        keep->ops->job_changed(keep, job);
}

enum { OVERLAP_LATE_S = 60 };

/* A run that is on its way makes up for one that was missed. */
static bool overlap_makes_up(const struct job *job)
{
    int64_t late = (job->started_wall - job->config->jitter_ms) / 1000 - job->due;
    return job->config->catch_up && job->cause == JOB_BY_SCHEDULE && late > OVERLAP_LATE_S;
}

/* A shutdown job that is on its way for another reason runs once more: it may have begun too
 * early to see all that there is. What is due while an earlier date is made up for is no second
 * run of that one: it follows. */
static enum job_overlap overlap_of(const struct job *job, enum job_cause cause)
{
    enum job_overlap how = job->config->overlap;
    bool follows = cause == JOB_AT_SHUTDOWN || (cause == JOB_BY_SCHEDULE && overlap_makes_up(job));
    return follows && how == JOB_OVERLAP_SKIP ? JOB_OVERLAP_QUEUE : how;
}

static int overlap_skip(struct job *job, const struct job_wish *wish, const char *why)
{
    char due[32];
    say_clock(wish->due * 1000, due, sizeof due);
    if (wish->cause == JOB_BY_HAND)
        log_warn("job '%s' is not run once more: %s", job->label, why);
    else
        log_warn("job '%s' was due at %s: %s, this one is left out", job->label, due, why);
    job->record.skips++;
    job_note_skipped(job, wish, why);
    job_tell_skipped(job, wish, why);
    overlap_keep(job);
    return -EALREADY;
}

int job_overlap(struct job *job, enum job_cause cause, int64_t due)
{
    struct job_wish wish = {true, cause, due ? due : host_wall(job->jobs->host) / 1000};
    enum job_overlap how = overlap_of(job, cause);
    bool begun = job->state != JOB_WAITING;
    if (cause == JOB_PULLED || cause == JOB_RESUMED || cause == JOB_AT_BOOT)
        return -EALREADY; /* they want it done, not done again */
    if (cause == JOB_AT_SHUTDOWN && !begun)
        return -EALREADY;
    if (job->queued.wanted)
        return overlap_skip(job, &wish, "one run waits already");
    if (how == JOB_OVERLAP_SKIP)
        return overlap_skip(job, &wish, "its last run is still on its way");
    if (how == JOB_OVERLAP_KILL && !begun)
        return overlap_skip(job, &wish, "its last run has not begun yet");
    job->queued = wish;
    log_info("job '%s' is still on its way: it %s", job->label,
             how == JOB_OVERLAP_KILL ? "is stopped and runs anew" : "runs once more afterwards");
    overlap_keep(job);
    if (how == JOB_OVERLAP_KILL && job->state != JOB_STOPPING)
        job_cut(job, "stopped for the next run (overlap=kill)");
    return 0;
}

void job_take_turn(struct job *job)
{
    struct job_wish wish = job->queued;
    if (!wish.wanted || job_state_active(job->state))
        return;
    job->queued.wanted = false;
    (void)job_run(job, wish.cause, wish.due);
}
