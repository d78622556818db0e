/* All jobs of one configuration, and what makes them run. */
#ifndef JOBS_JOBS_H
#define JOBS_JOBS_H

#include "event/bus.h"
#include "jobs/jitter.h"
#include "jobs/job.h"
#include "jobs/reason.h"
#include "jobs/zones.h"

struct history;
struct memo;

/* All jobs of one configuration. Owned by main.c. */
struct jobs {
    struct host *host;
    struct event_bus *bus;
    struct spawn_context spawn_context; /* set by the owner after init */
    struct graph *graph;                /* the supervisor's */
    struct config *snapshot;            /* a reference: the newest */
    struct job **items;                 /* owned, like the array; in file order */
    size_t count;
    struct history *history; /* NULL: nobody writes it down. Borrowed, set by the owner */
    struct timer settle;     /* a waiting job may be able to run now */
    struct memo *memo;       /* what catch_up= knows; NULL: nothing. Likewise */
    struct timer memo_due;   /* it is newer than its file */
    struct zones zones;      /* of the schedules */
    uint64_t machine;        /* see jitter.h; set by the owner */
    struct wall_watch wall;  /* some of them may be due by their schedules; see agenda.c */
    struct timer agenda;     /* ... where nobody can watch the wall clock for us */
    int64_t also;            /* ms since 1970: somebody else waits for this; -1. See agenda_watch */
    void (*on_wall)(struct jobs *j); /* the clock was looked at; may be NULL */
    int64_t rested;                  /* s since 1970: since then no schedule counts; 0: they do */
    struct timer news;               /* jobs have said something: on_news, once for many words */
    bool adopting;                   /* they are made for what runs: no AUTO logs */
    bool resting;                    /* everything is being stopped, or is down */
    bool shutting_down;              /* only the order among the jobs themselves counts any more */
    enum stop_reason reason;         /* while everything is being stopped, as far as it is known */
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

/* Wants every job with this `when` (enum job_when) to run; from boot on, schedules count. */
void jobs_start(struct jobs *j, enum job_when when);
bool jobs_done(const struct jobs *j, enum job_when when); /* none of them is on its way */
bool jobs_any_active(const struct jobs *j);
void jobs_stop_all(struct jobs *j);
/* Lets go of what SIGKILL has not ended since it was sent, at that moment (ms) or before. */
void jobs_leave(struct jobs *j, int64_t killed_until);
void jobs_resume(struct jobs *j); /* runs again what jobs_stop_all had stopped, before a shutdown */
void jobs_settle(struct jobs *j); /* looks, from the loop, whether a waiting job may run now */
bool jobs_exited(struct jobs *j, pid_t pid, int code, int status); /* false: none of ours */
struct job *jobs_find(struct jobs *j, const char *name); /* "data", "sync:data", "job:x"; NULL */
void jobs_news(struct jobs *j); /* one of them says something else: on_news, soon */

/* In agenda.c. */
extern const int64_t agenda_epoch; /* s since 1970: a clock that shows less is wrong */
void agenda_init(struct jobs *j);
void agenda_close(struct jobs *j);
void agenda_enter(struct job *job, int64_t since); /* its schedule counts from then on (s) */
void agenda_begin(struct job *job);                /* ... from now on, or from when it was seen */
void agenda_enter_all(struct jobs *j);             /* works out anew when each one is due */
void agenda_warn(const struct jobs *j);            /* catch_up= that cannot be had */
void agenda_note(const struct job *job);           /* its run goes on, or is over: catch_up= */
void agenda_arm(struct jobs *j);                   /* one of their moments is another one */
void agenda_look(struct jobs *j);                  /* runs what is due, and waits for the next */
struct moment agenda_after(const struct job *job, int64_t after); /* its first run behind it */
/* In the zone of its schedule. */
const struct calendar_zone *agenda_zone(const struct job *job);
/* "11:00 in Asia/Tokyo", where that zone shows another time than the machine's; else "" */
void agenda_elsewhere(const struct job *job, int64_t at, char *text, size_t size);
/* "2026-11-21 03:00:00", and, where the schedule has another zone, " (11:00 in Asia/Tokyo)" */
void agenda_clock(const struct job *job, int64_t at, char *text, size_t size);
void agenda_watch(struct jobs *j, int64_t also); /* ... and for this, which on_wall is told of */

#endif
