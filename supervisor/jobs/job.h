/*
 * A job: a program that is run to its end, at boot, at shutdown, by a schedule or by hand, with
 * a time-out and retries. Its table has the same shape as that of processes (engine/fsm.h).
 */
#ifndef JOBS_JOB_H
#define JOBS_JOB_H

#include "engine/child.h"
#include "engine/graph.h"
#include "engine/notice.h"
#include "jobs/expect.h"
#include "jobs/record.h"
#include "jobs/table.h"

struct jobs;

/* Why a job runs. */
enum job_cause {
    JOB_BY_HAND,
    JOB_AT_BOOT,
    JOB_AT_SHUTDOWN,
    JOB_BY_SCHEDULE,
    JOB_PULLED,  /* somebody who requires it wants to start */
    JOB_RESUMED, /* it was stopped for a power-off that was called off */
    JOB_OWED,    /* for the end of an earlier life, which was cut off: see arrears.h */
    JOB_CAUSES,
};

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

/* A run that somebody wants. */
struct job_wish {
    bool wanted;
    enum job_cause cause;
    int64_t due; /* s since 1970: the moment that it belongs to */
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
    const char *label;      /* "sync:data", borrowed from the configuration */
    bool start_pending;     /* the pipes of the last attempt are still closing */
    bool resume;            /* it was on its way when everything was stopped */
    bool stale_ok;          /* failed, but what it made before is young enough */
    enum job_cause cause;   /* of this run */
    int64_t due;            /* s since 1970: the moment that it belongs to; 0: it has none yet */
    struct job_wish queued; /* the run behind this one: overlap= */
    int64_t attempt_wall;   /* ms since 1970: when its process was started; 0: there is none yet */
    int64_t log_at;         /* how long its log was then */
    int64_t seen;           /* s since 1970: up to then its schedule is dealt with */
    int64_t next;           /* s: when it is due; -1: never */
    bool owes;              /* it has changed something and has told nobody yet: notify= */
    bool refresh;           /* it had been good before this run: what requires it need not wait */
    int64_t started;        /* ms, monotonic, of the run's first attempt */
    int64_t started_wall;   /* ms since 1970; 0: never */
    int64_t ended_wall;
    pid_t ended_pid; /* while the end of its process is told: its pid; 0 otherwise */
    int ended_code;  /* meanwhile: si_code and si_status of waitid(2) */
    int ended_status;
    const char *waits_for; /* JOB_WAITING: label of who is in the way; may be NULL */
    char result[512];      /* "", "exit status 3", "timed out after 10m", ... */
    struct job_said said;
    struct job_expect expect;
    struct job_record record;
};

/* For jobs.c, which owns them. */
void job_init(struct job *job, struct jobs *jobs, struct config *snapshot,
              const struct job_config *config);
void job_close(struct job *job);
void job_try(struct job *job); /* runs it if it waits and nothing is in the way */
void job_exited(struct job *job, int code, int status);
void job_cut(struct job *job, const char *why); /* stops the run that is on its way */
void job_heed(struct job *job);       /* of job_init: what its process says of itself counts */
void job_said_begin(struct job *job); /* another process: nothing is said yet */
void job_owe(struct job *job, enum job_state from); /* in job_nudge.c: has it changed something? */
void job_nudge(struct job *job);                    /* ... and those who want to know are told */

/* In job_overlap.c. */
int job_overlap(struct job *job, enum job_cause cause, int64_t due); /* of job_run, when active */
void job_take_turn(struct job *job); /* begins the run that is queued, if it may */

/* In job_graph.c. */
extern const struct graph_node_ops job_graph_ops;
enum graph_gate_kind job_gate(const struct job *job, const struct graph_node **blocker);
bool job_is_good(const struct job *job); /* what requires it may start */

/* `due`: the moment that the run belongs to, in s since 1970, as it is told (job_env.h); 0: now.
 * When it is on its way overlap= decides: 0, or -EALREADY when it does not run again. */
int job_run(struct job *job, enum job_cause cause, int64_t due);
int job_stop(struct job *job);          /* -ESRCH when it is not on its way */
void job_leave(struct job *job);        /* its process does not end by SIGKILL: the run is over */
bool job_active(const struct job *job); /* it runs, or is about to */
const char *job_shown_state(const struct job *job);                      /* its name, or "MISSED" */
void job_describe_done(const struct job_said *said, struct buf *out);    /* "; 12 objects, 3 MB" */
void job_describe(const struct job *job, int64_t wall, struct buf *out); /* in words */

#endif
