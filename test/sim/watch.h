/*
 * The eyes: what must hold at every moment of a simulated life, told by the events of the engine
 * and by what it asks of the machine, compared with what the configuration says. Whatever does
 * not hold ends the run with the seed that replays it.
 */
#ifndef SIM_WATCH_H
#define SIM_WATCH_H

#include "engine/supervisor.h"
#include "jobs/jobs.h"
#include "jobs/shutdown.h"
#include "world.h"

/* What was seen of one process or job, by its number in the world. */
struct seen {
    struct proc *p; /* NULL: a job, or its group is not there */
    struct job *job;
    int alive; /* processes of it */
    int state; /* as last told */
    int64_t since;
    int64_t started; /* last entered STARTING or RUNNING (job) */
    int64_t tries;
    uint64_t due, scheduled; /* job: moments of its schedule, and runs that it has caused */
    bool good;   /* job: it had been good before its last run, so what requires it need not wait */
    bool again;  /* left for a restart by autorestart */
    bool was_up; /* when a power-off began */
    bool by_itself; /* it has ended or begun before the programs were stopped */
    bool asked;     /* the operator has asked for a start since */
    bool marked;
    int64_t rank; /* by the configuration, while a stop of everything is under way */
};

struct watch {
    struct event_subscriber subscriber;
    struct sim_host *sim;
    struct world *world;
    struct supervisor *s;
    struct jobs *jobs;
    struct seen *seen;
    uint64_t seed;
    const char *replay; /* the words that replay this run */
    uint64_t events, starts, restarts, retries, gave_up, stops, runs;
    int64_t segment;     /* ms: since then the wall clock was not set */
    uint64_t clock_sets; /* how often it was */
    bool stopping;       /* a stop of everything is under way */
    bool serving;        /* ... but programs are left alone yet: jobs come before it */
    bool down;           /* the shutdown jobs have begun */
};

void watch_init(struct watch *w, struct sim_host *sim, struct world *world, struct supervisor *s,
                struct jobs *jobs);
void watch_close(struct watch *w);
void watch_jobs(struct watch *w);     /* after jobs_load */
void watch_stop_all(struct watch *w); /* before a stop of everything: notes the ranks */
void watch_step(struct watch *w, enum shutdown_step step);
void watch_note_up(struct watch *w); /* before a power-off that will be cancelled, */
void watch_went_on(struct watch *w); /* and after it: what was up must be up, and no more */
/* Somebody sets the clock next, or it is all over: no job may have run more often than it was due,
 * and once more for each time that the clock was set. */
void watch_clock(struct watch *w);
void watch_scan_schedule(const struct watch *w, const struct job *job); /* of watch_scan */
void watch_asked(struct watch *w, const struct proc *p);

void watch_spawn(struct watch *w, const struct sim_child *child);
void watch_exit(struct watch *w, const struct sim_child *child);

/* Looks at everything; `quiet`: nothing is due at this moment any more. */
void watch_scan(struct watch *w, bool quiet);

void watch_fail(const struct watch *w, const char *fmt, ...)
    __attribute__((format(printf, 2, 3), noreturn));

#endif
