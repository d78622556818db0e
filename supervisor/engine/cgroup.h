/*
 * The sub-group of one child: "program-web", with everything that the child has started. Embedded
 * in the child. Without cgroups (host.cgroups is NULL, or nothing was delegated to us) it is
 * nothing, and none of this does anything.
 */
#ifndef ENGINE_CGROUP_H
#define ENGINE_CGROUP_H

#include "base/list.h"
#include "config/process.h"
#include "engine/cgroup_path.h"
#include "engine/cgroups.h"

struct cgroup {
    struct list link;    /* among all of them */
    struct cgroups *all; /* borrowed; NULL: none */
    const char *label;   /* of the owner, for messages; borrowed, set after init */
    bool of_job;
    struct limits limits; /* what it is to have now */
    int fd;               /* its folder; -1: there is none */
    int parent;           /* the folder that it is in, borrowed */
    bool waits;           /* for the room: its process must not go on yet */
    bool claimed;         /* by cgroup_claim, and its limits were not looked at since */
    bool told;            /* the log knows that limits are not applied */
    int64_t oom_before;   /* memory.events: before this start */
    bool emptying;        /* killed, and not yet empty */
    struct timer look;    /* while emptying */
    int64_t wait_ms;      /* until the next look */
    int64_t give_up;      /* when it is not waited for any more */
    void (*on_placed)(struct cgroup *cg); /* it waits no more */
    void (*on_empty)(struct cgroup *cg);  /* emptying is over */
};

void cgroup_init(struct cgroup *cg, struct cgroups *all, const struct limits *limits);
void cgroup_close(struct cgroup *cg); /* what is left in it is killed */

/* Before a start: the folder to be born in, or -1. With `waits` the process needs a gate. */
int cgroup_enter(struct cgroup *cg);
void cgroup_put(struct cgroup *cg, pid_t pid); /* a process that could not be born in it */
/* An adopted process lives in it. Its limits stay as they are until cgroup_set_limits. */
void cgroup_claim(struct cgroup *cg); /* an adopted process lives in it */

void cgroup_set_limits(struct cgroup *cg, const struct limits *limits); /* at once */

/* How many of its processes the kernel has killed for want of memory since the start. */
int64_t cgroup_oom_kills(const struct cgroup *cg);

/* "killed by the kernel: out of memory (memory_max 512M)" */
void cgroup_oom_text(const struct cgroup *cg, char *text, size_t size);

/* After the end of its process, or before the next: kills the rest. See `emptying`. */
void cgroup_clear(struct cgroup *cg);
void cgroup_leave(struct cgroup *cg); /* likewise, but lets the rest live on until then */

#endif
