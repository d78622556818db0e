/* What is told of a job: by the bus, and in the history. */
#ifndef JOBS_JOB_TELL_H
#define JOBS_JOB_TELL_H

#include "jobs/job.h"

/* In job_news.c. */
void job_publish(struct job *job, enum job_state from);
void job_tell_started(const struct job *job);
void job_tell_missed(const struct job *job);
void job_tell_skipped(const struct job *job, const struct job_wish *wish, const char *why);

/* In job_history.c. */
void job_note_begin(struct job *job); /* of an attempt */
void job_note_end(struct job *job, enum job_state from);
void job_note_fact(const struct job *job, const char *result, const char *why); /* no attempt */
void job_note_skipped(const struct job *job, const struct job_wish *wish, const char *why);
const char *job_cause_name(enum job_cause cause);
/* How the attempt ended that had the state `from`: "succeeded", "failed", "timed out", "stopped" */
enum job_outcome job_outcome(const struct job *job, enum job_state from);
const char *job_result_name(const struct job *job, enum job_state from);

#endif
