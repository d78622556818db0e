/*
 * All groups, their order, and what the whole is doing. One instance, owned by main.c.
 */
#ifndef ENGINE_SUPERVISOR_H
#define ENGINE_SUPERVISOR_H

#include "engine/pgroup.h"
#include "engine/pools.h"
#include "event/bus.h"

/* Supervisor's numbers. */
enum supervisor_state {
    SUPERVISOR_SHUTDOWN = -1,
    SUPERVISOR_RESTARTING = 0,
    SUPERVISOR_RUNNING = 1,
};

struct supervisor {
    struct host *host;                  /* borrowed */
    struct event_bus *bus;              /* borrowed */
    struct spawn_context spawn_context; /* set by the owner after init */
    struct config *config;              /* a reference: the last one that was read (reread) */
    struct graph graph;
    struct pools pools;     /* of event listeners */
    struct listens listens; /* sockets of listen= */
    struct list groups;     /* struct pgroup, in start order */
    struct list closing;    /* removed ones whose pipes are still closing */
    enum supervisor_state state;
    bool adopting;        /* groups are made for what runs: no AUTO logs, no sockets, no news */
    bool stopping_all;    /* everything is to go down, in order */
    bool sparing;         /* but not yet those that last */
    struct timer settle;  /* a waiting start or stop may have become possible */
    struct timer report;  /* "waiting for a, b to die", every 3 s of a stop */
    struct timer awaited; /* "waiting for a to stop", every 2 s while a client waits for that */
    void (*on_all_stopped)(struct supervisor *s); /* told once a stop of everything is complete */
    void *owner;
};

void supervisor_init(struct supervisor *s, struct host *host, struct event_bus *bus);
void supervisor_close(struct supervisor *s); /* every group must be idle and stopped */

/* Makes groups of everything in the configuration (a reference is taken); starts nothing. */
void supervisor_load(struct supervisor *s, struct config *config);

/* Wants up every autostart process; they start as soon as what they require is up. */
void supervisor_autostart(struct supervisor *s);

/* Says so, in getState and by an event, when that is not the state yet. */
void supervisor_announce(struct supervisor *s, enum supervisor_state state);
/* Stops everything in reverse order; on_all_stopped follows, from the loop. Of a shutdown, groups
 * that last are left for supervisor_stop_rest: until then they count as stopped. */
void supervisor_stop_all(struct supervisor *s, enum supervisor_state why);
void supervisor_stop_rest(struct supervisor *s);
bool supervisor_spares(const struct supervisor *s, const struct pgroup *g);
/* After that, when it is not to end after all: wants up again what had been up, and no more. */
void supervisor_resume(struct supervisor *s);
/* Leaves alone, as UNKNOWN, what SIGKILL has not ended since that moment (ms), or before. */
void supervisor_leave(struct supervisor *s, int64_t killed_until);
bool supervisor_all_stopped(const struct supervisor *s);
bool supervisor_rest_stopped(const struct supervisor *s); /* also those that last */

/* A client waits for the end of `p`, which is being stopped: the log says so now and then. */
void supervisor_await_stop(struct supervisor *s, struct proc *p);

/* Removes every (stopped) group, for a reload. */
void supervisor_unload(struct supervisor *s);

/* At the end, after supervisor_unload: leaves alone what runs in the UNKNOWN state. */
void supervisor_abandon(struct supervisor *s);

/* After an adoption: what exited programs have left behind stays, and limits are the newest. */
void supervisor_claim_cgroups(struct supervisor *s);

/* `reread`: keeps the new configuration for add. `update` is made of add and remove. */
void supervisor_set_config(struct supervisor *s, struct config *config);
int supervisor_add_group(struct supervisor *s, const char *name);    /* -EEXIST, -ENOENT */
int supervisor_remove_group(struct supervisor *s, const char *name); /* -EBUSY, -ENOENT */

/* While `adopting`: a group of that snapshot (a reference is taken), behind those there are. */
struct pgroup *supervisor_adopt_group(struct supervisor *s, struct config *snapshot,
                                      const struct group_config *config);

struct pgroup *supervisor_find_group(struct supervisor *s, const char *name);

/* Other nodes (jobs) have come or gone: makes every edge of the processes anew. */
void supervisor_relink(struct supervisor *s);

/* The host has reaped `pid`. False: not one of ours. */
bool supervisor_exited(struct supervisor *s, pid_t pid, int code, int status);

/* Something has changed that others may wait for: look again, from the loop. */
void supervisor_settle(struct supervisor *s);

/* Nothing that was started automatically is still on its way up. */
bool supervisor_autostarted(const struct supervisor *s);

void supervisor_reopen_logs(struct supervisor *s);

/* Walks every process of every group, in start order. */
#define supervisor_each_proc(p, g, s)                                                              \
    list_each (g, &(s)->groups, link)                                                              \
        for ((p) = (g)->procs; (p) < (g)->procs + (g)->count; (p)++)

/* Between supervisor.c and supervisor_stop.c, which are one. */
void supervisor_stop_init(struct supervisor *s);
void supervisor_step_stop(struct supervisor *s); /* of a stop of everything: what may be next */
bool supervisor_goes_on(struct supervisor *s);
void supervisor_publish(struct supervisor *s, enum event_type type, const char *group);

#endif
