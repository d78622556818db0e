/*
 * Between the bus and the event listeners: every pool of the supervisor, which owns this.
 *
 * Events are put into the pools' buffers where they happen, and sent from the loop. Without a
 * pool that wants TICK events, no timer runs.
 */
#ifndef ENGINE_POOLS_H
#define ENGINE_POOLS_H

#include <stddef.h>

#include "engine/pool.h"
#include "engine/tick.h"
#include "engine/timer.h"
#include "event/bus.h"
#include "output/file.h"

struct pgroup;
struct proc;
struct supervisor;

struct pools {
    struct supervisor *supervisor; /* the owner */
    struct event_subscriber subscriber;
    struct list pools;    /* struct pool, owned by their groups */
    uint64_t types;       /* what any of them wants */
    uint64_t next_serial; /* of events; goes on across a reload */
    struct timer dispatch;
    struct timer patience; /* somebody was waited for long enough */
    struct timer tick;
    struct ticks ticks;
    struct file_log terminal; /* our standard output, for supervisor_stdout:event_handler */
};

void pools_init(struct pools *pools, struct supervisor *s);
void pools_close(struct pools *pools); /* no timer runs any more */

/* The pool of a group of listeners, which hears events from now on. Memory is the group's. */
struct pool *pools_add(struct pools *pools, struct pgroup *g);
void pools_mute(struct pools *pools, struct pool *p); /* hears no more; twice is fine */
void pools_free(struct pool *p);                      /* muted; NULL is fine */

/* After a hand-over: looks at once what waits and whether a slice of time has begun. */
void pools_wake(struct pools *pools);

/* On the way down: may the group's processes be stopped? Not while they have events to hear, for
 * at most POOL_PATIENCE_MS; then supervisor_settle follows. */
bool pools_may_stop(struct pgroup *g);

/* Of processes of a group that has a pool: started, ended, has written to its standard output. */
void pools_started(struct proc *p);
void pools_ended(struct proc *p);
void pools_heard(struct proc *p, const char *data, size_t len);

#endif
