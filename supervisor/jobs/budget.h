/*
 * How long a stop of everything may take, and which chain of programs and jobs makes it so long:
 * "web (30 s) → api (10 s) → job:analytics (5m 10s)". It is computed as the supervisor stops: the
 * jobs with before=stop, if there are any, then the highest rank first (engine/graph.h), dependents
 * before what they depend on, the rest at the same time; then the shutdown jobs in their order.
 * Pure; budget_plan.c fills it from a configuration, budget_left.c from what runs.
 */
#ifndef JOBS_BUDGET_H
#define JOBS_BUDGET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"

#define BUDGET_FOREVER (INT64_MAX / 4) /* ms: nothing bounds it */

enum budget_kind {
    BUDGET_PROGRAM,
    BUDGET_STOPPED_JOB,  /* a job that runs when the stop begins: it is stopped at once */
    BUDGET_BEFORE_JOB,   /* one with before=stop: then, while programs still serve */
    BUDGET_SHUTDOWN_JOB, /* one that is run when all is down */
    BUDGET_CUT,          /* the limit of all with before=stop; made by budget_limit */
    BUDGET_NOTHING,      /* it takes no time: only its rank and its edges count */
};

struct budget_item {
    const char *label; /* borrowed */
    enum budget_kind kind;
    int64_t ms;    /* that it may take at most */
    int64_t rank;  /* its priority; budget_rank raises it */
    size_t *waits; /* owned: indexes of the items that it started after */
    size_t wait_count;
    int64_t end;     /* worked out: ms after the beginning at which it is over */
    size_t previous; /* worked out: what it waited for; BUDGET_NONE: nothing */
};

#define BUDGET_NONE SIZE_MAX

struct budget {
    struct budget_item *items; /* owned */
    size_t count;
    int64_t jobs_limit;   /* ms for all shutdown jobs together; BUDGET_FOREVER */
    int64_t jobs_kill;    /* ms that those may take to end then */
    int64_t before_limit; /* the same of those with before=stop */
    int64_t before_kill;
    int64_t rest; /* ms for listeners that last, behind all else */
    /* worked out */
    int64_t ms;    /* all of it; BUDGET_FOREVER: nothing bounds it */
    size_t last;   /* of the chain; BUDGET_NONE: there is none */
    bool jobs_cut; /* jobs_limit ends the shutdown jobs: they are not in the chain */
};

struct budget_item *budget_add(struct budget *b, const char *label, enum budget_kind kind,
                               int64_t ms); /* the pointer is good until the next one */
void budget_limit(struct budget *b);        /* after the last job: before_limit counts */
void budget_wait(struct budget *b, size_t from, size_t to); /* twice, or of itself, is fine */
void budget_rank(struct budget *b); /* raises each rank to that of what it waits for */
void budget_solve(struct budget *b);
void budget_chain(const struct budget *b, struct buf *out); /* in words */
void budget_close(struct budget *b);

int64_t budget_plus(int64_t a, int64_t b); /* neither becomes more than BUDGET_FOREVER */

/* A job's longest run, after so many attempts: each may take its time-out and stopwaitsecs. */
struct job_config;
int64_t budget_job(const struct job_config *config, int64_t attempts_made);

struct config;
void budget_plan(const struct config *config, struct budget *b); /* all runs; solved */

struct supervisor;
struct shutdown;
/* How much of it is left at this moment of a stop, in ms; BUDGET_FOREVER. */
int64_t budget_left(const struct shutdown *sd, int64_t now);

#endif
