#include "systemd/poweroff.h"

#include <errno.h>
#include <paths.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <systemd/sd-login.h>
#include <utmpx.h>

#include "base/clock.h"
#include "base/fd.h"
#include "base/log.h"
#include "base/mem.h"

static const struct bus_place manager = {"org.freedesktop.login1", "/org/freedesktop/login1",
                                         "org.freedesktop.login1.Manager"};

/* How logind calls them. */
static const struct {
    const char *method, *can, *type;
} verbs[POWER_ACTIONS] = {
    // clang-format off
    [POWER_OFF]    = {"PowerOff", "CanPowerOff", "dry-poweroff"},
    [POWER_REBOOT] = {"Reboot",   "CanReboot",   "dry-reboot"},
    [POWER_HALT]   = {"Halt",     "CanHalt",     "dry-halt"},
    // clang-format on
};

static struct poweroff *poweroff_of(const struct power *p)
{
    return p->machine;
}

static const char *message_error(sd_bus_message *m)
{
    const sd_bus_error *e = sd_bus_message_get_error(m);
    return e && e->message ? e->message : "for no reason";
}

/* --- Can it -------------------------------------------------------------------------------- */

static int poweroff_none(enum power_action action, int code, const char *what, struct err *e)
{
    return err_set(e, code,
                   "%s, so there is no logind that could do a %s: say in [shutdown] how it is done "
                   "here, action=exec:COMMAND, or action=exit to end mainstayd only",
                   what, power_noun(action));
}

static int poweroff_possible(const struct power *p, enum power_action action, struct err *e)
{
    const struct poweroff *o = poweroff_of(p);
    if (!verbs[action].method || bus_is_up(o->bus))
        return 0;
    if (!o->bus->wanted)
        return poweroff_none(action, -ENOSYS, "there is no systemd", e);
    return poweroff_none(action, -EHOSTDOWN, "the system bus does not answer", e);
}

/* "yes", also where somebody's lock is in the way, which root need not heed; "no", "na". */
static int on_can(sd_bus_message *m, void *owner, sd_bus_error *error)
{
    struct poweroff *o = owner;
    const char *answer = NULL;
    struct err e;
    (void)error;
    if (sd_bus_message_is_method_error(m, NULL))
        (void)poweroff_none(o->asked, -1, message_error(m), &e);
    else if (sd_bus_message_read(m, "s", &answer) < 0)
        (void)err_set(&e, -EPROTO, "logind answers nonsense");
    else if (strcmp(answer, "yes") != 0)
        (void)err_set(&e, -EPERM, "logind does not let us: it answers '%.50s'", answer);
    bool can = answer && strcmp(answer, "yes") == 0;
    bus_forget(&o->can);
    power_may(o->power, can ? NULL : e.text);
    return 0;
}

static void poweroff_can(struct poweroff *o)
{
    struct err e;
    int rc = poweroff_possible(o->power, o->asked, &e);
    if (rc == 0 && bus_call(o->bus, &o->can, &manager, verbs[o->asked].can, "") < 0)
        rc = poweroff_none(o->asked, -EHOSTDOWN, "the system bus does not answer", &e);
    if (rc < 0)
        power_may(o->power, e.text);
}

/* --- Going --------------------------------------------------------------------------------- */

static int on_go(sd_bus_message *m, void *owner, sd_bus_error *error)
{
    struct poweroff *o = owner;
    char why[256];
    bool failed = sd_bus_message_is_method_error(m, NULL);
    (void)error;
    (void)snprintf(why, sizeof why, "logind refuses: %s", failed ? message_error(m) : "");
    bus_forget(&o->go);
    if (failed && o->logind->down) /* what follows, logind says: it goes down, or it does not */
        log_info("somebody else was first (%s)", why);
    else if (failed)
        power_failed(o->power, why);
    return 0;
}

static void poweroff_go(struct poweroff *o)
{
    if (bus_call(o->bus, &o->go, &manager, verbs[o->asked].method, "b", 0) < 0)
        power_failed(o->power, "the system bus does not answer");
}

/* There is a bus, or we have waited for it long enough. */
static void poweroff_proceed(struct poweroff *o)
{
    host_disarm(o->power->jobs->host, &o->patience);
    if (o->power->step == POWER_TRYING)
        poweroff_can(o);
    else if (o->power->step == POWER_GOING && !o->logind->down)
        poweroff_go(o);
}

static void on_patience(struct timer *timer)
{
    poweroff_proceed(container_of(timer, struct poweroff, patience));
}

static void on_bus_up(struct bus_user *u)
{
    struct poweroff *o = container_of(u, struct poweroff, user);
    if (timer_armed(&o->patience))
        poweroff_proceed(o);
}

/* A bus that is away for the moment, or that we do not know yet since a crash, is waited for. */
static void poweroff_begin(struct power *p, enum power_action action)
{
    struct poweroff *o = poweroff_of(p);
    struct host *host = p->jobs->host;
    o->asked = action;
    if (bus_is_up(o->bus) || !o->bus->wanted)
        poweroff_proceed(o);
    else
        host_arm(host, &o->patience, host_now(host) + POWEROFF_BUS_MS);
}

/* --- Wall ---------------------------------------------------------------------------------- */

/* Whatever becomes of it: the others have heard it by the log and by events. */
static int on_wall_done(sd_bus_message *m, void *owner, sd_bus_error *error)
{
    (void)owner;
    (void)error;
    if (sd_bus_message_is_method_error(m, NULL))
        log_info("logind does not tell those who are logged in: %s", message_error(m));
    return 0;
}

/*
 * logind tells everybody of what is scheduled with it, and at once if that is near. So it is
 * scheduled, without being carried out, and taken back without a word: what follows is ours.
 */
static void poweroff_say(struct poweroff *o)
{
    const char *type = verbs[o->wall_action].type;
    (void)bus_call(o->bus, &o->text, &manager, "SetWallMessage", "sb", o->wall, 1);
    (void)bus_call(o->bus, &o->schedule, &manager, "ScheduleShutdown", "st", type, o->wall_due);
    (void)bus_call(o->bus, &o->quiet, &manager, "SetWallMessage", "sb", "", 0);
    (void)bus_call(o->bus, &o->cancel, &manager, "CancelScheduledShutdown", "");
}

/* A shutdown(8) of somebody else must not be taken back. */
static int on_planned(sd_bus_message *m, void *owner, sd_bus_error *error)
{
    struct poweroff *o = owner;
    const char *type = "";
    uint64_t at = 0;
    (void)error;
    int rc = sd_bus_message_is_method_error(m, NULL)
                 ? -EPROTO
                 : sd_bus_message_read(m, "v", "(st)", &type, &at);
    bool ours = rc >= 0 && !*type;
    bus_forget(&o->planned);
    if (ours)
        poweroff_say(o);
    else if (rc >= 0)
        log_info("those who are logged in are not told: logind has a '%.30s' of somebody else",
                 type);
    return 0;
}

static void poweroff_wall(struct power *p, enum power_action action, int64_t due, const char *text)
{
    struct poweroff *o = poweroff_of(p);
    int64_t left = due - clock_wall();
    if (!verbs[action].method || left * 1000 > POWEROFF_WALL_MAX)
        return;
    mem_free(o->wall);
    o->wall = mem_strdup(text);
    o->wall_action = action;
    o->wall_due = (uint64_t)due * 1000;
    (void)bus_get(o->bus, &o->planned, &manager, "ScheduledShutdown");
}

/* --- Who is there -------------------------------------------------------------------------- */

static bool session_counts(const char *id, char *who, size_t size)
{
    char *state = NULL;
    uid_t uid = 0;
    bool counts = sd_session_is_remote(id) > 0 && sd_session_get_state(id, &state) >= 0 &&
                  strcmp(state, "closing") != 0;
    if (counts) {
        (void)sd_session_get_uid(id, &uid);
        (void)snprintf(who, size, "session %.30s of user %u", id, (unsigned)uid);
    }
    free(state);
    return counts;
}

static bool sessions_of_logind(char *who, size_t size)
{
    char **ids = NULL;
    bool found = false;
    int count = sd_get_sessions(&ids);
    for (int i = 0; i < count; i++) {
        found = found || session_counts(ids[i], who, size);
        free(ids[i]);
    }
    free(ids);
    return found;
}

static bool login_counts(const struct utmpx *u)
{
    return u->ut_type == USER_PROCESS && u->ut_host[0] && u->ut_pid > 0 &&
           (kill(u->ut_pid, 0) == 0 || errno == EPERM);
}

/* Without logind, or without its module for PAM: sshd itself writes there. getutxent(3) waits for
 * whoever has locked the file. */
static bool sessions_of_utmp(char *who, size_t size)
{
    struct buf text = BUF_EMPTY;
    struct utmpx u;
    bool found = false;
    (void)fd_read_file(_PATH_UTMP, POWEROFF_UTMP_MAX, &text, NULL);
    for (size_t at = 0; !found && at + sizeof u <= text.len; at += sizeof u) {
        memcpy(&u, text.data + at, sizeof u);
        found = login_counts(&u);
    }
    if (found)
        (void)snprintf(who, size, "the session of %.*s", (int)sizeof u.ut_user, u.ut_user);
    buf_close(&text);
    return found;
}

static bool poweroff_session(struct power *p, char *who, size_t size)
{
    (void)p;
    return sessions_of_logind(who, size) || sessions_of_utmp(who, size);
}

/* --- Life ---------------------------------------------------------------------------------- */

static const struct power_ops ops = {
    .possible = poweroff_possible,
    .ask = poweroff_begin,
    .tell = poweroff_begin,
    .wall = poweroff_wall,
    .session = poweroff_session,
};

void poweroff_open(struct poweroff *o, struct bus *bus, const struct logind *logind,
                   struct power *power)
{
    const struct bus_ask wall = {.on_message = on_wall_done, .owner = o};
    *o = (struct poweroff){.user = {.on_up = on_bus_up},
                           .bus = bus,
                           .logind = logind,
                           .power = power,
                           .patience = {.on_due = on_patience},
                           .can = {.on_message = on_can, .owner = o},
                           .go = {.on_message = on_go, .owner = o},
                           .planned = {.on_message = on_planned, .owner = o},
                           .text = wall,
                           .schedule = wall,
                           .quiet = wall,
                           .cancel = wall};
    power->ops = &ops;
    power->machine = o;
    bus_add(bus, &o->user);
}

void poweroff_close(struct poweroff *o)
{
    struct bus_ask *asks[] = {&o->can,      &o->go,    &o->planned, &o->text,
                              &o->schedule, &o->quiet, &o->cancel};
    for (size_t i = 0; i < sizeof asks / sizeof *asks; i++)
        bus_forget(asks[i]);
    mem_free(o->wall);
    o->wall = NULL;
    if (!o->power)
        return;
    bus_remove(o->bus, &o->user);
    host_disarm(o->power->jobs->host, &o->patience);
    o->power->ops = NULL;
}
