/* The real host: this machine, its clocks and processes, on a libuv loop. */
#ifndef ENGINE_MACHINE_H
#define ENGINE_MACHINE_H

#include "engine/host.h"

struct machine {
    struct host host;
    uv_timer_t timer; /* runs until the earliest deadline; stopped when there is none */
    uv_idle_t due;    /* active while a deadline has passed: once in each turn of the loop */
    uv_poll_t wall;   /* of wall_fd, while that is one */
    int wall_fd;      /* a timer of the wall clock; -1: nobody has asked for one yet */
};

int machine_open(struct machine *m, uv_loop_t *loop);
void machine_close(struct machine *m); /* no deadline comes any more; closes in the loop */

#endif
