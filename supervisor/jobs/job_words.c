/* What a job is doing and how it went, in words for people. */
#include "jobs/jobs.h"
#include "jobs/say.h"

/* "; 12 objects, 3.4 MB", "; nothing has changed" */
void job_describe_done(const struct job_said *said, struct buf *out)
{
    char size[32];
    if (said->has_changed && !said->changed) {
        buf_text(out, "; nothing has changed");
        return;
    }
    if (said->objects >= 0)
        buf_printf(out, "; %lld object%s", (long long)said->objects, said->objects == 1 ? "" : "s");
    if (said->bytes >= 0) {
        say_size(said->bytes, size, sizeof size);
        buf_printf(out, "%s %s", said->objects >= 0 ? "," : ";", size);
    }
}

/* "; next in 7h 12m (tomorrow 03:00)" */
static void job_describe_next(const struct job *job, int64_t wall, struct buf *out)
{
    char when[32];
    char span[32];
    char there[128];
    int64_t left = job->next * 1000 - wall;
    if (job->next < 0 || job->jobs->resting || job_active(job))
        return;
    say_coming(job->next, wall / 1000, when, sizeof when);
    say_span(left > 0 ? (left + 999) / 1000 * 1000 : 0, span, sizeof span);
    agenda_elsewhere(job, job->next, there, sizeof there);
    buf_printf(out, "; next in %s (%s%s%s)", span, when, *there ? ", " : "", there);
}

const char *job_shown_state(const struct job *job)
{
    return job->expect.missed && !job_state_active(job->state) ? "MISSED"
                                                               : job_state_name(job->state);
}

/* What the state would have said stands in its place: "no success since ...; failed at ...". */
static void job_describe_missed(const struct job *job, struct buf *out)
{
    if (!job->expect.missed)
        return;
    buf_printf(out, "%s; ", job->expect.why);
    if (job->state == JOB_SUCCEEDED)
        buf_text(out, "succeeded ");
    else if (job->state == JOB_FAILED)
        buf_text(out, "failed ");
}

void job_describe(const struct job *job, int64_t wall, struct buf *out)
{
    char text[64];
    job_describe_missed(job, out);
    switch (job->state) {
    case JOB_IDLE:
        if (record_describe(&job->record, out))
            break;
        say_when(job->config->when, text, sizeof text);
        buf_printf(out, "not run yet; runs %s%s", text,
                   job->config->schedule.count ? " and by schedule" : "");
        break;
    case JOB_WAITING:
        buf_printf(out, "waits for %s", job->waits_for ? job->waits_for : "its turn");
        break;
    case JOB_RUNNING:
        say_duration(wall - job->started_wall, text, sizeof text);
        buf_printf(out, "pid %d, for %s", (int)job->child.pid, text);
        if (job->said.status[0])
            buf_printf(out, "; %s", job->said.status);
        break;
    case JOB_RETRYING:
        buf_printf(out, "%s; retry %lld of %lld follows", job->result, (long long)job->attempts,
                   (long long)job->config->retries);
        break;
    case JOB_ENDING:
    case JOB_STOPPING:
        buf_printf(out, "%s; waiting for pid %d to end", job->result, (int)job->child.pid);
        break;
    case JOB_SUCCEEDED:
        say_clock(job->ended_wall, text, sizeof text);
        buf_printf(out, "at %s", text);
        say_duration(job->ended_wall - job->started_wall, text, sizeof text);
        buf_printf(out, ", took %s", text);
        job_describe_done(&job->said, out);
        break;
    case JOB_FAILED:
        say_clock(job->ended_wall, text, sizeof text);
        buf_printf(out, "at %s: %s%s", text, job->result,
                   job->stale_ok                      ? "; the data there is young enough"
                   : job->refresh && job_is_good(job) ? "; what it made before stays in use"
                                                      : "");
        break;
    case JOB_STATES:
        break;
    }
    job_describe_next(job, wall, out);
}
