/*
 * What a job has come to so far: its last run that is over, and how many runs there were. For
 * monitoring, and for the words about a job that has not run in this life of the daemon: what
 * requires it waits for a run all the same. Part of a job.
 *
 * The last run of an earlier daemon is known from the history (expect.c reads it), as far as one
 * attempt tells of it; counts begin with the daemon. An upgrade and a crash go on with all of it.
 */
#ifndef JOBS_RECORD_H
#define JOBS_RECORD_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"
#include "jobs/history_text.h"

enum job_outcome {
    JOB_OUTCOME_SUCCEEDED,
    JOB_OUTCOME_FAILED,
    JOB_OUTCOME_TIMED_OUT,
    JOB_OUTCOME_STOPPED,
    JOB_OUTCOMES,
};

struct job_record {
    int64_t start, end; /* ms since 1970, of the last run; end 0: none is known */
    int64_t took;       /* ms */
    enum job_outcome outcome;
    char why[128]; /* why it did not succeed; only of an earlier daemon's */
    int64_t
        begun; /* ms since 1970: a later attempt of an earlier daemon, of which no end is known */
    int64_t runs[JOB_OUTCOMES];
    int64_t attempts; /* of all runs */
    int64_t skips;    /* runs that were left out: overlap= */
};

extern const char *const job_outcome_names[JOB_OUTCOMES]; /* "succeeded", "timed out", ... */

void record_recall(struct job_record *r, const struct history_fact *fact); /* the next line */

/* "last succeeded at ..., took 3 s"; false: nothing is known. */
bool record_describe(const struct job_record *r, struct buf *out);

#endif
