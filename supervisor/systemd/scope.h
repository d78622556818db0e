/*
 * The scope in which limited processes live, beside the service: engine/cgroups.h says why.
 * systemd is asked for it when somebody needs it. It lasts as long as something lives in it, so a
 * process that does nothing, the keeper, holds the place; it outlives a crash of the daemon.
 */
#ifndef SYSTEMD_SCOPE_H
#define SYSTEMD_SCOPE_H

#include <sys/types.h>

#include "engine/cgroups.h"
#include "systemd/bus.h"

/* Owned by the bridge (bridge.h). */
struct scope {
    struct cgroups *cgroups; /* borrowed */
    struct bus *bus;         /* borrowed */
    struct bus_user user;
    struct bus_ask ask;
    struct timer look; /* is it there yet? */
    int64_t give_up;   /* ms: when it is not waited for any more */
    bool wanted;       /* somebody waits for it */
    bool asked;        /* systemd has agreed: it comes */
    pid_t keeper;      /* a child of ours; 0: none */
    char *path;        /* of its folder, owned; NULL until it is wanted */
};

void scope_open(struct scope *s, struct cgroups *cgroups, struct bus *bus);
void scope_close(struct scope *s);

bool scope_exited(struct scope *s, pid_t pid); /* the keeper has ended; false: another process */

#endif
