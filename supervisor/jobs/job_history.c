/* What of the life of a job goes into the history, and how it is said. */
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include "jobs/history.h"
#include "jobs/job_tell.h"
#include "jobs/jobs.h"

static const char *const causes[] = {
    [JOB_BY_HAND] = "by hand",         [JOB_AT_BOOT] = "at boot", [JOB_AT_SHUTDOWN] = "at shutdown",
    [JOB_BY_SCHEDULE] = "by schedule", [JOB_PULLED] = "required", [JOB_RESUMED] = "resumed",
    [JOB_OWED] = "made up for",
};
_Static_assert(sizeof causes / sizeof *causes == JOB_CAUSES, "one word for each");

const char *job_cause_name(enum job_cause cause)
{
    return causes[cause];
}

static struct history_entry entry_of(const struct job *job)
{
    return (struct history_entry){.job = job->label,
                                  .start = job->attempt_wall,
                                  .attempt = job->attempts,
                                  .cause = job_cause_name(job->cause),
                                  .objects = -1,
                                  .bytes = -1,
                                  .changed = -1,
                                  .log = child_out_path(&job->child),
                                  .log_at = job->log_at,
                                  .due = job->due};
}

void job_note_begin(struct job *job)
{
    struct history *h = job->jobs->history;
    const char *log = child_out_path(&job->child);
    struct stat st;
    job->attempt_wall = host_wall(job->jobs->host);
    job->log_at = log && stat(log, &st) == 0 ? (int64_t)st.st_size : 0;
    struct history_entry entry = entry_of(job);
    if (h)
        history_add(h, &entry);
}

static const char *note_exit(int code)
{
    switch (code) {
    case CLD_EXITED:
        return "exited";
    case CLD_KILLED:
        return "killed";
    case CLD_DUMPED:
        return "dumped";
    }
    return "";
}

enum job_outcome job_outcome(const struct job *job, enum job_state from)
{
    if (job->state == JOB_SUCCEEDED)
        return JOB_OUTCOME_SUCCEEDED;
    if (from == JOB_ENDING)
        return JOB_OUTCOME_TIMED_OUT;
    bool stopped = from == JOB_STOPPING || strcmp(job->result, "stopped") == 0;
    return stopped ? JOB_OUTCOME_STOPPED : JOB_OUTCOME_FAILED;
}

const char *job_result_name(const struct job *job, enum job_state from)
{
    return job_outcome_names[job_outcome(job, from)];
}

/* Of an attempt, or of a run that came to none. A stop before the next attempt ends no attempt. */
static bool note_is_end(const struct job *job, enum job_state from)
{
    bool attempt = from == JOB_RUNNING || from == JOB_ENDING || from == JOB_STOPPING;
    if (attempt)
        return job->state == JOB_RETRYING || !job_state_active(job->state);
    return from == JOB_WAITING && job->state == JOB_FAILED;
}

void job_note_end(struct job *job, enum job_state from)
{
    struct history *h = job->jobs->history;
    struct history_entry entry = entry_of(job);
    if (!h || !note_is_end(job, from))
        return;
    entry.end = host_wall(job->jobs->host);
    if (entry.start == 0 || from == JOB_WAITING) {
        entry.start = entry.end;
        entry.attempt = 0;
        entry.log = NULL;
    }
    entry.result = job_result_name(job, from);
    if (job->ended_pid) {
        entry.exit = note_exit(job->ended_code);
        entry.status = job->ended_status;
    }
    if (job->state != JOB_SUCCEEDED && strcmp(job->result, "stopped") != 0)
        entry.why = job->result;
    entry.objects = job->said.objects;
    entry.bytes = job->said.bytes;
    entry.changed = job->said.has_changed ? job->said.changed : -1;
    history_add(h, &entry);
}

/* `wish`: the run that came to nothing; NULL: it is about none. */
static void note_once(const struct job *job, const struct job_wish *wish, const char *result,
                      const char *why)
{
    struct history *h = job->jobs->history;
    struct history_entry entry = entry_of(job);
    if (!h)
        return;
    entry.start = entry.end = host_wall(job->jobs->host);
    entry.attempt = 0;
    entry.cause = wish ? job_cause_name(wish->cause) : "";
    entry.due = wish ? wish->due : 0;
    entry.result = result;
    entry.why = why;
    entry.log = NULL;
    history_add(h, &entry);
}

void job_note_skipped(const struct job *job, const struct job_wish *wish, const char *why)
{
    note_once(job, wish, "skipped", why);
}

void job_note_fact(const struct job *job, const char *result, const char *why)
{
    note_once(job, NULL, result, why);
}
