/*
 * A job: a program that is run to its end, at boot, at shutdown or by hand, with a time-out and
 * retries. Its table has the same shape as that of processes (engine/fsm.h).
 */
#ifndef JOBS_JOB_H
#define JOBS_JOB_H

#include "engine/child.h"
#include "engine/graph.h"
#include "engine/notice.h"
#include "event/bus.h"
#include "jobs/table.h"

struct jobs;

/* What the process of an attempt says of itself, as in sd_notify(3); see job_notice.c. */
struct job_said {
    char status[NOTICE_STATUS_MAX]; /* "41 % of 2.3 GB, 38 s left"; "": nothing */
    bool has_changed;               /* MAINSTAY_CHANGED= came: `changed` is known */
    bool changed;
    int64_t objects;   /* -1: it has not said */
    int64_t bytes;     /* likewise */
    unsigned refused;  /* messages of strangers since the log said so */
    int64_t refuse_at; /* when it may say so again */
};

struct job {
    struct jobs *jobs;       /* the owner */
    struct config *snapshot; /* a reference: what config is part of */
    const struct job_config *config;
    enum job_state state;
    int64_t attempts;   /* of this run */
    struct timer timer; /* armed exactly while the state has a deadline */
    struct child child;
    struct graph_node node;
    const char *label;    /* "sync:data", borrowed from the configuration */
    bool start_pending;   /* the pipes of the last attempt are still closing */
    bool resume;          /* it was on its way when everything was stopped */
    bool stale_ok;        /* failed, but what it made before is young enough */
    bool owes;            /* it has changed something and has told nobody yet: notify= */
    bool refresh;         /* it had been good before this run: what requires it need not wait */
    int64_t started;      /* ms, monotonic, of the run's first attempt */
    int64_t started_wall; /* ms since 1970; 0: never */
    int64_t ended_wall;
    pid_t ended_pid; /* while the end of its process is told: its pid; 0 otherwise */
    int ended_code;  /* meanwhile: si_code and si_status of waitid(2) */
    int ended_status;
    const char *waits_for; /* JOB_WAITING: label of who is in the way; may be NULL */
    char result[512];      /* "", "exit status 3", "timed out after 10m", ... */
    struct job_said said;
};

/* All jobs of one configuration. Owned by main.c. */
struct jobs {
    struct host *host;
    struct event_bus *bus;
    struct spawn_context spawn_context; /* set by the owner after init */
    struct graph *graph;                /* the supervisor's */
    struct config *snapshot;            /* a reference: the newest */
    struct job **items;                 /* owned, like the array; in file order */
    size_t count;
    struct timer settle; /* a waiting job may be able to run now */
    struct timer news;   /* jobs have said something: on_news, once for many words */
    bool adopting;       /* they are made for what runs: no AUTO logs */
    bool resting;        /* everything is being stopped, or is down */
    bool shutting_down;  /* only the order among the jobs themselves counts any more */
    void (*on_changed)(struct jobs *j); /* a job has changed: others may wait for it */
    void (*on_news)(struct jobs *j);    /* a job says something else of itself; may be NULL */
    void *owner;
};

void jobs_init(struct jobs *j, struct host *host, struct event_bus *bus, struct graph *graph);
void jobs_close(struct jobs *j);                       /* unloads; every child must be idle */
void jobs_load(struct jobs *j, struct config *config); /* takes a reference */
/* The newest configuration; jobs_load does it. Takes a reference. */
void jobs_set_snapshot(struct jobs *j, struct config *config);
/* While `adopting`: a job of that snapshot (a reference is taken), behind those there are. */
struct job *jobs_adopt(struct jobs *j, struct config *snapshot, const struct job_config *config);
void jobs_unload(struct jobs *j); /* every job must be stopped and idle */
/*
 * Takes over another configuration: jobs whose definition is another one become new, new ones
 * come, those that are gone go; one that is on its way stays as it is until the next time. Nothing
 * is started. The edges to jobs are the caller's to make anew (supervisor_relink).
 */
void jobs_update(struct jobs *j, struct config *config);
/* Edges from jobs to everybody else; after supervisor_load and whenever groups change. */
void jobs_relink(struct jobs *j);
void jobs_claim_cgroups(struct jobs *j); /* as supervisor_claim_cgroups */
bool jobs_idle(const struct jobs *j);    /* no process, no open pipe */

/* Wants every job with this `when` (enum job_when) to run. */
void jobs_start(struct jobs *j, enum job_when when);
bool jobs_done(const struct jobs *j, enum job_when when); /* none of them is on its way */
bool jobs_any_active(const struct jobs *j);
void jobs_stop_all(struct jobs *j);
void jobs_resume(struct jobs *j); /* runs again what jobs_stop_all had stopped, before a shutdown */
void jobs_settle(struct jobs *j); /* looks, from the loop, whether a waiting job may run now */
bool jobs_exited(struct jobs *j, pid_t pid, int code, int status); /* false: none of ours */
struct job *jobs_find(struct jobs *j, const char *name); /* "data", "sync:data", "job:x"; NULL */

/* For jobs.c, which owns them. */
void job_init(struct job *job, struct jobs *jobs, struct config *snapshot,
              const struct job_config *config);
void job_close(struct job *job);
void job_try(struct job *job); /* runs it if it waits and nothing is in the way */
void job_exited(struct job *job, int code, int status);
void job_heed(struct job *job);       /* of job_init: what its process says of itself counts */
void job_said_begin(struct job *job); /* another process: nothing is said yet */
void jobs_news(struct jobs *j);

void job_owe(struct job *job, enum job_state from); /* in job_nudge.c: has it changed something? */
void job_nudge(struct job *job);                    /* ... and those who want to know are told */

/* In job_graph.c. */
extern const struct graph_node_ops job_graph_ops;
enum graph_gate_kind job_gate(const struct job *job, const struct graph_node **blocker);
bool job_is_good(const struct job *job); /* what requires it may start */

int job_run(struct job *job);  /* -EALREADY when it is on its way, -ESHUTDOWN */
int job_stop(struct job *job); /* -ESRCH when it is not on its way */
bool job_active(const struct job *job);
const char *job_state_name(enum job_state state);                        /* "RUNNING" */
void job_describe(const struct job *job, int64_t wall, struct buf *out); /* in words */

#endif
