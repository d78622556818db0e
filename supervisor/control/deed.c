#include "control/deed.h"

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

static void deed_one(struct wait *w, const struct deed *d, struct proc *p, const char *spec)
{
    struct outcome o = d->act(w->call, p, spec);
    if (o.code == FAULT_SUCCESS && d->look)
        wait_add(w, p->group->config->name, p->config->name, spec);
    else
        wait_result(w, p->group->config->name, p->config->name, &o);
}

static void deed_members(struct wait *w, const struct deed *d, struct pgroup *g)
{
    for (size_t i = 0; i < g->count; i++) {
        struct proc *p = g->ranked[d->backwards ? g->count - 1 - i : i];
        struct buf spec = BUF_EMPTY;
        if (d->applies && !d->applies(p))
            continue;
        namespec_join(g->config->name, p->config->name, &spec);
        deed_one(w, d, p, buf_str(&spec));
        buf_close(&spec);
    }
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
    wait_go(w);
}

void deed_all(struct call *c, const struct deed *d)
{
    struct wait *w = wait_new(c, d->look, true);
    struct list *groups = &control_of(c)->supervisor->groups;
    struct list *link = d->backwards ? groups->prev : groups->next;
    for (; link != groups; link = d->backwards ? link->prev : link->next)
        deed_members(w, d, container_of(link, struct pgroup, link));
    wait_go(w);
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
