/* What a child uses now: by its cgroup, else by what /proc says of its process alone. */
#ifndef ENGINE_USAGE_H
#define ENGINE_USAGE_H

#include "engine/child.h"

struct usage {
    int64_t memory; /* bytes */
    bool resident;  /* it is the sum of what its processes have in memory, shared pages twice */
    int64_t cpu_us; /* since the start */
    int64_t tasks;  /* processes and threads */
};

/* False: nothing of it lives. A few files are read, or a few for each process in its cgroup. */
bool usage_of(const struct child *c, struct usage *u);
bool usage_of_self(struct usage *u); /* of this process alone */

#endif
