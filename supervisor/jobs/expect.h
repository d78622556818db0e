/*
 * expect_every=: a job that has not succeeded for so long is MISSED, whatever its state is, until
 * it has succeeded again. Part of a job.
 *
 * When it has last succeeded is in the history, and so outlives the daemon; so is since when it is
 * expected to, for a job that never has. A daemon that starts gives it a tenth of its time, an
 * hour at most, to make up for what the machine has slept through.
 */
#ifndef JOBS_EXPECT_H
#define JOBS_EXPECT_H

#include <stdbool.h>
#include <stdint.h>

struct job;
struct jobs;

struct job_expect {
    bool known;    /* what the history says is here */
    bool missed;   /* it has not succeeded in time */
    bool told;     /* the history says that it was said before */
    int64_t good;  /* s since 1970: its last success; 0: none is known */
    int64_t since; /* likewise: from then on it is expected; 0: it has succeeded */
    int64_t grace; /* likewise: before then it is not missed */
    int64_t at;    /* likewise: when it will be; -1: never, or it is */
    char why[96];  /* of `missed`: "no success since 2026-11-20 03:17:04, expected every 26h" */
};

/* Pure. Times are s since 1970, durations s. */
int64_t expect_grace(int64_t every, int64_t now);              /* of a daemon that starts now */
int64_t expect_due(const struct job_expect *e, int64_t every); /* when it will be missed */
/* A clock that was wrong, or goes wrong: no time of it lies in the future or before 2020. */
void expect_adjust(struct job_expect *e, int64_t every, int64_t now);

int64_t expect_every(const struct job *job); /* 0: nobody expects anything */
void expect_look(struct jobs *j, int64_t now);
void expect_succeeded(struct job *job);

#endif
