/*
 * A control and all behind it on a simulated machine, for fuzzing: calls are made to it, time is
 * let pass, and at the end everything must come down cleanly, whatever was asked.
 */
#ifndef SIM_DESK_H
#define SIM_DESK_H

#include "control/control.h"
#include "jobs/shutdown.h"
#include "world.h"

struct desk {
    struct sim_host sim;
    struct event_bus bus;
    struct supervisor s;
    struct jobs jobs;
    struct shutdown shutdown;
    struct world world;
    struct control control;
    struct event_subscriber subscriber;
    uv_loop_t loop;
    const char *log; /* borrowed: of the daemon and of process p0000:p0000_0 */
    bool down;       /* the shutdown is through */
    bool closed;
};

void desk_must(bool holds); /* aborts */

/* Everything is up, and listens where `server` says, unless that is NULL. */
void desk_open(struct desk *d, const char *log, struct server_config *server);
void desk_live(struct desk *d, int64_t ms); /* of simulated time */
void desk_turn(struct desk *d);             /* lets the loop do what there is to do */
void desk_close(struct desk *d);            /* shuts down, as SIGTERM does, and frees all */

#endif
