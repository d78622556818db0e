/*
 * What a job has come to so far: its last run that is over, and how many runs there were. For
 * monitoring; part of a job.
 *
 * The last run of an earlier daemon is known from the history (expect.c reads it), as far as one
 * attempt tells of it; counts begin with the daemon. An upgrade and a crash go on with all of it.
 */
#ifndef JOBS_RECORD_H
#define JOBS_RECORD_H

#include <stdint.h>

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
    int64_t runs[JOB_OUTCOMES];
    int64_t attempts; /* of all runs */
    int64_t skips;    /* runs that were left out: overlap= */
};

#endif
