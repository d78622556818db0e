#include "engine/supervisor.h"

#include <errno.h>
#include <string.h>

#include "base/log.h"
#include "base/mem.h"
#include "engine/keep.h"

enum { SUPERVISOR_AWAITED_MS = 2000 }; /* between two lines "waiting for a to stop" */

void supervisor_publish(struct supervisor *s, enum event_type type, const char *group)
{
    struct event ev = {.type = type, .group = group, .state = (int)s->state};
    event_bus_publish(s->bus, &ev);
}

/* --- Groups come and go -------------------------------------------------------------------- */

static void supervisor_link_proc(struct supervisor *s, struct proc *p)
{
    graph_link_names(&s->graph, &p->node, &p->config->requires, GRAPH_REQUIRES);
    graph_link_names(&s->graph, &p->node, &p->config->after, GRAPH_AFTER);
    graph_link_waits(&s->graph, &p->node, &p->config->wait_for);
}

/* linear: every name is compared with every node, once for each configuration */
static void supervisor_link(struct supervisor *s)
{
    struct pgroup *g;
    struct proc *p;
    supervisor_each_proc(p, g, s)
    {
        graph_unlink_all(&p->node);
        supervisor_link_proc(s, p);
        if (p->wanted)
            proc_want(p); /* whom it waits for may be gone */
    }
    graph_rank(&s->graph);
}

void supervisor_relink(struct supervisor *s)
{
    supervisor_link(s);
    supervisor_settle(s);
}

/* A group has come: its own edges, and those of others to it. */
static void supervisor_link_group(struct supervisor *s, struct pgroup *added)
{
    struct pgroup *g;
    struct proc *p;
    supervisor_each_proc(p, g, s)
    {
        if (g == added) {
            supervisor_link_proc(s, p);
            continue;
        }
        for (size_t i = 0; i < added->count; i++)
            graph_link_to(&p->node, &added->procs[i].node, p->config);
    }
    graph_rank(&s->graph);
    supervisor_settle(s);
}

/* Groups stay sorted by priority; a new one comes after those of the same priority. */
static void supervisor_insert(struct supervisor *s, struct pgroup *g)
{
    struct pgroup *other;
    struct list *before = &s->groups;
    list_each (other, &s->groups, link) {
        if (other->config->priority > g->config->priority) {
            before = &other->link;
            break;
        }
    }
    list_append(before, &g->link);
    for (size_t i = 0; i < g->count; i++)
        graph_add(&s->graph, &g->procs[i].node);
}

static void supervisor_make_group(struct supervisor *s, const struct group_config *config)
{
    if (supervisor_find_group(s, config->name)) {
        log_warn("there are two groups named '%s': the second one is not run", config->name);
        return;
    }
    struct pgroup *g = pgroup_new(s, s->config, config);
    supervisor_insert(s, g);
    supervisor_publish(s, EVENT_GROUP_ADDED, config->name);
}

struct pgroup *supervisor_adopt_group(struct supervisor *s, struct config *snapshot,
                                      const struct group_config *config)
{
    struct pgroup *g = pgroup_new(s, snapshot, config);
    supervisor_insert(s, g);
    return g;
}

static void supervisor_drop_group(struct supervisor *s, struct pgroup *g)
{
    list_remove(&g->link);
    if (g->pool)
        pools_mute(&s->pools, g->pool);
    for (size_t i = 0; i < g->count; i++) {
        host_disarm(s->host, &g->procs[i].timer);
        graph_node_close(&s->graph, &g->procs[i].node);
        listen_use_close(&g->procs[i].listen);
    }
    g->closing = true;
    list_append(&s->closing, &g->link);
    supervisor_publish(s, EVENT_GROUP_REMOVED, g->config->name);
}

static void supervisor_sweep(struct supervisor *s)
{
    struct pgroup *g;
    list_each (g, &s->closing, link) {
        if (pgroup_idle(g)) {
            list_remove(&g->link);
            pgroup_free(g);
        }
    }
}

/* --- Somebody waits for a stop ------------------------------------------------------------- */

static void supervisor_report_stop(struct supervisor *s, struct proc *p)
{
    int64_t now = host_now(s->host);
    if (now >= p->report_at) {
        log_info("waiting for %s to stop", p->config->name);
        p->report_at = now + SUPERVISOR_AWAITED_MS;
    }
    if (!timer_armed(&s->awaited) || s->awaited.due > p->report_at)
        host_arm(s->host, &s->awaited, p->report_at);
}

static void on_awaited(struct timer *timer)
{
    struct supervisor *s = container_of(timer, struct supervisor, awaited);
    struct pgroup *g;
    struct proc *p;
    supervisor_each_proc(p, g, s)
    {
        if (p->awaited && p->fsm.state == PROC_STOPPING)
            supervisor_report_stop(s, p);
        else
            p->awaited = false;
    }
}

void supervisor_await_stop(struct supervisor *s, struct proc *p)
{
    if (p->fsm.state != PROC_STOPPING)
        return;
    p->awaited = true;
    p->report_at = 0;
    supervisor_report_stop(s, p);
}

/* --- Life ---------------------------------------------------------------------------------- */

static void on_settle(struct timer *timer)
{
    struct supervisor *s = container_of(timer, struct supervisor, settle);
    struct pgroup *g;
    struct proc *p;
    supervisor_sweep(s);
    if (s->stopping_all) {
        supervisor_step_stop(s);
        return;
    }
    supervisor_each_proc(p, g, s)
    {
        proc_try_start(p);
        if (supervisor_goes_on(s))
            return;
    }
}

void supervisor_settle(struct supervisor *s)
{
    if (!timer_armed(&s->settle))
        host_arm(s->host, &s->settle, host_now(s->host));
}

void supervisor_init(struct supervisor *s, struct host *host, struct event_bus *bus)
{
    *s = (struct supervisor){.host = host, .bus = bus, .state = SUPERVISOR_RUNNING};
    list_init(&s->groups);
    list_init(&s->closing);
    graph_init(&s->graph);
    listens_init(&s->listens, host);
    pools_init(&s->pools, s);
    s->settle.on_due = on_settle;
    supervisor_stop_init(s);
    s->awaited.on_due = on_awaited;
}

void supervisor_close(struct supervisor *s)
{
    supervisor_unload(s);
    supervisor_sweep(s);
    pools_close(&s->pools);
    listens_close(&s->listens);
    host_disarm(s->host, &s->settle);
    host_disarm(s->host, &s->report);
    host_disarm(s->host, &s->awaited);
    config_unref(s->config);
    s->config = NULL;
}

/* Limits change at once, without a restart: no difference of groups tells of them. */
static void supervisor_set_limits(struct pgroup *g, const struct group_config *config)
{
    for (size_t i = 0; i < config->process_count; i++) {
        struct proc *p = pgroup_find(g, config->processes[i].name);
        if (p)
            cgroup_set_limits(&p->child.cgroup, &config->processes[i].limits);
    }
}

static void supervisor_set_all_limits(struct supervisor *s, const struct config *config)
{
    struct pgroup *g;
    list_each (g, &s->groups, link) {
        const struct group_config *next = config_find_group(config, g->config->name);
        supervisor_set_limits(g, next ? next : g->config);
    }
}

void supervisor_claim_cgroups(struct supervisor *s)
{
    struct pgroup *g;
    struct proc *p;
    supervisor_each_proc(p, g, s)
    {
        if (p->fsm.state == PROC_EXITED && !p->fsm.again)
            child_claim_cgroup(&p->child);
    }
    supervisor_set_all_limits(s, s->config);
}

void supervisor_set_config(struct supervisor *s, struct config *config)
{
    supervisor_set_all_limits(s, config);
    config_ref(config);
    config_unref(s->config);
    s->config = config;
    if (s->host->keep)
        s->host->keep->ops->config_changed(s->host->keep);
}

void supervisor_load(struct supervisor *s, struct config *config)
{
    supervisor_set_config(s, config);
    s->state = SUPERVISOR_RUNNING;
    s->sparing = false;
    s->stopping_all = false; /* who waited for the stop may see its end before we do */
    host_disarm(s->host, &s->report);
    host_disarm(s->host, &s->awaited);
    for (size_t i = 0; i < config->group_count; i++)
        supervisor_make_group(s, &config->groups[i]);
    listens_settle(&s->listens);
    supervisor_relink(s);
}

void supervisor_unload(struct supervisor *s)
{
    struct pgroup *g;
    list_each (g, &s->groups, link) { /* no listener is left to hear that all go */
        if (g->pool)
            pools_mute(&s->pools, g->pool);
    }
    list_each (g, &s->groups, link)
        supervisor_drop_group(s, g);
    supervisor_settle(s);
}

void supervisor_abandon(struct supervisor *s)
{
    struct pgroup *g;
    list_each (g, &s->closing, link) {
        for (size_t i = 0; i < g->count; i++) {
            struct child *child = &g->procs[i].child;
            cgroup_close(&child->cgroup); /* what dies in it is not waited for here */
            if (child->pid == 0)
                continue;
            log_warn("'%s' (%d) is left running: it cannot be signalled", child->config->name,
                     (int)child->pid);
            child_abandon(child);
        }
    }
}

/* All are wanted before the first one is tried: each sees who else is on its way. */
void supervisor_autostart(struct supervisor *s)
{
    struct pgroup *g;
    struct proc *p;
    supervisor_publish(s, EVENT_SUPERVISOR_STATE, NULL);
    supervisor_each_proc(p, g, s) proc_boot(p);
    supervisor_each_proc(p, g, s)
    {
        if (p->wanted)
            graph_pull(&p->node);
    }
    supervisor_settle(s);
}

bool supervisor_autostarted(const struct supervisor *s)
{
    const struct pgroup *g;
    const struct proc *p;
    supervisor_each_proc(p, g, s)
    {
        if (p->config->autostart && !proc_settled(p))
            return false;
    }
    return true;
}

int supervisor_add_group(struct supervisor *s, const char *name)
{
    if (supervisor_find_group(s, name))
        return -EEXIST;
    const struct group_config *config = config_find_group(s->config, name);
    if (!config)
        return -ENOENT;
    supervisor_make_group(s, config);
    listens_settle(&s->listens);
    host_begin_turn(s->host);
    struct pgroup *g = supervisor_find_group(s, name);
    if (!g)
        return -ENOENT;
    supervisor_link_group(s, g);
    for (size_t i = 0; i < g->count; i++) /* all before the first one, as in autostart */
        proc_boot(&g->procs[i]);
    for (size_t i = 0; i < g->count; i++) {
        if (!proc_waiting(&g->procs[i]))
            continue;
        graph_pull(&g->procs[i].node);
        if (!host_turn_over(s->host)) /* else on_settle does */
            proc_try_start(&g->procs[i]);
    }
    return 0;
}

int supervisor_remove_group(struct supervisor *s, const char *name)
{
    struct pgroup *g = supervisor_find_group(s, name);
    if (!g)
        return -ENOENT;
    if (!pgroup_stopped(g))
        return -EBUSY;
    supervisor_drop_group(s, g); /* with every edge from and to it */
    graph_rank(&s->graph);
    supervisor_settle(s);
    return 0;
}

/* --- Looking things up --------------------------------------------------------------------- */

struct pgroup *supervisor_find_group(struct supervisor *s, const char *name)
{
    struct pgroup *g;
    list_each (g, &s->groups, link) {
        if (strcmp(g->config->name, name) == 0)
            return g;
    }
    return NULL;
}

/* linear: a thousand programs is a thousand compares, once for each exit */
static struct proc *find_pid(struct list *groups, pid_t pid)
{
    struct pgroup *g;
    list_each (g, groups, link) {
        for (size_t i = 0; i < g->count; i++) {
            if (g->procs[i].child.pid == pid)
                return &g->procs[i];
        }
    }
    return NULL;
}

bool supervisor_exited(struct supervisor *s, pid_t pid, int code, int status)
{
    struct err why;
    struct proc *p = find_pid(&s->groups, pid);
    if (p) {
        proc_exited(p, code, status);
        return true;
    }
    /* A process in the UNKNOWN state may outlive the removal of its group. */
    p = find_pid(&s->closing, pid);
    if (p) {
        (void)child_exited(&p->child, &why);
        supervisor_settle(s);
    }
    return p != NULL;
}

void supervisor_reopen_logs(struct supervisor *s)
{
    struct pgroup *g;
    struct proc *p;
    supervisor_each_proc(p, g, s) child_reopen_logs(&p->child);
}
