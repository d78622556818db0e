/* What a process is doing and why, in words for people. */
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "engine/proc.h"

enum proc_state proc_shown_state(const struct proc *p)
{
    bool starts =
        p->wanted && !proc_state_is_running(p->fsm.state) && graph_gate(&p->node, NULL) == GRAPH_GO;
    return starts ? PROC_STARTING : p->fsm.state;
}

const char *proc_waits_for(const struct proc *p)
{
    if (p->blocker)
        return p->blocker->label;
    return p->gate == GRAPH_BLOCKED ? graph_missing(&p->node) : NULL;
}

static void proc_describe_uptime(const struct proc *p, int64_t wall, struct buf *out)
{
    int64_t up = wall > p->started_wall ? (wall - p->started_wall) / 1000 : 0;
    int64_t days = up / 86400;
    buf_printf(out, "pid %d, uptime ", (int)p->child.pid);
    if (days > 0)
        buf_printf(out, "%lld day%s, ", (long long)days, days == 1 ? "" : "s");
    buf_printf(out, "%lld:%02lld:%02lld", (long long)(up % 86400 / 3600),
               (long long)(up % 3600 / 60), (long long)(up % 60));
    const char *how;
    const struct graph_node *failed = graph_caveat(&p->node, &how);
    if (failed)
        buf_printf(out, "; %s: %s has failed", how, failed->label);
}

/* What it has said of itself. */
static void proc_describe_said(const struct proc *p, struct buf *out)
{
    const struct said *said = &p->said;
    const char *phase = said->stopping ? "stopping" : said->reloading ? "reloading" : NULL;
    if (phase && p->fsm.state == PROC_RUNNING)
        buf_printf(out, "%s%s", out->len ? "; " : "", phase);
    if (said->status[0])
        buf_printf(out, "%ssays: %s", out->len ? "; " : "", said->status);
    if (said->error)
        buf_printf(out, "%serror %d (%s)", out->len ? "; " : "", said->error,
                   strerror(said->error));
}

static void proc_describe_start(const struct proc *p, int64_t wall, struct buf *out)
{
    int64_t waits = wall > p->started_wall ? (wall - p->started_wall) / 1000 : 0;
    if (p->fsm.blamed)
        buf_printf(out, "stopping; %s", p->spawnerr);
    else if (p->rules.notify)
        buf_printf(out, "starting; not yet ready for %lld s", (long long)waits);
}

static void proc_describe_stop(const struct proc *p, struct buf *out)
{
    char text[64];
    struct tm tm;
    time_t when = (time_t)(p->stopped_wall / 1000);
    if (p->started_wall == 0 || !localtime_r(&when, &tm))
        buf_text(out, "Not started");
    else if (strftime(text, sizeof text, "%b %d %I:%M %p", &tm) > 0)
        buf_text(out, text);
}

const char *proc_why(const struct proc *p)
{
    static const char early[] = "Exited too quickly";
    const char *waits_for = p->wanted ? proc_waits_for(p) : NULL;
    if (p->wanted)
        return waits_for ? waits_for : "";
    /* Supervisor's words for a failed start say less than how the process ended. */
    if (p->last_exit[0] && strncmp(p->spawnerr, early, sizeof early - 1) == 0)
        return p->last_exit;
    if (p->fsm.state == PROC_EXITED && !p->fsm.blamed)
        return p->last_exit;
    return p->spawnerr;
}

/* "waits for sync:data: 41 % of 2.3 GB, 38 s left" */
static void proc_describe_blocker(const struct graph_node *blocker, struct buf *out)
{
    const char *news = blocker && blocker->ops->news ? blocker->ops->news(blocker) : "";
    if (*news)
        buf_printf(out, ": %s", news);
}

void proc_describe(const struct proc *p, int64_t wall, struct buf *out)
{
    if (p->wanted) {
        const char *waits_for = proc_waits_for(p);
        const char *label = waits_for ? waits_for : "its turn";
        if (p->gate == GRAPH_BLOCKED && p->blocker &&
            p->blocker->ops->status(p->blocker) == GRAPH_FAILED)
            buf_printf(out, "stays down: %s has failed", label);
        else
            buf_printf(out, p->gate == GRAPH_BLOCKED ? "stays down: %s is not up" : "waits for %s",
                       label);
        proc_describe_blocker(p->blocker, out);
        return;
    }
    switch (p->fsm.state) {
    case PROC_RUNNING:
        proc_describe_uptime(p, wall, out);
        if (p->fsm.blamed)
            buf_printf(out, "; %s", p->spawnerr);
        proc_describe_said(p, out);
        break;
    case PROC_BACKOFF:
    case PROC_FATAL:
        if (p->spawnerr[0])
            buf_text(out, p->spawnerr);
        else
            buf_printf(out, "unknown error (try \"tail %s\")", p->config->name);
        proc_describe_said(p, out);
        break;
    case PROC_STOPPED:
    case PROC_EXITED:
        proc_describe_stop(p, out);
        break;
    case PROC_STARTING:
        proc_describe_start(p, wall, out);
        proc_describe_said(p, out);
        break;
    case PROC_STOPPING:
        if (p->anew)
            buf_text(out, "stopping, to be started anew");
        proc_describe_said(p, out);
        break;
    case PROC_UNKNOWN:
        break;
    }
}
