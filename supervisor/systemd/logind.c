#include "systemd/logind.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>

#include "base/fd.h"
#include "base/log.h"
#include "base/mem.h"

static const struct bus_place logind_place = {"org.freedesktop.login1", "/org/freedesktop/login1",
                                              "org.freedesktop.login1.Manager"};
static const char logind_names[] =
    "type='signal',sender='org.freedesktop.DBus',path='/org/freedesktop/DBus',"
    "interface='org.freedesktop.DBus',member='NameOwnerChanged',arg0='org.freedesktop.login1'";

/* --- The lock ------------------------------------------------------------------------------ */

/* The old one, if any, is kept until the new one is there: there is no moment without. */
static void logind_take(struct logind *l)
{
    if (!l->why || l->down || l->inhibit.slot)
        return;
    (void)bus_call(l->bus, &l->inhibit, &logind_place, "Inhibit", "ssss", "shutdown", "mainstay",
                   l->why, "delay");
}

static void logind_refused(struct logind *l, sd_bus_message *m)
{
    const sd_bus_error *e = sd_bus_message_get_error(m);
    if (!l->refused && !l->down)
        log_warn("logind gives no lock (%s): a power-off leaves the shutdown jobs no more time "
                 "than the unit's own stop",
                 e && e->message ? e->message : "for no reason");
    l->refused = true;
}

static int on_inhibit(sd_bus_message *m, void *owner, sd_bus_error *error)
{
    struct logind *l = owner;
    int fd = -1;
    (void)error;
    if (sd_bus_message_is_method_error(m, NULL)) {
        logind_refused(l, m);
    } else if (sd_bus_message_read(m, "h", &fd) >= 0) { /* the message keeps that one */
        fd = fcntl(fd, F_DUPFD_CLOEXEC, 3);
        fd_close(&l->lock);
        l->lock = fd;
        l->refused = false;
        if (!l->why || l->down)
            logind_release(l);
    }
    bus_forget(&l->inhibit);
    return 0;
}

void logind_release(struct logind *l)
{
    fd_close(&l->lock);
}

void logind_want(struct logind *l, const char *why)
{
    if (why == l->why || (why && l->why && strcmp(why, l->why) == 0))
        return;
    mem_free(l->why);
    l->why = mem_strdup(why);
    bus_forget(&l->inhibit); /* its lock would be for something else; it goes with the answer */
    if (why)
        logind_take(l);
    else
        logind_release(l);
}

/* --- The machine --------------------------------------------------------------------------- */

/* How it goes down is known, or nobody says. */
static void logind_tell_down(struct logind *l)
{
    if (!l->down || l->told)
        return;
    l->told = true;
    if (l->on_down)
        l->on_down(l, true);
}

/* Of systemd 255 and later: {"type": "poweroff", ...} */
static int on_metadata(sd_bus_message *m, void *owner, sd_bus_error *error)
{
    struct logind *l = owner;
    const char *key;
    const char *type;
    (void)error;
    int rc = sd_bus_message_is_method_error(m, NULL)
                 ? -ENOENT
                 : sd_bus_message_enter_container(m, 'v', "a{sv}");
    if (rc > 0)
        rc = sd_bus_message_enter_container(m, 'a', "{sv}");
    while (rc > 0 && sd_bus_message_enter_container(m, 'e', "sv") > 0) {
        rc = sd_bus_message_read(m, "s", &key);
        if (rc > 0 && strcmp(key, "type") == 0) {
            rc = sd_bus_message_read(m, "v", "s", &type);
            l->kind = rc > 0 ? stop_reason_find(type) : STOP_NOT_KNOWN;
        } else if (rc > 0) {
            rc = sd_bus_message_skip(m, "v");
        }
        if (rc > 0)
            rc = sd_bus_message_exit_container(m);
    }
    bus_forget(&l->metadata);
    logind_tell_down(l);
    return 0;
}

static void logind_ask_metadata(struct logind *l)
{
    if (bus_get(l->bus, &l->metadata, &logind_place, "PreparingForShutdownWithMetadata") < 0)
        logind_tell_down(l);
}

/* ("poweroff", when): also of one that is under way. */
static int on_planned(sd_bus_message *m, void *owner, sd_bus_error *error)
{
    struct logind *l = owner;
    const char *type = "";
    (void)error;
    if (!sd_bus_message_is_method_error(m, NULL) &&
        sd_bus_message_enter_container(m, 'v', "(st)") > 0 &&
        sd_bus_message_read(m, "(st)", &type, NULL) > 0)
        l->kind = stop_reason_find(type);
    bus_forget(&l->planned);
    if (l->kind == STOP_NOT_KNOWN)
        logind_ask_metadata(l);
    else
        logind_tell_down(l);
    return 0;
}

static void logind_tell(struct logind *l, bool down)
{
    bool told = l->told;
    if (down == l->down)
        return;
    l->down = down;
    l->kind = STOP_NOT_KNOWN;
    if (down) {
        if (bus_get(l->bus, &l->planned, &logind_place, "ScheduledShutdown") < 0)
            logind_tell_down(l);
        return;
    }
    l->told = false;
    if (told && l->on_down)
        l->on_down(l, false);
    logind_take(l);
}

static int on_prepare(sd_bus_message *m, void *owner, sd_bus_error *error)
{
    int down = 0;
    (void)error;
    if (sd_bus_message_read(m, "b", &down) >= 0)
        logind_tell(owner, down != 0);
    return 0;
}

/* It was said before we came, or while the bus was away. */
static int on_preparing(sd_bus_message *m, void *owner, sd_bus_error *error)
{
    struct logind *l = owner;
    int down = 0;
    (void)error;
    if (sd_bus_message_read(m, "v", "b", &down) >= 0)
        logind_tell(l, down != 0);
    bus_forget(&l->preparing);
    return 0;
}

static int on_delay(sd_bus_message *m, void *owner, sd_bus_error *error)
{
    struct logind *l = owner;
    (void)error;
    if (sd_bus_message_read(m, "v", "t", &l->delay_max) >= 0 && l->on_known)
        l->on_known(l);
    bus_forget(&l->delay);
    return 0;
}

static void logind_ask(struct logind *l)
{
    (void)bus_get(l->bus, &l->preparing, &logind_place, "PreparingForShutdown");
    (void)bus_get(l->bus, &l->delay, &logind_place, "InhibitDelayMaxUSec");
    logind_take(l);
}

/* logind has come, gone, or been replaced: locks of the one before count for nothing. */
static int on_names(sd_bus_message *m, void *owner, sd_bus_error *error)
{
    const char *name;
    const char *before;
    const char *after;
    (void)error;
    if (sd_bus_message_read(m, "sss", &name, &before, &after) >= 0 && *after)
        logind_ask(owner);
    return 0;
}

/* --- Life ---------------------------------------------------------------------------------- */

static void on_bus_up(struct bus_user *u)
{
    struct logind *l = container_of(u, struct logind, user);
    (void)bus_listen(l->bus, &l->prepare, &logind_place, "PrepareForShutdown");
    (void)bus_match(l->bus, &l->names, logind_names);
    logind_ask(l);
}

static void logind_forget(struct logind *l)
{
    bus_forget(&l->inhibit);
    bus_forget(&l->prepare);
    bus_forget(&l->preparing);
    bus_forget(&l->delay);
    bus_forget(&l->names);
    bus_forget(&l->planned);
    bus_forget(&l->metadata);
}

static void on_bus_down(struct bus_user *u)
{
    struct logind *l = container_of(u, struct logind, user);
    logind_forget(l);
    logind_tell_down(l); /* nobody is left to say more */
}

void logind_open(struct logind *l, struct bus *bus)
{
    *l = (struct logind){.user = {.on_up = on_bus_up, .on_down = on_bus_down},
                         .bus = bus,
                         .inhibit = {.on_message = on_inhibit, .owner = l},
                         .prepare = {.on_message = on_prepare, .owner = l},
                         .preparing = {.on_message = on_preparing, .owner = l},
                         .delay = {.on_message = on_delay, .owner = l},
                         .names = {.on_message = on_names, .owner = l},
                         .planned = {.on_message = on_planned, .owner = l},
                         .metadata = {.on_message = on_metadata, .owner = l},
                         .lock = -1};
    bus_add(bus, &l->user);
}

void logind_close(struct logind *l)
{
    bus_remove(l->bus, &l->user);
    logind_forget(l);
    logind_release(l);
    mem_free(l->why);
    l->why = NULL;
}
