#include "engine/cgroup.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/fd.h"
#include "base/log.h"
#include "engine/cgroup_dir.h"
#include "engine/limits.h"

enum {
    CGROUP_LOOK_MAX_MS = 200,  /* between two looks whether it is empty */
    CGROUP_GIVE_UP_MS = 10000, /* a process that hangs in the kernel is not waited for longer */
};

static bool cgroup_limited(const struct cgroup *cg)
{
    return limits_controllers(&cg->limits) != 0;
}

static bool cgroup_in_room(const struct cgroup *cg)
{
    return cg->fd >= 0 && cg->all->state == ROOM_READY && cg->parent == cg->all->room;
}

/* --- Limits -------------------------------------------------------------------------------- */

/* Once for each change of them. */
static void cgroup_tell(struct cgroup *cg, unsigned controllers, const char *why)
{
    struct buf names = BUF_EMPTY;
    if (!cg->told) {
        limits_names(&cg->limits, controllers, &names);
        log_warn("'%s' runs without its limits (%s): %s", cg->label, buf_str(&names), why);
    }
    buf_close(&names);
    cg->told = true;
}

static void cgroup_tell_none(struct cgroup *cg)
{
    const struct cgroups *g = cg->all;
    cgroup_tell(cg, ~0U, g->kind == CGROUPS_NONE ? g->why : g->why_room);
}

static void cgroup_apply(struct cgroup *cg)
{
    const char *file = NULL;
    unsigned wanted = limits_controllers(&cg->limits);
    int rc = limits_apply(&cg->limits, cg->all->controllers, cg->fd, &file);
    if (wanted & ~cg->all->controllers)
        cgroup_tell(cg, wanted & ~cg->all->controllers, "their controllers cannot be had here");
    if (rc < 0)
        log_warn("'%s': %s cannot be set: %s", cg->label, file, strerror(-rc));
}

/* --- Where it is --------------------------------------------------------------------------- */

static int64_t cgroup_count_oom(const struct cgroup *cg)
{
    int64_t kills = cgroup_dir_field(cg->fd, "memory.events", "oom_kill");
    return kills > 0 ? kills : 0;
}

static int cgroup_open(struct cgroup *cg, int parent)
{
    char name[CGROUP_NAME_MAX + 1];
    cgroup_path_name(cg->of_job, cg->label, name);
    int fd = cgroup_dir_make(parent, name);
    if (fd < 0)
        return fd;
    fd_close(&cg->fd);
    cg->fd = fd;
    cg->parent = parent;
    return 0;
}

/* False: others use the same one, or something lives in it. */
static bool cgroup_remove(struct cgroup *cg, int parent)
{
    char name[CGROUP_NAME_MAX + 1];
    const struct cgroup *other;
    list_each (other, &cg->all->groups, link) {
        if (other != cg && other->fd >= 0 && other->parent == parent &&
            other->of_job == cg->of_job && strcmp(other->label, cg->label) == 0)
            return false;
    }
    cgroup_path_name(cg->of_job, cg->label, name);
    return cgroup_dir_remove(parent, name) == 0;
}

static void cgroup_drop(struct cgroup *cg)
{
    if (cg->fd < 0)
        return;
    int parent = cg->parent;
    fd_close(&cg->fd);
    (void)cgroup_remove(cg, parent);
}

/* Into the room, with all that lives in it. */
static void cgroup_move(struct cgroup *cg)
{
    int old = cg->fd;
    int parent = cg->parent;
    cg->fd = -1;
    int rc = cgroup_open(cg, cg->all->room);
    if (rc < 0) {
        cg->fd = old;
        log_warn("'%s' cannot be limited: no cgroup can be made for it: %s", cg->label,
                 strerror(-rc));
        return;
    }
    cgroup_apply(cg);
    cg->oom_before = cgroup_count_oom(cg);
    cgroup_dir_move(old, cg->fd);
    fd_close(&old);
    (void)cgroup_remove(cg, parent);
}

static void cgroup_placed(struct cgroup *cg)
{
    if (!cg->waits)
        return;
    cg->waits = false;
    if (cg->on_placed)
        cg->on_placed(cg);
}

/* As the limits want it: in the room with them, or where it is with a word about that. */
static void cgroup_place(struct cgroup *cg)
{
    struct cgroups *g = cg->all;
    if (cgroup_in_room(cg))
        cgroup_apply(cg); /* also when there are none any more */
    else if (cgroup_limited(cg) && g->state == ROOM_READY)
        cgroup_move(cg);
    else if (cgroup_limited(cg) && g->state == ROOM_REFUSED)
        cgroup_tell_none(cg);
    cgroup_placed(cg);
}

void cgroup_set_limits(struct cgroup *cg, const struct limits *limits)
{
    struct cgroups *g = cg->all;
    bool changed = !limits_same(&cg->limits, limits);
    cg->limits = *limits;
    cg->told = cg->told && !changed;
    if (!g || cg->fd < 0)
        return;
    changed |= cg->claimed;
    cg->claimed = false;
    if (changed && cgroup_limited(cg) && g->state != ROOM_READY)
        cgroups_want_room(g); /* its answer comes back here */
    if (g->state != ROOM_ASKED)
        cgroup_place(cg);
}

/* --- Start --------------------------------------------------------------------------------- */

static int cgroup_enter_room(struct cgroup *cg)
{
    int rc = cgroup_open(cg, cg->all->room);
    if (rc == 0)
        cgroup_apply(cg);
    else if (cg->all->room != cg->all->base)
        cgroups_lose_room(cg->all);
    return rc;
}

int cgroup_enter(struct cgroup *cg)
{
    struct cgroups *g = cg->all;
    if (g && g->kind == CGROUPS_NONE && cgroup_limited(cg))
        cgroup_tell_none(cg);
    if (!g || g->kind == CGROUPS_NONE)
        return -1;
    int rc = -1;
    if (cgroup_limited(cg) && g->state == ROOM_READY)
        rc = cgroup_enter_room(cg);
    if (rc < 0 && cgroup_limited(cg))
        cgroups_want_room(g);
    if (rc < 0)
        rc = cgroup_limited(cg) && g->state == ROOM_READY ? cgroup_enter_room(cg)
                                                          : cgroup_open(cg, g->base);
    if (rc < 0) {
        log_warn("'%s' has no cgroup of its own: %s", cg->label, strerror(-rc));
        fd_close(&cg->fd);
        return -1;
    }
    cg->waits = cgroup_limited(cg) && g->state == ROOM_ASKED;
    if (cgroup_limited(cg) && g->state == ROOM_REFUSED)
        cgroup_tell_none(cg);
    cg->oom_before = cgroup_count_oom(cg);
    return cg->fd;
}

void cgroup_put(struct cgroup *cg, pid_t pid)
{
    char text[16];
    (void)snprintf(text, sizeof text, "%d", (int)pid);
    if (cg->fd >= 0)
        (void)cgroup_dir_write(cg->fd, "cgroup.procs", text);
}

void cgroup_claim(struct cgroup *cg)
{
    struct cgroups *g = cg->all;
    char name[CGROUP_NAME_MAX + 1];
    if (!g || g->kind == CGROUPS_NONE || cg->fd >= 0)
        return;
    cgroup_path_name(cg->of_job, cg->label, name);
    const int parents[] = {g->room, g->base};
    for (size_t i = 0; i < sizeof parents / sizeof *parents && cg->fd < 0; i++) {
        int fd = parents[i] < 0 ? -1 : cgroup_dir_open(parents[i], name);
        if (fd >= 0 && !cgroup_dir_populated(fd))
            fd_close(&fd);
        cg->fd = fd < 0 ? -1 : fd;
        cg->parent = parents[i];
    }
    cg->claimed = cg->fd >= 0;
}

/* --- End ----------------------------------------------------------------------------------- */

int64_t cgroup_oom_kills(const struct cgroup *cg)
{
    return cg->fd < 0 ? 0 : cgroup_count_oom(cg) - cg->oom_before;
}

void cgroup_oom_text(const struct cgroup *cg, char *text, size_t size)
{
    char limit[32];
    limits_memory_text(cg->limits.memory_max, limit, sizeof limit);
    if (cg->limits.memory_max == CONFIG_UNSET)
        (void)snprintf(text, size, "killed by the kernel: out of memory");
    else
        (void)snprintf(text, size, "killed by the kernel: out of memory (memory_max %s)", limit);
}

static void cgroup_emptied(struct cgroup *cg)
{
    cg->emptying = false;
    cgroup_drop(cg);
    if (cg->on_empty)
        cg->on_empty(cg);
}

static void on_look(struct timer *timer)
{
    struct cgroup *cg = container_of(timer, struct cgroup, look);
    struct host *host = cg->all->host;
    bool alive = cgroup_dir_populated(cg->fd);
    if (alive && host_now(host) < cg->give_up) {
        cg->wait_ms = cg->wait_ms * 2 > CGROUP_LOOK_MAX_MS ? CGROUP_LOOK_MAX_MS : cg->wait_ms * 2;
        host_arm(host, &cg->look, host_now(host) + cg->wait_ms);
        return;
    }
    if (alive)
        log_error("what '%s' has left behind does not end, although it was killed", cg->label);
    cgroup_emptied(cg);
}

void cgroup_clear(struct cgroup *cg)
{
    cg->waits = false;
    if (cg->fd < 0 || cg->emptying)
        return;
    if (!cgroup_dir_populated(cg->fd)) {
        cgroup_drop(cg);
        return;
    }
    size_t count = cgroup_dir_pids(cg->fd, "cgroup.procs", NULL, NULL);
    count += count == 0; /* in folders that it has made */
    cgroup_dir_kill(cg->fd);
    log_info("killed %zu process%s that '%s' has left behind", count, count == 1 ? "" : "es",
             cg->label);
    cg->emptying = true;
    cg->wait_ms = 1;
    cg->give_up = host_now(cg->all->host) + CGROUP_GIVE_UP_MS;
    host_arm(cg->all->host, &cg->look, host_now(cg->all->host) + cg->wait_ms);
}

void cgroup_leave(struct cgroup *cg)
{
    cg->waits = false;
    if (cg->fd < 0 || cg->emptying)
        return;
    if (!cgroup_dir_populated(cg->fd))
        cgroup_drop(cg);
    else
        log_info("'%s' has left processes behind, which go on until it is started again or "
                 "everything ends",
                 cg->label);
}

void cgroup_init(struct cgroup *cg, struct cgroups *all, const struct limits *limits)
{
    *cg = (struct cgroup){.all = all, .limits = *limits, .fd = -1, .parent = -1};
    list_init(&cg->link);
    cg->look.on_due = on_look;
    if (all)
        list_append(&all->groups, &cg->link);
}

void cgroup_close(struct cgroup *cg)
{
    if (!cg->all)
        return;
    host_disarm(cg->all->host, &cg->look);
    if (cg->fd >= 0 && cgroup_dir_populated(cg->fd))
        cgroup_dir_kill(cg->fd);
    cgroup_drop(cg);
    list_remove(&cg->link);
    cg->emptying = false;
    cg->all = NULL;
}
