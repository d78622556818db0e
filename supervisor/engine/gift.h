/*
 * What a process is given besides its three pipes: sockets to listen at, as in sd_listen_fds(3),
 * where to say how it is, as in sd_notify(3), and variables. All borrowed, for one start; zero:
 * nothing.
 */
#ifndef ENGINE_GIFT_H
#define ENGINE_GIFT_H

#include "engine/spawn.h"

struct gift {
    const int *fds; /* its descriptors from 3 on */
    int fd_count;
    const char *fd_names; /* LISTEN_FDNAMES */
    const char *notify;   /* NOTIFY_SOCKET; NULL: none */
    int64_t watchdog_us;  /* WATCHDOG_USEC; 0: none */
    char *const *vars;    /* more of them, NAME=VALUE, NULL at the end; NULL: none */
};

/* Into the plan: descriptors, and variables, which win over those that are there. */
void gift_give(const struct gift *g, struct spawn_plan *plan, struct arena *a);

#endif
