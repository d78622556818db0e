#include "engine/cgroups.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/xattr.h>
#include <time.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/log.h"
#include "base/mem.h"
#include "engine/cgroup.h"
#include "engine/cgroup_dir.h"
#include "engine/cgroup_path.h"
#include "engine/limits.h"

enum {
    CGROUPS_PATIENCE_MS = 5000, /* how long processes wait at their gates for the room */
    CGROUPS_SWEEP_MS = 5000,    /* how long killed processes may take to be gone */
    CGROUPS_LOOK_MS = 5,
    CGROUPS_LOCK_MS = 1000, /* a dead daemon's last child may hold the lock until it execs */
    CGROUPS_FILE = 8 << 20, /* bytes of a file in /proc */
};

#define CGROUPS_OWN "mainstayd" /* PID 1's own sub-group */

static void cgroups_pause(void)
{
    const struct timespec pause = {.tv_nsec = CGROUPS_LOOK_MS * 1000000L};
    (void)nanosleep(&pause, NULL);
}

/* --- What is ours -------------------------------------------------------------------------- */

__attribute__((format(printf, 2, 3))) static int cgroups_refuse(struct cgroups *g, const char *fmt,
                                                                ...)
{
    va_list ap;
    va_start(ap, fmt);
    g->kind = CGROUPS_NONE;
    (void)vsnprintf(g->why, sizeof g->why, fmt, ap);
    va_end(ap);
    return -1;
}

/* systemd marks the folder of a unit with Delegate=yes, and nothing else. */
static bool cgroups_delegated(int dir)
{
    char value[8] = "";
    return (fgetxattr(dir, "user.delegate", value, sizeof value - 1) > 0 ||
            fgetxattr(dir, "trusted.delegate", value, sizeof value - 1) > 0) &&
           strcmp(value, "1") == 0;
}

static char *cgroups_find_path(struct cgroups *g)
{
    struct buf cgroup = BUF_EMPTY;
    struct buf mounts = BUF_EMPTY;
    char *path = NULL;
    struct err e;
    const char *why = "/proc is not there";
    if (fd_read_file("/proc/self/cgroup", CGROUPS_FILE, &cgroup, &e) == 0 &&
        fd_read_file("/proc/self/mountinfo", CGROUPS_FILE, &mounts, &e) == 0)
        path = cgroup_path_find(buf_str(&cgroup), buf_str(&mounts), &why);
    if (!path)
        (void)cgroups_refuse(g, "%s", why);
    if (path && getpid() == 1 && strstr(buf_str(&cgroup), "0::/\n"))
        g->kind = CGROUPS_ROOT;
    buf_close(&cgroup);
    buf_close(&mounts);
    return path;
}

/* The parent of our folder is that of our unit, and nobody lives in it. */
static bool cgroups_is_subgroup(const char *path)
{
    bool is = false;
    int above = openat(AT_FDCWD, path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    int parent = above < 0 ? -1 : cgroup_dir_open(above, "..");
    if (parent >= 0)
        is = cgroups_delegated(parent) && cgroup_dir_pids(parent, "cgroup.procs", NULL, NULL) == 0;
    if (parent >= 0)
        fd_close(&parent);
    fd_close(&above);
    return is;
}

static int cgroups_lock(int dir)
{
    for (int waited = 0; flock(dir, LOCK_EX | LOCK_NB) < 0; waited += CGROUPS_LOOK_MS) {
        if (waited >= CGROUPS_LOCK_MS)
            return -1;
        cgroups_pause();
    }
    return 0;
}

/* Takes `path`, which is the caller's when this fails. */
static int cgroups_take(struct cgroups *g, char *path)
{
    g->base = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (g->base < 0)
        return cgroups_refuse(g, "our cgroup %s cannot be opened", path);
    if (g->kind == CGROUPS_NONE && cgroups_delegated(g->base)) {
        g->kind = CGROUPS_SERVICE;
    } else if (g->kind == CGROUPS_NONE && cgroups_is_subgroup(path)) {
        *strrchr(path, '/') = '\0';
        fd_close(&g->base);
        g->base = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        g->kind = CGROUPS_SUBGROUP;
    }
    if (g->kind == CGROUPS_NONE)
        return cgroups_refuse(g, "the cgroup %s was not handed to us (Delegate=yes in the unit)",
                              path);
    if (faccessat(g->base, "cgroup.procs", W_OK, AT_EACCESS) < 0)
        return cgroups_refuse(g, "the cgroup %s cannot be written to", path);
    if (cgroups_lock(g->base) < 0)
        return cgroups_refuse(g, "another mainstayd has the cgroup %s", path);
    g->path = path;
    return 0;
}

/* --- The room ------------------------------------------------------------------------------ */

static void cgroups_place_all(struct cgroups *g)
{
    struct cgroup *cg;
    list_each (cg, &g->groups, link)
        cgroup_set_limits(cg, &cg->limits);
}

void cgroups_no_room(struct cgroups *g, const char *why)
{
    if (g->state == ROOM_READY)
        return;
    host_disarm(g->host, &g->patience);
    g->state = ROOM_REFUSED;
    (void)snprintf(g->why_room, sizeof g->why_room, "%s", why);
    cgroups_place_all(g);
}

static void on_patience(struct timer *timer)
{
    struct cgroups *g = container_of(timer, struct cgroups, patience);
    g->impatient = true;
    cgroups_no_room(g, "systemd has not answered in time");
}

/* Controllers for the folders in `dir`; it becomes the room when there are any. */
static void cgroups_open_room(struct cgroups *g, int dir)
{
    int rc;
    unsigned enabled = limits_enable(dir, &rc);
    if (enabled == 0) {
        char why[160];
        (void)snprintf(why, sizeof why, "%s: %s", "no controller can be had",
                       rc < 0 ? strerror(-rc) : "this machine gives us none");
        if (dir != g->base)
            fd_close(&dir);
        cgroups_no_room(g, why);
        return;
    }
    host_disarm(g->host, &g->patience);
    g->room = dir;
    g->controllers = enabled;
    g->state = ROOM_READY;
    g->impatient = false;
    cgroups_place_all(g);
}

void cgroups_have_room(struct cgroups *g, const char *path)
{
    if (g->state == ROOM_READY)
        return;
    int dir = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (dir >= 0) {
        log_info("programs with limits live in %s", path);
        cgroups_open_room(g, dir);
        return;
    }
    cgroups_no_room(g, "the scope of programs with limits cannot be opened");
}

/* PID 1 has to leave the root: no process may live where sub-groups have controllers. */
static void cgroups_leave_root(struct cgroups *g)
{
    int own = cgroup_dir_make(g->base, CGROUPS_OWN);
    if (own < 0)
        return;
    (void)cgroup_dir_write(own, "cgroup.procs", "0");
    fd_close(&own);
}

void cgroups_want_room(struct cgroups *g)
{
    if (g->state == ROOM_READY || g->state == ROOM_ASKED)
        return;
    switch (g->kind) {
    case CGROUPS_NONE:
        break;
    case CGROUPS_SERVICE:
        if (!g->ask) {
            cgroups_no_room(g, "there is no service manager to ask for a scope");
            break;
        }
        g->state = ROOM_ASKED;
        host_arm(g->host, &g->patience,
                 host_now(g->host) + (g->impatient ? 0 : CGROUPS_PATIENCE_MS));
        g->ask(g);
        break;
    case CGROUPS_ROOT:
        cgroups_leave_root(g);
        cgroups_open_room(g, g->base);
        break;
    case CGROUPS_SUBGROUP:
        cgroups_open_room(g, g->base);
        break;
    }
}

void cgroups_lose_room(struct cgroups *g)
{
    if (g->room != g->base)
        fd_close(&g->room);
    g->room = -1;
    g->state = ROOM_UNASKED;
}

char *cgroups_scope_path(const struct cgroups *g)
{
    if (g->kind != CGROUPS_SERVICE)
        return NULL;
    const char *slash = strrchr(g->path, '/');
    char *scope = cgroup_path_scope(slash + 1);
    char *path = mem_printf("%.*s/%s", (int)(slash - g->path), g->path, scope);
    mem_free(scope);
    return path;
}

/* A daemon before this one has had a scope, and processes live in it still. */
static void cgroups_find_scope(struct cgroups *g)
{
    char *path = cgroups_scope_path(g);
    int dir = path ? open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC) : -1;
    if (dir >= 0 && cgroup_dir_populated(dir))
        cgroups_open_room(g, dir);
    else
        fd_close(&dir);
    mem_free(path);
}

/* --- What nobody accounts for -------------------------------------------------------------- */

static bool cgroups_claimed(const struct cgroups *g, int dir, const char *name)
{
    const struct cgroup *cg;
    char own[CGROUP_NAME_MAX + 1];
    list_each (cg, &g->groups, link) {
        if (cg->fd < 0 || cg->parent != dir)
            continue;
        cgroup_path_name(cg->of_job, cg->label, own);
        if (strcmp(own, name) == 0)
            return true;
    }
    return false;
}

/* What cgroups_each calls for each sub-group that no child accounts for. */
typedef size_t cgroups_act(int parent, const char *name);

static size_t cgroups_kill(int parent, const char *name)
{
    int dir = cgroup_dir_open(parent, name);
    size_t count = 0;
    if (dir < 0)
        return 0;
    if (cgroup_dir_populated(dir)) {
        count = cgroup_dir_pids(dir, "cgroup.procs", NULL, NULL);
        count += count == 0; /* in folders below it */
        cgroup_dir_kill(dir);
    }
    fd_close(&dir);
    return count;
}

static size_t cgroups_remove(int parent, const char *name)
{
    return cgroup_dir_remove(parent, name) < 0;
}

static size_t cgroups_each_in(struct cgroups *g, int parent, bool all, cgroups_act *act)
{
    size_t sum = 0;
    int dir = cgroup_dir_open(parent, ".");
    DIR *entries = dir < 0 ? NULL : fdopendir(dir);
    if (!entries)
        return 0;
    for (struct dirent *entry; (entry = readdir(entries)) != NULL;) {
        if (cgroup_path_is_ours(entry->d_name) &&
            (all || !cgroups_claimed(g, parent, entry->d_name)))
            sum += act(parent, entry->d_name);
    }
    (void)closedir(entries);
    return sum;
}

static size_t cgroups_each(struct cgroups *g, bool all, cgroups_act *act)
{
    size_t sum = g->base < 0 ? 0 : cgroups_each_in(g, g->base, all, act);
    if (g->room >= 0 && g->room != g->base)
        sum += cgroups_each_in(g, g->room, all, act);
    return sum;
}

/* Removes what is empty, and waits for what was killed to become so. */
static void cgroups_remove_all(struct cgroups *g, bool all)
{
    int waited = 0;
    while (cgroups_each(g, all, cgroups_remove) > 0 && waited < CGROUPS_SWEEP_MS) {
        cgroups_pause();
        waited += CGROUPS_LOOK_MS;
    }
}

size_t cgroups_sweep(struct cgroups *g)
{
    if (g->kind == CGROUPS_NONE)
        return 0;
    size_t count = cgroups_each(g, false, cgroups_kill);
    if (count > 0)
        log_warn("killed %zu process%s that an earlier mainstayd has left behind", count,
                 count == 1 ? "" : "es");
    cgroups_remove_all(g, false);
    return count;
}

void cgroups_end(struct cgroups *g)
{
    if (g->kind == CGROUPS_NONE)
        return;
    size_t count = cgroups_each(g, true, cgroups_kill);
    if (count > 0)
        log_info("killed %zu process%s that programs have left behind", count,
                 count == 1 ? "" : "es");
}

/* --- Life ---------------------------------------------------------------------------------- */

void cgroups_open(struct cgroups *g, struct host *host)
{
    *g = (struct cgroups){.host = host, .base = -1, .room = -1};
    list_init(&g->groups);
    g->patience.on_due = on_patience;
    char *path = cgroups_find_path(g);
    if (!path || cgroups_take(g, path) < 0) {
        /* most machines that run Supervisor are so: its log has no such line at debug */
        log_line(LOG_LEVEL_TRACE, "programs have no cgroups of their own: %s", g->why);
        fd_close(&g->base);
        mem_free(path);
        return;
    }
    log_info("programs have cgroups of their own in %s", g->path);
    cgroups_find_scope(g);
}

void cgroups_close(struct cgroups *g)
{
    if (g->kind != CGROUPS_NONE) {
        (void)cgroups_each(g, true, cgroups_kill);
        cgroups_remove_all(g, true);
        if (g->room >= 0 && g->room != g->base)
            (void)cgroups_kill(g->room, CGROUPS_KEEPER);
    }
    host_disarm(g->host, &g->patience);
    if (g->room != g->base)
        fd_close(&g->room);
    fd_close(&g->base);
    mem_free(g->path);
    g->path = NULL;
    g->kind = CGROUPS_NONE;
}
