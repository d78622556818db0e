/*
 * The part of cgroup v2 that is ours, if there is one: each process of a program or job lives in
 * a sub-group of its own (cgroup.h), so that all that it starts can be counted, limited and ended.
 *
 * Ours is what was handed to us: the folder of a systemd unit with Delegate=yes, or, for PID 1 of
 * a container, the root of its namespace. One daemon at a time has it, by a lock. Nothing else is
 * ever touched. Owned by main.c; host.cgroups points to it.
 *
 * Limits need controllers, and a folder whose sub-groups have controllers must have no process of
 * its own. In the folder of a systemd service they must stay off at that: systemd could not start
 * a crashed daemon in it again. So limited processes have a room of their own: a scope that
 * somebody above asks systemd for, or, where the service has a sub-group for the daemon itself
 * (DelegateSubgroup=), and in a container, our folder.
 */
#ifndef ENGINE_CGROUPS_H
#define ENGINE_CGROUPS_H

#include "base/list.h"
#include "engine/host.h"

#define CGROUPS_KEEPER "keeper" /* in the scope: who holds the place, see systemd/scope.h */

enum cgroups_kind {
    CGROUPS_NONE,     /* see `why` */
    CGROUPS_SERVICE,  /* the daemon lives in the folder itself */
    CGROUPS_SUBGROUP, /* the daemon lives in a sub-group of it */
    CGROUPS_ROOT,     /* of a container whose PID 1 we are */
};

enum cgroups_room {
    ROOM_UNASKED,
    ROOM_ASKED, /* it may come yet: processes wait at their gates, for a few seconds */
    ROOM_READY,
    ROOM_REFUSED, /* see `why_room`; it may come later all the same */
};

struct cgroups {
    struct host *host;
    enum cgroups_kind kind;
    char why[256];
    char *path; /* of `base`, owned; NULL: none */
    int base;   /* the folder; -1: none */
    enum cgroups_room state;
    char why_room[256];
    int room;             /* the folder of the limited ones, may be `base`; -1: none */
    unsigned controllers; /* enum controller: those that the room's folders have */
    struct list groups;   /* struct cgroup: of all children */
    struct timer patience;
    bool impatient; /* it has been waited for in vain: who needs it next does not wait */
    /* CGROUPS_SERVICE: asks for the scope; answers by cgroups_have_room or cgroups_no_room, at
     * once or later. NULL: nobody can be asked. */
    void (*ask)(struct cgroups *g);
    void *owner;
};

/* Finds out what is ours; nothing of it is an error, the log says once how it is. */
void cgroups_open(struct cgroups *g, struct host *host);
void cgroups_close(struct cgroups *g);

/*
 * Ends whatever lives in sub-groups that no child accounts for, which is what a daemon that died
 * has left behind, and waits for that, for a few seconds at most: before anything is started, and
 * after children were adopted (each of which has claimed its own). How many processes there were.
 */
size_t cgroups_sweep(struct cgroups *g);
void cgroups_end(struct cgroups *g); /* everything in our sub-groups: for the orderly end */

/* "/sys/fs/cgroup/system.slice/mainstay-programs.scope"; mem_free it. NULL: not for this kind. */
char *cgroups_scope_path(const struct cgroups *g);

/* The folder at `path` is the room. The processes in it that are not ours have moved already. */
void cgroups_have_room(struct cgroups *g, const char *path);
void cgroups_no_room(struct cgroups *g, const char *why);

/* For cgroup.c. */
void cgroups_want_room(struct cgroups *g);
void cgroups_lose_room(struct cgroups *g); /* it is gone: the next one who needs it asks anew */

#endif
