/*
 * The programs, groups and jobs of a simulated machine: drawn from the seed, changed by the
 * operator now and then, and turned into a configuration as config_load would make it.
 *
 * Program 12 is called p0012 and its processes p0012_0, p0012_1; job 3 is j03.
 */
#ifndef SIM_WORLD_H
#define SIM_WORLD_H

#include "config/config.h"
#include "host.h"

enum {
    WORLD_PROCS = 3, /* most processes of one program */
    WORLD_EDGES = 3, /* most names in requires= and in after= */
    WORLD_NAME = 16,
};

enum temper { STEADY, WORKER, FLAKY, DOOMED, STUBBORN };

struct world_edges {
    int programs[WORLD_EDGES]; /* -1: none */
    int job;                   /* -1: none */
};

struct world_program {
    bool present;
    enum temper temper;
    int group; /* -1: a group of its own */
    int64_t priority;
    uint32_t procs;
    bool autostart;
    enum autorestart autorestart;
    int64_t startsecs, startretries, stopwaitsecs;
    bool odd_exitcodes;
    struct world_edges requires, after;
};

struct world_job {
    enum temper temper;
    unsigned when;
    enum job_before before;
    int64_t timeout_ms, retries, retry_delay_ms;
    enum job_overlap overlap;
    enum job_on_failure on_failure;
    const char *schedule, *timezone;
    int64_t jitter_ms;
    int nudges; /* a program that it has restarted; -1: none */
    struct world_edges requires, after;
};

struct world {
    struct sim_host *sim; /* borrowed: its dice */
    struct world_program *programs;
    size_t program_count;
    struct world_job *jobs;
    size_t job_count;
    int groups; /* shared ones */
};

void world_init(struct world *w, struct sim_host *sim, size_t programs, size_t jobs);
void world_close(struct world *w);
void world_change(struct world *w); /* an operator has edited the files */

struct config *world_config(const struct world *w); /* one reference, the caller's */

/* Every process and every job has a number; -1 for a name that is none. */
int world_number(const struct world *w, const char *name);
size_t world_numbers(const struct world *w);
bool world_is_job(const struct world *w, int number);

void world_draw_fate(const struct world *w, int number, struct sim_fate *fate);

#endif
