#include "systemd/bridge.h"

#include "base/list.h"
#include "systemd/status.h"

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
        if (job->state == JOB_FAILED)
            notify_count(counts, NOTIFY_FAILED, job->label, job->result);
    }
}

/* What the daemon as a whole is at; NULL when it simply runs. */
static const char *bridge_phase(const struct bridge *b, struct buf *text)
{
    if (b->shutdown->step != SHUTDOWN_NONE)
        buf_text(text, b->supervisor->state == SUPERVISOR_RESTARTING ? "restarting everything"
                                                                     : "shutting down");
    for (size_t i = 0; i < b->jobs->count; i++) {
        const struct job *job = b->jobs->items[i];
        if (job_active(job) && job->state != JOB_WAITING)
            buf_printf(text, "%s%s runs", text->len ? "; " : "", job->label);
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
    if (b->ready || b->shutdown->step != SHUTDOWN_NONE || !bridge_is_up(b))
        return;
    b->ready = true;
    notify_hold(&b->notify, false);
    notify_ready(&b->notify);
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
    bus_open(&b->bus, loop);
    notify_init(&b->notify, loop);
    watchdog_init(&b->watchdog, loop, &b->notify);
    notify_hold(&b->notify, true);
}

void bridge_close(struct bridge *b)
{
    b->closed = true;
    host_disarm(bridge_host(b), &b->look);
    bus_close(&b->bus);
    watchdog_close(&b->watchdog, NULL);
    notify_close(&b->notify, NULL);
}

void bridge_reloading(struct bridge *b)
{
    notify_reloading(&b->notify);
    notify_hold(&b->notify, true);
    bridge_look(b);
}

void bridge_refused(struct bridge *b)
{
    if (!b->ready)
        return;
    notify_reloading(&b->notify);
    notify_ready(&b->notify);
}

void bridge_reloaded(struct bridge *b)
{
    b->ready = false;
    bridge_look(b);
}

void bridge_stopping(struct bridge *b)
{
    notify_stopping(&b->notify);
    notify_hold(&b->notify, true);
    bridge_look(b);
}
