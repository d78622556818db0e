#include "systemd/patience.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <systemd/sd-daemon.h>
#include <systemd/sd-login.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/mem.h"
#include "jobs/budget.h"
#include "jobs/say.h"

enum { PATIENCE_CHECK_WAITS = 1000 * 1000 }; /* us, for each answer */

static const struct bus_place login = {"org.freedesktop.login1", "/org/freedesktop/login1",
                                       "org.freedesktop.login1.Manager"};

static struct bus_place patience_unit(const char *path, const char *interface)
{
    return (struct bus_place){"org.freedesktop.systemd1", path, interface};
}

/* --- In words ------------------------------------------------------------------------------ */

static bool patience_short(uint64_t limit, int64_t ms)
{
    return limit != 0 && limit != UINT64_MAX && (uint64_t)ms > limit / 1000;
}

/* Seconds that are surely enough. */
static int patience_enough(int64_t ms)
{
    return (int)(ms / 1000 + 5);
}

static void patience_say(const struct budget *b, const struct patience_known *k, bool jobs,
                         struct buf *out)
{
    char takes[32];
    char limit[32];
    struct buf chain = BUF_EMPTY;
    budget_chain(b, &chain);
    say_span(b->ms, takes, sizeof takes);
    if (patience_short(k->stop, b->ms)) {
        say_span((int64_t)(k->stop / 1000), limit, sizeof limit);
        buf_printf(out,
                   "stopping everything may take %s, but TimeoutStopSec= of %s is %s: %s; the "
                   "daemon asks systemd for more time while it stops, but set TimeoutStopSec=%d "
                   "there, or shorten what is long in the chain\n",
                   takes, k->unit, limit, buf_str(&chain), patience_enough(b->ms));
    }
    if (jobs && patience_short(k->delay, b->ms)) {
        say_span((int64_t)(k->delay / 1000), limit, sizeof limit);
        buf_printf(out,
                   "stopping everything may take %s, but logind delays a power-off by at most %s: "
                   "%s; what is not done by then goes on while systemd stops the other services; "
                   "set InhibitDelayMaxSec=%d in logind.conf if it needs them\n",
                   takes, limit, buf_str(&chain), patience_enough(b->ms));
    }
    buf_close(&chain);
}

static void patience_say_endless(const struct budget *b, const struct patience_known *k,
                                 struct buf *out)
{
    struct buf chain = BUF_EMPTY;
    if ((k->stop == 0 || k->stop == UINT64_MAX) && k->delay == 0)
        return;
    budget_chain(b, &chain);
    buf_printf(out,
               "nothing bounds how long stopping everything takes: %s; set a timeout for the job, "
               "or one in [shutdown]\n",
               buf_str(&chain));
    buf_close(&chain);
}

static bool patience_has_shutdown_jobs(const struct config *config)
{
    for (size_t i = 0; i < config->job_count; i++) {
        if (config->jobs[i].when & JOB_WHEN_STOP)
            return true;
    }
    return false;
}

void patience_sentences(const struct config *config, const struct patience_known *k,
                        struct buf *out)
{
    struct budget b;
    budget_plan(config, &b);
    if (b.ms >= BUDGET_FOREVER)
        patience_say_endless(&b, k, out);
    else
        patience_say(&b, k, patience_has_shutdown_jobs(config), out);
    budget_close(&b);
}

/* --- In the daemon ------------------------------------------------------------------------- */

static int on_stop(sd_bus_message *m, void *owner, sd_bus_error *error)
{
    struct patience *p = owner;
    uint64_t stop = 0;
    (void)error;
    if (sd_bus_message_read(m, "v", "t", &stop) >= 0)
        p->stop = stop;
    bus_forget(&p->ask);
    if (p->on_known)
        p->on_known(p);
    return 0;
}

static void on_bus_up(struct bus_user *u)
{
    struct patience *p = container_of(u, struct patience, user);
    struct bus_place at = patience_unit(p->path, "org.freedesktop.systemd1.Service");
    if (p->path)
        (void)bus_get(p->bus, &p->ask, &at, "TimeoutStopUSec");
}

static void on_bus_down(struct bus_user *u)
{
    bus_forget(&container_of(u, struct patience, user)->ask);
}

/* Only a service of the system is one that its manager waits for. */
static void patience_find_unit(struct patience *p)
{
    char *unit = NULL;
    char *path = NULL;
    if (!getenv("NOTIFY_SOCKET") || sd_pid_get_unit(0, &unit) < 0)
        return;
    size_t len = strlen(unit);
    if (len > 8 && strcmp(unit + len - 8, ".service") == 0 &&
        sd_bus_path_encode("/org/freedesktop/systemd1/unit", unit, &path) >= 0) {
        p->unit = mem_strdup(unit);
        p->path = mem_strdup(path);
    }
    free(unit);
    free(path);
}

void patience_open(struct patience *p, struct bus *bus)
{
    *p = (struct patience){.user = {.on_up = on_bus_up, .on_down = on_bus_down},
                           .bus = bus,
                           .ask = {.on_message = on_stop, .owner = p}};
    patience_find_unit(p);
    bus_add(bus, &p->user);
}

void patience_close(struct patience *p)
{
    bus_remove(p->bus, &p->user);
    bus_forget(&p->ask);
    config_unref(p->judged);
    buf_close(&p->told);
    mem_free(p->unit);
    mem_free(p->path);
    p->judged = NULL;
    p->unit = p->path = NULL;
}

/* The line that begins there, with its end. */
static void patience_warn(const struct patience *p, const char *line)
{
    char *text = mem_strndup(line, strcspn(line, "\n"));
    if (!strstr(buf_str(&p->told), text))
        log_warn("%s", text);
    mem_free(text);
}

void patience_judge(struct patience *p, struct config *config, uint64_t delay)
{
    struct patience_known k = {p->unit, p->stop, delay};
    struct buf lines = BUF_EMPTY;
    if (p->judged == config && p->by.stop == k.stop && p->by.delay == k.delay)
        return;
    config_ref(config);
    config_unref(p->judged);
    p->judged = config;
    p->by = k;
    patience_sentences(config, &k, &lines);
    for (const char *line = buf_str(&lines); *line; line = strchr(line, '\n') + 1)
        patience_warn(p, line);
    buf_close(&p->told);
    p->told = lines;
}

/* --- For --check --------------------------------------------------------------------------- */

static uint64_t patience_read(sd_bus *bus, const struct bus_place *at, const char *property)
{
    uint64_t value = 0;
    (void)sd_bus_get_property_trivial(bus, at->service, at->path, at->interface, property, NULL,
                                      't', &value);
    return value;
}

static bool patience_loaded(sd_bus *bus, const char *path)
{
    char *state = NULL;
    struct bus_place at = patience_unit(path, "org.freedesktop.systemd1.Unit");
    bool loaded = sd_bus_get_property_string(bus, at.service, at.path, at.interface, "LoadState",
                                             NULL, &state) >= 0 &&
                  strcmp(state, "loaded") == 0;
    free(state);
    return loaded;
}

/* Connected within the time that we have, or not at all. */
static bool patience_connect(sd_bus *bus)
{
    uint64_t end = (uint64_t)clock_now() * 1000 + PATIENCE_CHECK_WAITS;
    int rc = 1;
    while (rc >= 0 && sd_bus_is_ready(bus) <= 0) {
        uint64_t now = (uint64_t)clock_now() * 1000;
        rc = now < end ? sd_bus_process(bus, NULL) : -ETIMEDOUT;
        if (rc == 0)
            rc = sd_bus_wait(bus, end - now);
    }
    return rc >= 0;
}

void patience_check(const struct config *config, struct buf *out)
{
    static const char unit[] = "/org/freedesktop/systemd1/unit/mainstay_2eservice";
    struct patience_known k = {.unit = "mainstay.service"};
    struct buf lines = BUF_EMPTY;
    struct bus_place at = patience_unit(unit, "org.freedesktop.systemd1.Service");
    sd_bus *bus = NULL;
    char *rest = NULL;
    if (sd_booted() <= 0 || sd_bus_open_system(&bus) < 0)
        return;
    (void)sd_bus_set_method_call_timeout(bus, PATIENCE_CHECK_WAITS);
    bool there = patience_connect(bus);
    if (there && patience_loaded(bus, unit))
        k.stop = patience_read(bus, &at, "TimeoutStopUSec");
    if (there)
        k.delay = patience_read(bus, &login, "InhibitDelayMaxUSec");
    sd_bus_close(bus);
    sd_bus_unref(bus);
    patience_sentences(config, &k, &lines);
    for (char *line = lines.data ? strtok_r(lines.data, "\n", &rest) : NULL; line;
         line = strtok_r(NULL, "\n", &rest))
        buf_printf(out, "warning: %s\n", line);
    buf_close(&lines);
}
