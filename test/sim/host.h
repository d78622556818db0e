/*
 * A simulated machine: the engine's host with a clock that jumps from one event to the next and
 * children that live and die by the dice. Everything follows from the seed.
 */
#ifndef SIM_HOST_H
#define SIM_HOST_H

#include <stdbool.h>
#include <stdint.h>

#include "engine/host.h"
#include "engine/spawn.h"

enum { SIM_PIDS = 1 << 16 };

#define SIM_WALL INT64_C(1795238798205) /* the wall clock at the beginning, in ms */

enum sim_birth { SIM_LIVES, SIM_NO_FORK, SIM_NO_EXEC };

/* What will become of a child that is started now. */
struct sim_fate {
    enum sim_birth birth;
    int64_t life_ms; /* until it dies by itself */
    int code;        /* si_code and si_status of that death */
    int status;
    int64_t ends_ms; /* how long it takes to die when asked; -1: it does not listen */
};

struct sim_child {
    struct timer timer; /* its death, then its burial; first: a pointer to it is one to the child */
    struct sim_host *sim;
    pid_t pid;
    int owner; /* what owner_of made of its name */
    struct sim_fate fate;
    bool dead; /* and not yet waited for */
    bool killed;
};

/*
 * Owned by the test. The hooks are called while the engine is at work; on_spawn and on_kill may be
 * NULL.
 */
struct sim_host {
    struct host host; /* first: a pointer to it is a pointer to the simulator */
    int64_t now;
    int64_t wall_offset;
    int64_t wake; /* when the engine wants to be called, -1 */
    int64_t wall; /* likewise, by the wall clock */
    uint64_t seed;
    struct timer_heap fates;
    struct sim_child **children; /* owned, by pid */
    pid_t last_pid;
    size_t alive; /* with the dead that nobody has waited for */
    uint64_t spawned, refused, killed, steps;
    int idle_steps; /* steps in a row without any time passing */
    int (*owner_of)(struct sim_host *sim, const char *name);
    void (*draw_fate)(struct sim_host *sim, int owner, struct sim_fate *fate);
    void (*on_spawn)(struct sim_host *sim, const struct sim_child *child);
    void (*on_kill)(struct sim_host *sim, const struct sim_child *child, int number);
    void (*on_exit)(struct sim_host *sim, const struct sim_child *child, int code, int status);
    void (*on_wrong)(struct sim_host *sim, const char *sentence); /* should not return */
    void *owner;
};

void sim_init(struct sim_host *sim, uint64_t seed);
void sim_close(struct sim_host *sim); /* children that are left are forgotten */

uint32_t sim_draw(struct sim_host *sim, uint32_t below);                /* 0 .. below - 1 */
int64_t sim_between(struct sim_host *sim, int64_t least, int64_t most); /* both included */
bool sim_chance(struct sim_host *sim, uint32_t one_in);

void sim_set_clock(struct sim_host *sim, int64_t ms); /* the wall clock, so much on or back */

/* Lets the next thing happen if it does so until `until`; otherwise it is `until` now. */
bool sim_step(struct sim_host *sim, int64_t until);

bool sim_quiet(const struct sim_host *sim); /* nothing is due for the engine at this moment */

const struct sim_child *sim_find(const struct sim_host *sim, pid_t pid); /* NULL: nobody's */

#endif
