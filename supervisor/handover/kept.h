/*
 * The memory that outlives us: of the keeper (keeper.h), who made it or took it over, and of the
 * recovery (recovery.h), who found it.
 */
#ifndef HANDOVER_KEPT_H
#define HANDOVER_KEPT_H

#include "handover/snapshot.h"
#include "handover/statelog.h"
#include "output/flight.h"

struct kept {
    struct statelog log;
    struct flight flight;
    bool there; /* it is open, and systemd has it, too */
};

/* `fds` are state-a, state-b and flight, taken also on failure; -1: made anew. */
int kept_open(struct kept *kept, const int fds[3], struct err *e);
void kept_close(struct kept *kept); /* twice is fine */

/* What `w` says that the version before us has left. */
void kept_inherit(struct kept *kept, const struct whole *w);

/* When the process began, in the kernel's ticks since boot; 0: there is none. With its pid this is
 * one process, and no other one that has got its pid. */
uint64_t kept_ticks(pid_t pid);

#endif
