#include "control/deed.h"

#include "base/mem.h"
#include "control/namespec.h"

bool find_named(struct control *c, const char *spec, struct pgroup **g, struct proc **p)
{
    struct namespec n = namespec_split(spec);
    *g = supervisor_find_group(c->supervisor, n.group);
    *p = *g && n.process ? pgroup_find(*g, n.process) : NULL;
    bool found = *g && (*p || !n.process);
    namespec_close(&n);
    return found;
}

struct proc *find_process(struct call *c, const char *spec)
{
    struct pgroup *g;
    struct proc *p;
    if (find_named(control_of(c), spec, &g, &p) && p)
        return p;
    call_fault(c, FAULT_BAD_NAME, spec);
    return NULL;
}

struct child *find_speaker(struct control *c, const char *spec)
{
    struct pgroup *g;
    struct proc *p;
    if (find_named(c, spec, &g, &p))
        return p ? &p->child : NULL;
    struct job *job = jobs_find(c->jobs, spec);
    return job ? &job->child : NULL;
}

static void deed_one(struct wait *w, const struct deed *d, struct proc *p, const char *spec)
{
    struct outcome o = d->act(w, p, spec);
    if (o.code == FAULT_SUCCESS && d->look)
        wait_add(w, p->group->config->name, p->config->name, spec);
    else
        wait_result(w, p->group->config->name, p->config->name, &o);
}

/* --- To many --------------------------------------------------------------------------------- */

static void deed_members(struct wait *w, const struct deed *d, struct pgroup *g)
{
    for (size_t i = 0; i < g->count; i++) {
        struct proc *p = g->ranked[d->backwards ? g->count - 1 - i : i];
        struct buf spec = BUF_EMPTY;
        namespec_join(g->config->name, p->config->name, &spec);
        struct wait_item *item = wait_item_new(g->config->name, p->config->name, buf_str(&spec));
        list_append(&w->todo, &item->link);
        buf_close(&spec);
    }
}

/* What has been done before, in this turn or another, may have changed to whom it applies. */
static void deed_item(struct wait *w, const struct wait_item *i)
{
    const struct deed *d = w->deed;
    struct pgroup *g = supervisor_find_group(w->control->supervisor, i->group);
    struct proc *p = g ? pgroup_find(g, i->name) : NULL;
    struct outcome gone = outcome_fault(FAULT_BAD_NAME, i->spec);
    struct outcome down = outcome_fault(FAULT_SHUTDOWN_STATE, NULL);
    if (!p)
        wait_result(w, i->group, i->name, &gone);
    else if (w->control->supervisor->state != SUPERVISOR_RUNNING)
        wait_result(w, i->group, i->name, &down);
    else if (!d->applies || d->applies(p))
        deed_one(w, d, p, i->spec);
}

static void deed_go_on(struct wait *w)
{
    struct host *host = w->control->supervisor->host;
    while (!list_empty(&w->todo)) {
        struct wait_item *i = container_of(w->todo.next, struct wait_item, link);
        deed_item(w, i);
        wait_item_free(i);
        if (host_turn_over(host))
            break;
    }
    if (list_empty(&w->todo))
        wait_go(w);
    else
        host_arm(host, &w->turn, host_now(host));
}

static void on_turn(struct timer *timer)
{
    deed_go_on(container_of(timer, struct wait, turn));
}

/* What there is time for is done before this returns. */
static void deed_begin(struct wait *w, const struct deed *d)
{
    w->deed = d;
    w->turn.on_due = on_turn;
    list_append(&w->control->deeds, &w->link);
    host_begin_turn(w->control->supervisor->host);
    deed_go_on(w);
}

void deed_group(struct call *c, const char *name, const struct deed *d)
{
    struct pgroup *g = supervisor_find_group(control_of(c)->supervisor, name);
    if (!g) {
        call_fault(c, FAULT_BAD_NAME, name);
        return;
    }
    struct wait *w = wait_new(c, d->look, true);
    deed_members(w, d, g);
    deed_begin(w, d);
}

void deed_all(struct call *c, const struct deed *d)
{
    struct wait *w = wait_new(c, d->look, true);
    struct list *groups = &control_of(c)->supervisor->groups;
    struct list *link = d->backwards ? groups->prev : groups->next;
    for (; link != groups; link = d->backwards ? link->prev : link->next)
        deed_members(w, d, container_of(link, struct pgroup, link));
    deed_begin(w, d);
}

void deed_named(struct call *c, const char *spec, const struct deed *d)
{
    struct pgroup *g;
    struct proc *p;
    if (!find_named(control_of(c), spec, &g, &p)) {
        call_fault(c, FAULT_BAD_NAME, spec);
    } else if (!p) {
        deed_group(c, g->config->name, d);
    } else {
        struct wait *w = wait_new(c, d->look, false);
        deed_one(w, d, p, spec);
        wait_go(w);
    }
}
