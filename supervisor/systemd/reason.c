#include "systemd/reason.h"

#include <stdlib.h>
#include <string.h>
#include <systemd/sd-login.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/mem.h"

static const struct bus_place manager = {"org.freedesktop.systemd1", "/org/freedesktop/systemd1",
                                         "org.freedesktop.systemd1.Manager"};

/* --- Pure ----------------------------------------------------------------------------------- */

enum stop_reason reason_decide(const struct reason_facts *f)
{
    if (f->machine != STOP_NOT_KNOWN)
        return f->machine;
    if (f->unit == STOP_RESTART)
        return f->replaced ? STOP_UPGRADE : STOP_RESTART;
    if (f->unit == STOP_STOP)
        return STOP_STOP;
    return f->first ? STOP_EXIT : STOP_STOP;
}

/* The machine's own space of processes, by a number that is part of the kernel's interface. */
static const char whole_machine[] = "pid:[4026531836]";

bool reason_is_first(pid_t pid, pid_t parent, const char *space, const char *init)
{
    /* those start and stop services: a signal may mean us alone */
    static const char *const full[] = {"systemd", "init",    "runit",   "openrc-init", "s6-svscan",
                                       "dinit",   "upstart", "busybox", "procd",       "shepherd"};
    if (pid == 1)
        return true;
    if (parent != 1 || strncmp(space, "pid:[", 5) != 0 || strcmp(space, whole_machine) == 0)
        return false;
    for (size_t i = 0; i < sizeof full / sizeof *full; i++) {
        if (strcmp(init, full[i]) == 0)
            return false;
    }
    return *init != '\0';
}

/* "poweroff.target" is to be reached: the machine powers off. */
static enum stop_reason reason_of_target(const char *unit)
{
    char name[32];
    size_t len = strlen(unit);
    const size_t tail = sizeof ".target" - 1;
    if (len <= tail || len - tail >= sizeof name || strcmp(unit + len - tail, ".target") != 0)
        return STOP_NOT_KNOWN;
    memcpy(name, unit, len - tail);
    name[len - tail] = '\0';
    enum stop_reason why = stop_reason_find(name);
    return stop_reason_is_machine(why) ? why : STOP_NOT_KNOWN;
}

void reason_note_job(struct reason_facts *f, const char *ours, const char *unit, const char *type)
{
    enum stop_reason machine = strcmp(type, "start") == 0 ? reason_of_target(unit) : STOP_NOT_KNOWN;
    if (machine > f->machine)
        f->machine = machine;
    if (!ours || strcmp(unit, ours) != 0)
        return;
    if (strcmp(type, "restart") == 0 || strcmp(type, "try-restart") == 0)
        f->unit = STOP_RESTART;
    else if (strcmp(type, "stop") == 0)
        f->unit = STOP_STOP;
}

/* --- Asking --------------------------------------------------------------------------------- */

/* The kernel says " (deleted)" behind the name of a file that another one has replaced. */
static bool reason_replaced(void)
{
    static const char gone[] = " (deleted)";
    char path[4096];
    ssize_t n = readlink("/proc/self/exe", path, sizeof path);
    size_t tail = sizeof gone - 1;
    return n > (ssize_t)tail && memcmp(path + (size_t)n - tail, gone, tail) == 0;
}

static bool reason_first(void)
{
    enum { NAME_MAX_READ = 64 };
    struct buf init = BUF_EMPTY;
    char space[64] = "";
    (void)!readlink("/proc/self/ns/pid", space, sizeof space - 1);
    (void)fd_read_file("/proc/1/comm", NAME_MAX_READ, &init, NULL);
    if (init.len > 0 && init.data[init.len - 1] == '\n')
        init.data[init.len - 1] = '\0';
    bool first = reason_is_first(getpid(), getppid(), space, buf_str(&init));
    buf_close(&init);
    return first;
}

static void reason_tell(struct reason *r)
{
    r->waits = false;
    bus_forget(&r->ask);
    r->on_known(r, reason_decide(&r->facts));
}

static int on_jobs(sd_bus_message *m, void *owner, sd_bus_error *error)
{
    struct reason *r = owner;
    const char *unit;
    const char *type;
    (void)error;
    if (!sd_bus_message_is_method_error(m, NULL) &&
        sd_bus_message_enter_container(m, 'a', "(usssoo)") > 0) {
        while (sd_bus_message_read(m, "(usssoo)", NULL, &unit, &type, NULL, NULL, NULL) > 0)
            reason_note_job(&r->facts, r->unit, unit, type);
    }
    reason_tell(r);
    return 0;
}

static void reason_ask(struct reason *r)
{
    if (bus_call(r->bus, &r->ask, &manager, "ListJobs", "") < 0)
        reason_tell(r);
}

static void on_bus_up(struct bus_user *u)
{
    struct reason *r = container_of(u, struct reason, user);
    if (r->waits)
        reason_ask(r);
}

void reason_find(struct reason *r, enum stop_reason machine)
{
    r->facts = (struct reason_facts){
        .machine = machine, .first = reason_first(), .replaced = reason_replaced()};
    r->waits = machine == STOP_NOT_KNOWN && r->bus->wanted;
    if (!r->waits)
        reason_tell(r);
    else if (bus_is_up(r->bus))
        reason_ask(r);
}

enum stop_reason reason_here(void)
{
    return reason_decide(&(struct reason_facts){.first = reason_first()});
}

void reason_open(struct reason *r, struct bus *bus)
{
    char *unit = NULL;
    *r = (struct reason){
        .user = {.on_up = on_bus_up}, .bus = bus, .ask = {.on_message = on_jobs, .owner = r}};
    if (sd_pid_get_unit(0, &unit) >= 0)
        r->unit = mem_strdup(unit);
    free(unit);
    bus_add(bus, &r->user);
}

void reason_close(struct reason *r)
{
    bus_remove(r->bus, &r->user);
    bus_forget(&r->ask);
    mem_free(r->unit);
    r->unit = NULL;
}
