#include "systemd/bridge.h"

#include "base/list.h"
#include "base/log.h"
#include "base/mem.h"
#include "jobs/budget.h"
#include "systemd/status.h"

enum {
    BRIDGE_NEEDS = 30 * 1000, /* ms that are asked for, again and again, where nothing bounds it */
    BRIDGE_MARGIN = 5 * 1000, /* ms on top of what the configuration allows */
    BRIDGE_QUIET = 500        /* ms after the last group of an update */
};

static struct host *bridge_host(const struct bridge *b)
{
    return b->supervisor->host;
}

/* --- STATUS= ------------------------------------------------------------------------------- */

static enum notify_kind bridge_kind_of_proc(const struct proc *p)
{
    if (p->wanted)
        return p->gate == GRAPH_BLOCKED ? NOTIFY_FAILED : NOTIFY_WAITING;
    switch (p->fsm.state) {
    case PROC_STOPPED:
        return NOTIFY_STOPPED;
    case PROC_STARTING:
        return NOTIFY_STARTING;
    case PROC_RUNNING:
        return NOTIFY_RUNNING;
    case PROC_BACKOFF:
        return NOTIFY_BACKOFF;
    case PROC_STOPPING:
        return NOTIFY_STOPPING;
    case PROC_EXITED:
        return p->exit_expected ? NOTIFY_EXITED : NOTIFY_FAILED;
    case PROC_FATAL:
        return NOTIFY_FATAL;
    case PROC_UNKNOWN:
        break;
    }
    return NOTIFY_UNKNOWN;
}

static void bridge_count(const struct bridge *b, struct notify_counts *counts)
{
    const struct pgroup *g;
    list_each (g, &b->supervisor->groups, link) {
        for (size_t i = 0; i < g->count; i++) {
            const struct proc *p = &g->procs[i];
            notify_count(counts, bridge_kind_of_proc(p), p->label, proc_why(p));
        }
    }
    for (size_t i = 0; i < b->jobs->count; i++) {
        const struct job *job = b->jobs->items[i];
        if (job->expect.missed)
            notify_count(counts, NOTIFY_MISSED, job->label, job->expect.why);
        else if (job->state == JOB_FAILED)
            notify_count(counts, NOTIFY_FAILED, job->label, job->result);
    }
}

static void bridge_say_shutdown(const struct bridge *b, struct buf *text)
{
    struct buf waits = BUF_EMPTY;
    if (b->failed)
        buf_printf(text, "%s; ", b->failed);
    const char *why = stop_reason_name(shutdown_reason(b->shutdown));
    if (shutdown_prepared(b->shutdown))
        buf_text(text, "all is stopped, the machine goes down");
    else if (b->shutdown->stays)
        buf_text(text, "stops everything, the machine goes down");
    else if (b->supervisor->state == SUPERVISOR_RESTARTING)
        buf_text(text, "restarting everything");
    else
        buf_text(text, "shutting down");
    if (*why)
        buf_printf(text, " (%s)", why);
    shutdown_describe(b->shutdown, &waits);
    if (waits.len)
        buf_printf(text, "; %s", buf_str(&waits));
    buf_close(&waits);
}

/* "data: 41 % of 2.3 GB, 38 s left" */
static void bridge_say_job(const struct job *job, struct buf *text)
{
    if (text->len)
        buf_text(text, "; ");
    if (job->said.status[0])
        buf_printf(text, "%s: %s", job->config->name, job->said.status);
    else
        buf_printf(text, "%s runs", job->label);
}

/* What the daemon as a whole is at; NULL when it simply runs. */
static const char *bridge_phase(const struct bridge *b, struct buf *text)
{
    bool down = b->shutdown->step != SHUTDOWN_NONE; /* then they are named already */
    if (down)
        bridge_say_shutdown(b, text);
    else if (b->power)
        power_describe(b->power, false, text);
    for (size_t i = 0; i < b->jobs->count; i++) {
        const struct job *job = b->jobs->items[i];
        if (job_active(job) && job->state != JOB_WAITING && (!down || job->said.status[0]))
            bridge_say_job(job, text);
    }
    return text->len ? buf_str(text) : NULL;
}

static void bridge_tell_status(struct bridge *b)
{
    struct notify_counts counts = {0};
    struct buf phase = BUF_EMPTY;
    struct buf text = BUF_EMPTY;
    bridge_count(b, &counts);
    notify_status_text(&counts, bridge_phase(b, &phase), &text);
    notify_status(&b->notify, buf_str(&text));
    buf_close(&phase);
    buf_close(&text);
}

/* --- More time ----------------------------------------------------------------------------- */

/* The longest that a job may still run whose time-out bounds it. */
static int64_t bridge_jobs_left(const struct bridge *b, int64_t now)
{
    int64_t longest = 0;
    for (size_t i = 0; i < b->jobs->count; i++) {
        const struct job *job = b->jobs->items[i];
        bool runs = job_active(job) && timer_armed(&job->timer);
        if (runs && job->timer.due - now > longest)
            longest = job->timer.due - now;
    }
    return longest;
}

static uint64_t on_needs(struct notify *n)
{
    const struct bridge *b = container_of_const(n, struct bridge, notify);
    int64_t now = host_now(bridge_host(b));
    int64_t ms = 0;
    if (b->shutdown->step == SHUTDOWN_NONE)
        ms = bridge_jobs_left(b, now) + BRIDGE_MARGIN;
    else
        ms = budget_plus(budget_left(b->shutdown, now), BRIDGE_MARGIN);
    bool starts =
        b->shutdown->step == SHUTDOWN_NONE || b->supervisor->state == SUPERVISOR_RESTARTING;
    if (ms >= BUDGET_FOREVER || (starts && ms < BRIDGE_NEEDS))
        ms = BRIDGE_NEEDS;
    return (uint64_t)ms;
}

/* --- logind -------------------------------------------------------------------------------- */

/* "shutdown jobs: analytics, backup", or nothing. */
static void bridge_want_lock(struct bridge *b)
{
    struct buf why = BUF_EMPTY;
    if (b->shutdown->step != SHUTDOWN_NONE)
        return; /* as it was */
    for (size_t i = 0; i < b->jobs->count; i++) {
        const struct job_config *job = b->jobs->items[i]->config;
        if (job->when & JOB_WHEN_STOP)
            buf_printf(&why, "%s%s", why.len ? ", " : "shutdown jobs: ", job->name);
    }
    logind_want(&b->logind, why.len ? buf_str(&why) : NULL);
    buf_close(&why);
}

/* Without shutdown jobs the stop of the unit is soon enough. */
static void on_machine_down(struct logind *l, bool down)
{
    struct bridge *b = container_of(l, struct bridge, logind);
    if (down && b->power)
        power_goes(b->power);
    if (down && l->why) {
        log_warn("the machine is about to go down: everything is stopped");
        /* Only of a key, or of idleness, old versions do not say it; it is a power-off mostly. */
        shutdown_prepare(b->shutdown, l->kind == STOP_NOT_KNOWN ? STOP_POWEROFF : l->kind);
    } else if (!down && b->shutdown->stays) {
        log_warn("the machine stays up after all");
        shutdown_cancel(b->shutdown);
    }
    bridge_look(b);
}

static void on_ask(struct shutdown *sd)
{
    struct bridge *b = sd->owner;
    reason_find(&b->reason, b->logind.down ? b->logind.kind : STOP_NOT_KNOWN);
}

static void on_reason(struct reason *r, enum stop_reason why)
{
    shutdown_answer(container_of(r, struct bridge, reason)->shutdown, why);
}

static void on_step(struct shutdown *sd)
{
    bridge_look(sd->owner);
}

static void on_all_down(struct shutdown *sd)
{
    struct bridge *b = sd->owner;
    log_info("all is stopped: the machine may go down");
    logind_release(&b->logind);
    if (b->power && !b->logind.down) /* else somebody else was first */
        power_all_down(b->power);
    bridge_look(b);
}

static void on_resume(struct shutdown *sd)
{
    struct bridge *b = sd->owner;
    log_info("what had been stopped for that goes on");
    if (b->power)
        power_resumed(b->power);
    bridge_look(b);
}

static void on_stop_known(struct patience *l)
{
    bridge_look(container_of(l, struct bridge, patience));
}

static void on_delay_known(struct logind *l)
{
    bridge_look(container_of(l, struct bridge, logind));
}

/* --- READY=1 ------------------------------------------------------------------------------- */

static bool bridge_is_up(const struct bridge *b)
{
    switch (b->supervisor->config->ready_when) {
    case READY_WHEN_LISTENING:
        return true;
    case READY_WHEN_JOBS:
        return jobs_done(b->jobs, JOB_WHEN_BOOT);
    case READY_WHEN_UP:
        break;
    }
    return jobs_done(b->jobs, JOB_WHEN_BOOT) && supervisor_autostarted(b->supervisor);
}

static void on_look(struct timer *timer)
{
    struct bridge *b = container_of(timer, struct bridge, look);
    bridge_tell_status(b);
    bridge_want_lock(b);
    if (b->step != b->shutdown->step)
        notify_hold_anew(&b->notify);
    b->step = b->shutdown->step;
    if (b->step != SHUTDOWN_NONE)
        return;
    patience_judge(&b->patience, b->supervisor->config, b->logind.delay_max);
    if (b->ready || timer_armed(&b->quiet) || !bridge_is_up(b))
        return;
    b->ready = true;
    b->updating = false;
    notify_hold(&b->notify, NULL);
    notify_ready(&b->notify);
}

static void on_quiet(struct timer *timer)
{
    bridge_look(container_of(timer, struct bridge, quiet));
}

void bridge_look(struct bridge *b)
{
    if (!b->closed && !timer_armed(&b->look))
        host_arm(bridge_host(b), &b->look, host_now(bridge_host(b)));
}

/* --- Life ---------------------------------------------------------------------------------- */

void bridge_open(struct bridge *b, uv_loop_t *loop, struct supervisor *s, struct jobs *j,
                 struct shutdown *sd)
{
    *b = (struct bridge){.supervisor = s, .jobs = j, .shutdown = sd};
    b->look.on_due = on_look;
    b->quiet.on_due = on_quiet;
    sd->owner = b;
    sd->on_down = on_all_down;
    sd->on_resume = on_resume;
    sd->on_ask = on_ask;
    sd->on_step = on_step;
    bus_open(&b->bus, loop);
    scope_open(&b->scope, bridge_host(b)->cgroups, &b->bus);
    notify_init(&b->notify, loop);
    watchdog_init(&b->watchdog, loop, &b->notify);
    logind_open(&b->logind, &b->bus);
    b->logind.on_down = on_machine_down;
    b->logind.on_known = on_delay_known;
    patience_open(&b->patience, &b->bus);
    b->patience.on_known = on_stop_known;
    reason_open(&b->reason, &b->bus);
    b->reason.on_known = on_reason;
    notify_hold(&b->notify, on_needs);
}

void bridge_use_power(struct bridge *b, struct power *p)
{
    b->power = p;
    poweroff_open(&b->poweroff, &b->bus, &b->logind, p);
}

void bridge_close(struct bridge *b)
{
    b->closed = true;
    host_disarm(bridge_host(b), &b->look);
    host_disarm(bridge_host(b), &b->quiet);
    logind_close(&b->logind);
    poweroff_close(&b->poweroff);
    patience_close(&b->patience);
    reason_close(&b->reason);
    scope_close(&b->scope);
    bus_close(&b->bus);
    watchdog_close(&b->watchdog, NULL);
    notify_close(&b->notify, NULL);
    mem_free(b->failed);
    b->failed = NULL;
}

void bridge_reloading(struct bridge *b)
{
    b->ready = false;
    notify_reloading(&b->notify);
    notify_hold(&b->notify, on_needs);
    bridge_look(b);
}

void bridge_refused(struct bridge *b)
{
    if (!b->ready && !b->updating)
        return;
    notify_reloading(&b->notify);
    if (b->ready) /* else it follows */
        notify_ready(&b->notify);
}

void bridge_adopted(struct bridge *b, bool ready)
{
    b->ready = ready;
    if (ready) {
        notify_hold(&b->notify, false);
        notify_ready(&b->notify);
    }
    bridge_look(b);
}

void bridge_reloaded(struct bridge *b)
{
    bridge_look(b);
}

void bridge_stopping(struct bridge *b)
{
    notify_stopping(&b->notify);
    notify_hold(&b->notify, on_needs);
    bridge_look(b);
}

void bridge_updating(struct bridge *b)
{
    if (b->closed || b->shutdown->step != SHUTDOWN_NONE || !(b->ready || b->updating))
        return;
    host_arm(bridge_host(b), &b->quiet, host_now(bridge_host(b)) + BRIDGE_QUIET);
    if (b->updating)
        return;
    b->updating = true;
    b->ready = false;
    notify_reloading(&b->notify);
    notify_hold(&b->notify, on_needs);
}

void bridge_failed(struct bridge *b, const char *why)
{
    mem_free(b->failed);
    b->failed = mem_strdup(why);
    bridge_look(b);
}

void bridge_last_words(struct bridge *b, int exit_status)
{
    if (b->failed)
        notify_failed(&b->notify, b->failed, exit_status, 0);
}
