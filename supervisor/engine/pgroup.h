/* A group of processes, as Supervisor has them: the unit of add, remove and update. */
#ifndef ENGINE_PGROUP_H
#define ENGINE_PGROUP_H

#include "base/list.h"
#include "engine/fcgi.h"
#include "engine/proc.h"

struct supervisor;

struct pgroup {
    struct list link;              /* in the supervisor, in start order */
    struct supervisor *supervisor; /* the owner */
    struct config *snapshot;       /* a reference: what it was started with */
    const struct group_config *config;
    struct proc *procs; /* owned array, in start order */
    size_t count;
    struct proc **ranked; /* owned array: the same by priority, which one call to all goes by */
    struct fcgi *sockets; /* owned array: of the fcgi-programs among them */
    size_t socket_count;
    struct pool *pool; /* of listeners; NULL: it is none. Owned */
    bool closing;      /* removed; freed when its last pipe is closed */
};

struct pgroup *pgroup_new(struct supervisor *s, struct config *snapshot,
                          const struct group_config *config);
void pgroup_free(struct pgroup *g); /* every child must be idle */
bool pgroup_idle(const struct pgroup *g);
bool pgroup_stopped(const struct pgroup *g);
struct proc *pgroup_find(struct pgroup *g, const char *name); /* borrowed, NULL */

#endif
