/*
 * A job: a program that is run to its end, at boot, at shutdown or by hand, with a time-out and
 * retries. Its table has the same shape as that of processes (engine/fsm.h).
 */
#ifndef JOBS_JOB_H
#define JOBS_JOB_H

#include "engine/child.h"
#include "engine/graph.h"
#include "event/bus.h"

enum job_state {
    JOB_IDLE,    /* not run since the daemon started */
    JOB_WAITING, /* for what it requires or follows */
    JOB_RUNNING,
    JOB_RETRYING, /* the last attempt failed; the next one follows after retry_delay */
    JOB_ENDING,   /* over its time-out, asked to end: counts as a failed attempt */
    JOB_STOPPING, /* stopped by somebody */
    JOB_SUCCEEDED,
    JOB_FAILED,
    JOB_STATES,
};

struct jobs;

struct job {
    struct jobs *jobs; /* the owner */
    const struct job_config *config;
    enum job_state state;
    int64_t attempts; /* of this run */
    struct timer timer;
    struct child child;
    struct graph_node node;
    char *label;          /* "sync:data", owned */
    bool start_pending;   /* the pipes of the last attempt are still closing */
    int64_t started_wall; /* ms since 1970; 0: never */
    int64_t ended_wall;
    int64_t started;  /* ms, monotonic, of the run's first attempt */
    int64_t last_ms;  /* duration of the last finished run */
    char result[512]; /* "", "exit status 3", "timed out after 10m", ... */
};

/* All jobs of one configuration. Owned by main.c. */
struct jobs {
    struct host *host;
    struct event_bus *bus;
    struct child_context child_context;
    struct graph *graph;     /* the supervisor's */
    struct config *snapshot; /* a reference */
    struct job *items;       /* owned array, in file order */
    size_t count;
    bool shutting_down;
    void (*on_changed)(struct jobs *j); /* a job has changed: others may wait for it */
    void *owner;
};

void jobs_init(struct jobs *j, struct host *host, struct event_bus *bus, struct graph *graph);
void jobs_load(struct jobs *j, struct config *config); /* takes a reference */
void jobs_unload(struct jobs *j);                      /* every job must be stopped and idle */
bool jobs_idle(const struct jobs *j);                  /* no process, no open pipe */

/* Wants every job with this `when` (enum job_when) to run. */
void jobs_start(struct jobs *j, enum job_when when);
bool jobs_done(const struct jobs *j, enum job_when when); /* none of them is on its way */
void jobs_stop_all(struct jobs *j);
void jobs_settle(struct jobs *j); /* looks whether a waiting job may run now */
bool jobs_exited(struct jobs *j, pid_t pid, int code, int status); /* false: none of ours */
struct job *jobs_find(struct jobs *j, const char *name); /* "data", "sync:data", "job:x"; NULL */

int job_run(struct job *job);  /* -EALREADY when it is on its way, -ESHUTDOWN */
int job_stop(struct job *job); /* -ESRCH when it is not on its way */
bool job_active(const struct job *job);
const char *job_state_name(enum job_state state);                        /* "RUNNING" */
void job_describe(const struct job *job, int64_t wall, struct buf *out); /* in words */

#endif
