/* A stop of everything, in order; and what was up goes up again when nothing ends after all. */
#include "base/log.h"
#include "engine/supervisor.h"

enum { SUPERVISOR_REPORT_MS = 3000 }; /* between two lines "waiting for a, b to die" */

/* What has been done in this turn makes on_settle come again, and it has been enough. */
bool supervisor_goes_on(struct supervisor *s)
{
    return timer_armed(&s->settle) && host_turn_over(s->host);
}

bool supervisor_spares(const struct supervisor *s, const struct pgroup *g)
{
    return s->sparing && g->config->lasts;
}

static void on_report(struct timer *timer)
{
    struct supervisor *s = container_of(timer, struct supervisor, report);
    struct buf names = BUF_EMPTY;
    struct pgroup *g;
    struct proc *p;
    supervisor_each_proc(p, g, s)
    {
        if (!p->node.ops->stopped(&p->node) && !supervisor_spares(s, g))
            buf_printf(&names, "%s%s", names.len ? ", " : "", p->config->name);
    }
    if (names.len) {
        log_info("waiting for %s to die", buf_str(&names));
        host_arm(s->host, &s->report, host_now(s->host) + SUPERVISOR_REPORT_MS);
    }
    buf_close(&names);
}

/* What has no process has nobody to wait for, and a retry or a restart must not come now.
 * True: it has been asked, or was before; its end is something to wait for. */
static bool supervisor_step_stop_proc(struct supervisor *s, struct proc *p, bool in_order)
{
    if (p->node.ops->stopped(&p->node))
        return false;
    if (p->fsm.state == PROC_STOPPING)
        return true;
    bool may = !in_order || !proc_state_has_process(p->fsm.state);
    if (!may && !graph_may_stop(&s->graph, &p->node))
        return false;
    if (p->fsm.state == PROC_RUNNING && !pools_may_stop(p->group))
        return true;
    return proc_stop(p) == 0;
}

static bool supervisor_step_stop_group(struct supervisor *s, struct pgroup *g, bool in_order)
{
    bool any = false;
    if (supervisor_spares(s, g))
        return false;
    for (size_t i = g->count; i > 0 && !supervisor_goes_on(s); i--)
        any |= supervisor_step_stop_proc(s, g->ranked[i - 1], in_order);
    return any;
}

/* Later groups and processes first, as they were started the other way round. */
static bool supervisor_step_stop_procs(struct supervisor *s, bool in_order)
{
    bool any = false;
    graph_look_stops(&s->graph);
    for (struct list *link = s->groups.prev; link != &s->groups; link = link->prev)
        any |= supervisor_step_stop_group(s, container_of(link, struct pgroup, link), in_order);
    return any;
}

void supervisor_step_stop(struct supervisor *s)
{
    /* No configuration has a cycle, but groups of two of them may: then there is no order. */
    if (!supervisor_step_stop_procs(s, true))
        (void)supervisor_step_stop_procs(s, false);
    if (!supervisor_all_stopped(s) || !s->stopping_all)
        return;
    s->stopping_all = false;
    host_disarm(s->host, &s->report);
    if (s->on_all_stopped)
        s->on_all_stopped(s);
}

void supervisor_announce(struct supervisor *s, enum supervisor_state state)
{
    if (s->state == state)
        return;
    s->state = state;
    supervisor_publish(s, EVENT_SUPERVISOR_STATE, NULL);
}

void supervisor_leave(struct supervisor *s, int64_t killed_until)
{
    struct pgroup *g;
    struct proc *p;
    supervisor_each_proc(p, g, s)
    {
        if (p->fsm.state == PROC_STOPPING && p->child.killed && p->child.killed <= killed_until)
            proc_leave(p);
    }
    supervisor_settle(s);
}

static void supervisor_stop_begin(struct supervisor *s)
{
    host_begin_turn(s->host);
    supervisor_step_stop(s);
    if (s->stopping_all)
        host_arm(s->host, &s->report, host_now(s->host));
    supervisor_settle(s);
}

void supervisor_stop_all(struct supervisor *s, enum supervisor_state why)
{
    struct pgroup *g;
    struct proc *p;
    s->stopping_all = true;
    s->sparing = why == SUPERVISOR_SHUTDOWN;
    supervisor_announce(s, why);
    supervisor_each_proc(p, g, s)
    {
        p->resume = p->anew || (p->fsm.state != PROC_STOPPING && !p->node.ops->stopped(&p->node));
        p->anew = false;
        if (p->wanted)
            (void)proc_stop(p);
    }
    supervisor_stop_begin(s);
}

void supervisor_stop_rest(struct supervisor *s)
{
    s->stopping_all = true;
    s->sparing = false;
    supervisor_stop_begin(s);
}

void supervisor_resume(struct supervisor *s)
{
    struct pgroup *g;
    struct proc *p;
    s->state = SUPERVISOR_RUNNING;
    s->stopping_all = false; /* who waited for the stop may see its end before we do */
    s->sparing = false;
    host_disarm(s->host, &s->report);
    supervisor_publish(s, EVENT_SUPERVISOR_STATE, NULL);
    supervisor_each_proc(p, g, s)
    {
        if (p->resume && !proc_state_is_running(p->fsm.state)) /* a job may have started it */
            proc_want(p);
        p->resume = false;
    }
    supervisor_each_proc(p, g, s)
    {
        if (p->wanted)
            graph_pull(&p->node);
    }
    supervisor_settle(s);
}

bool supervisor_all_stopped(const struct supervisor *s)
{
    const struct pgroup *g;
    list_each (g, &s->groups, link) {
        if (!pgroup_stopped(g) && !supervisor_spares(s, g))
            return false;
    }
    return true;
}

bool supervisor_rest_stopped(const struct supervisor *s)
{
    const struct pgroup *g;
    list_each (g, &s->groups, link) {
        if (!pgroup_stopped(g))
            return false;
    }
    return true;
}

void supervisor_stop_init(struct supervisor *s)
{
    s->report.on_due = on_report;
}
