#include "systemd/scope.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/close_range.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/log.h"
#include "base/mem.h"
#include "engine/cgroup_dir.h"

enum {
    SCOPE_LOOK_MS = 10,       /* between two looks whether it is there */
    SCOPE_AGAIN_MS = 200,     /* until systemd is asked again while an old one is on its way out */
    SCOPE_GIVE_UP_MS = 30000, /* it may be late: then it is of use to the next one */
};

static const struct bus_place scope_manager = {
    "org.freedesktop.systemd1", "/org/freedesktop/systemd1", "org.freedesktop.systemd1.Manager"};

static struct host *scope_host(const struct scope *s)
{
    return s->cgroups->host;
}

/* --- The keeper ---------------------------------------------------------------------------- */

static _Noreturn void keeper_main(void)
{
    static char name[] = "sleep";
    static char forever[] = "infinity";
    char *const argv[] = {name, forever, NULL};
    char *const envp[] = {NULL};
    struct sigaction dfl = {.sa_handler = SIG_DFL};
    sigset_t none;
    for (int number = 1; number < NSIG; number++)
        (void)sigaction(number, &dfl, NULL);
    (void)sigemptyset(&none);
    (void)sigprocmask(SIG_SETMASK, &none, NULL);
    (void)setsid();
    (void)!chdir("/");
    (void)close_range(0, ~0U, 0);
    (void)open("/dev/null", O_RDWR);
    (void)dup2(0, 1);
    (void)dup2(0, 2);
    (void)execve("/bin/sleep", argv, envp);
    _exit(127);
}

static void scope_start_keeper(struct scope *s)
{
    sigset_t all;
    sigset_t before;
    if (s->keeper > 0)
        return;
    (void)sigfillset(&all); /* no handler of ours may run in the child */
    (void)sigprocmask(SIG_SETMASK, &all, &before);
    pid_t pid = _Fork();
    if (pid == 0)
        keeper_main();
    (void)sigprocmask(SIG_SETMASK, &before, NULL);
    s->keeper = pid > 0 ? pid : 0;
}

static void scope_end_keeper(struct scope *s)
{
    if (s->keeper > 0)
        (void)kill(s->keeper, SIGKILL); /* not reaped yet: the number is its own */
}

bool scope_exited(struct scope *s, pid_t pid)
{
    if (s->keeper <= 0 || pid != s->keeper)
        return false;
    s->keeper = 0;
    return true;
}

/* --- Asking -------------------------------------------------------------------------------- */

static void scope_refuse(struct scope *s, const char *why)
{
    s->wanted = s->asked = false;
    bus_forget(&s->ask);
    host_disarm(scope_host(s), &s->look);
    scope_end_keeper(s);
    cgroups_no_room(s->cgroups, why);
}

static void scope_look_after(struct scope *s, int64_t ms)
{
    host_arm(scope_host(s), &s->look, host_now(scope_host(s)) + ms);
}

/* "system.slice", in which our service is, too. */
static char *scope_slice(const char *path)
{
    const char *end = strrchr(path, '/');
    const char *begin = end;
    while (begin > path && begin[-1] != '/')
        begin--;
    size_t len = (size_t)(end - begin);
    bool named = len > 6 && strncmp(end - 6, ".slice", 6) == 0;
    return named ? mem_strndup(begin, len) : mem_strdup("-.slice");
}

static int scope_fill(sd_bus_message *m, const char *name, const char *slice, const char *unit,
                      uint32_t keeper)
{
    const char *before = strstr(unit, ".service") ? unit : slice;
    /* Before: on the way down the service ends first, and its programs with it, in their order. */
    return sd_bus_message_append(m, "ssa(sv)a(sa(sv))", name, "fail", 7, "Description", "s",
                                 "Programs of mainstay that have limits", "Slice", "s", slice,
                                 "Delegate", "b", 1, "TasksMax", "t", UINT64_MAX, "CollectMode",
                                 "s", "inactive-or-failed", "Before", "as", 1, before, "PIDs", "au",
                                 1, keeper, 0);
}

static void scope_request(struct scope *s)
{
    scope_start_keeper(s);
    sd_bus_message *m =
        s->keeper > 0 ? bus_message(s->bus, &scope_manager, "StartTransientUnit") : NULL;
    if (!m) {
        scope_refuse(s, "systemd cannot be asked for a scope");
        return;
    }
    char *slice = scope_slice(s->path);
    int rc = scope_fill(m, strrchr(s->path, '/') + 1, slice, strrchr(s->cgroups->path, '/') + 1,
                        (uint32_t)s->keeper);
    mem_free(slice);
    if (rc >= 0)
        rc = bus_send(s->bus, &s->ask, m);
    else
        (void)sd_bus_message_unref(m);
    if (rc < 0)
        scope_refuse(s, "systemd cannot be asked for a scope");
}

static int on_answer(sd_bus_message *m, void *owner, sd_bus_error *unused)
{
    struct scope *s = owner;
    const sd_bus_error *error = sd_bus_message_get_error(m);
    (void)unused;
    bus_forget(&s->ask);
    if (!error) {
        s->asked = true;
        scope_look_after(s, 0);
    } else if (strcmp(error->name, "org.freedesktop.systemd1.UnitExists") == 0) {
        scope_look_after(s, SCOPE_AGAIN_MS); /* that of the last daemon, on its way out */
    } else {
        char why[160];
        (void)snprintf(why, sizeof why, "systemd gives no scope: %s",
                       error->message ? error->message : error->name);
        scope_refuse(s, why);
    }
    return 0;
}

/* --- It comes ------------------------------------------------------------------------------ */

struct scope_search {
    pid_t pid;
    bool found;
};

static void on_pid(void *ctx, pid_t pid)
{
    struct scope_search *search = ctx;
    search->found |= pid == search->pid;
}

/* No process may live where sub-groups have controllers: the keeper gets one of its own, too. */
static bool scope_settle_keeper(const struct scope *s)
{
    struct scope_search search = {.pid = s->keeper};
    char text[16];
    int dir = open(s->path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (dir < 0)
        return false;
    (void)cgroup_dir_pids(dir, "cgroup.procs", on_pid, &search);
    int own = search.found ? cgroup_dir_make(dir, CGROUPS_KEEPER) : -1;
    (void)snprintf(text, sizeof text, "%d", (int)s->keeper);
    if (own >= 0)
        search.found = cgroup_dir_write(own, "cgroup.procs", text) == 0;
    if (own >= 0)
        fd_close(&own);
    fd_close(&dir);
    return search.found;
}

static void on_look(struct timer *timer)
{
    struct scope *s = container_of(timer, struct scope, look);
    if (!s->wanted)
        return;
    if (host_now(scope_host(s)) >= s->give_up) {
        scope_refuse(s, "systemd has promised a scope, but none has come");
    } else if (!s->asked) {
        scope_request(s);
    } else if (scope_settle_keeper(s)) {
        s->wanted = s->asked = false;
        cgroups_have_room(s->cgroups, s->path);
    } else {
        scope_look_after(s, SCOPE_LOOK_MS);
    }
}

static void on_want(struct cgroups *g)
{
    struct scope *s = g->owner;
    if (!s->bus->wanted) {
        cgroups_no_room(g, "there is no systemd to ask for a scope");
        return;
    }
    if (!s->path)
        s->path = cgroups_scope_path(g);
    s->give_up = host_now(scope_host(s)) + SCOPE_GIVE_UP_MS;
    if (s->wanted)
        return;
    s->wanted = true;
    if (bus_is_up(s->bus))
        scope_look_after(s, 0);
}

static void on_up(struct bus_user *u)
{
    struct scope *s = container_of(u, struct scope, user);
    if (s->wanted && !s->asked)
        scope_look_after(s, 0);
}

/* --- Life ---------------------------------------------------------------------------------- */

void scope_open(struct scope *s, struct cgroups *cgroups, struct bus *bus)
{
    *s = (struct scope){.cgroups = cgroups, .bus = bus};
    s->user.on_up = on_up;
    s->ask = (struct bus_ask){.on_message = on_answer, .owner = s};
    s->look.on_due = on_look;
    if (cgroups->kind != CGROUPS_SERVICE)
        return;
    cgroups->ask = on_want;
    cgroups->owner = s;
    bus_add(bus, &s->user);
}

void scope_close(struct scope *s)
{
    s->cgroups->ask = NULL;
    host_disarm(scope_host(s), &s->look);
    bus_forget(&s->ask);
    bus_remove(s->bus, &s->user);
    mem_free(s->path);
    s->path = NULL;
}
