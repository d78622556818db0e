/*
 * What a job did before this daemon came: its last attempt, from the history, so that `jobs` can
 * say it after a restart or a night without power. Only words: what requires a job waits for a run
 * in this life all the same. Part of a job.
 */
#ifndef JOBS_RECALL_H
#define JOBS_RECALL_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"

struct jobs;

struct job_past {
    bool known;         /* the history was looked at */
    int64_t start, end; /* ms since 1970; start 0: there was no attempt, end 0: it has no end */
    char result[16];    /* "succeeded", "failed", "stopped", "timed out"; "": see end */
    char why[128];
};

/* Reads the history once for all jobs that are new; it is called when somebody wants to know. */
void jobs_recall(const struct jobs *j);

void recall_describe(const struct job_past *past, struct buf *out); /* "last succeeded at ..." */

#endif
