/*
 * All that the engine asks of the machine goes through this small table, so that the whole
 * engine also runs on a simulated machine with a fake clock (test/sim).
 *
 * The real one is engine/reaper.c and engine/spawn.c on the libuv loop.
 */
#ifndef ENGINE_HOST_H
#define ENGINE_HOST_H

#include <stdint.h>
#include <sys/types.h>
#include <uv.h>

#include "base/err.h"
#include "engine/timer.h"

struct cgroups;
struct inherited;
struct keep;
struct reaper;
struct spawn_plan;
struct host;

/* A process that was started. Descriptors are the receiver's; -1: there is none. */
struct spawned {
    pid_t pid;
    int pidfd;    /* -1 when the kernel gives none */
    int gate;     /* a byte lets it go on to exec, the end of the pipe ends it; -1: it just goes */
    int in;       /* write end of the child's standard input; -1 when it was given one */
    int out;      /* read end of its standard output */
    int err;      /* read end of its standard error; -1 with redirect_stderr */
    int report;   /* read end that tells why exec failed; end of file when exec worked */
    bool strayed; /* it could not be born in plan.cgroup */
};

/* Somebody who lives by the wall clock, which others set: embedded in its owner. */
struct wall_watch {
    void (*on_wall)(struct wall_watch *w);
};

struct host_ops {
    int64_t (*now)(struct host *h);  /* CLOCK_MONOTONIC, ms */
    int64_t (*wall)(struct host *h); /* ms since 1970 */
    /* 0, or -errno with Supervisor's sentence in e */
    int (*spawn)(struct host *h, const struct spawn_plan *plan, struct spawned *out, struct err *e);
    int (*kill)(struct host *h, pid_t pid, int number); /* negative pid: its group; 0 or -errno */
    /* call host_run_due then, but not before the loop has looked at its descriptors; -1: never */
    void (*wake_at)(struct host *h, int64_t due);
    /* tell host.wall when the wall clock shows this (ms since 1970), and whenever it is set before
     * that, once; -1: never; 0 or -errno */
    int (*watch_wall)(struct host *h, int64_t wall);
};

struct host {
    const struct host_ops *ops;
    struct timer_heap timers;
    int64_t turn_end;            /* ms: when host_turn_over becomes true */
    uint64_t serials;            /* of children: the last one given */
    uv_loop_t *loop;             /* NULL in the simulator: children have no pipes there */
    struct inherited *inherited; /* sockets that were open before us; NULL: none. Borrowed */
    struct cgroups *cgroups; /* where programs have cgroups of their own; NULL: nowhere. Borrowed */
    struct reaper *reaper;   /* hears of the end of strangers, too; NULL: nobody. Borrowed */
    struct wall_watch *wall; /* whom watch_wall is for; NULL: nobody. Borrowed */
    struct keep *keep;       /* who keeps the children beyond our own end; NULL: nobody. Borrowed */
};

int64_t host_now(struct host *h);
int64_t host_wall(struct host *h);
void host_arm(struct host *h, struct timer *t, int64_t due);
void host_disarm(struct host *h, struct timer *t);
void host_close(struct host *h); /* frees the heap: nothing may be armed any more */

/* Calls every timer that is due, each at most once; what there is no time for comes next turn. */
void host_run_due(struct host *h);

/* For whoever has much to do: this turn of the loop has been long enough, go on in the next one,
 * by a timer that is due. Who asks has done something first, so that all get on. A turn begins
 * with host_run_due, or where something large begins outside of it. */
void host_begin_turn(struct host *h);
bool host_turn_over(struct host *h);

#endif
