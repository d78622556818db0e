/* What the processes use. A thousand of them are some thousand files: turns are taken. */
#include <string.h>

#include "base/clock.h"
#include "base/limits.h"
#include "base/mem.h"
#include "control/methods.h"
#include "control/status.h"
#include "engine/usage.h"

struct usages {
    json_t *names; /* owned: pairs of group and name, still to be looked at from `next` on */
    size_t next;
    json_t *results; /* owned */
};

static json_t *usage_names(struct supervisor *s)
{
    json_t *names = json_array();
    struct pgroup *g;
    struct proc *p;
    supervisor_each_proc(p, g, s)
    {
        json_t *pair = json_array();
        json_array_append_new(pair, status_text(g->config->name));
        json_array_append_new(pair, status_text(p->config->name));
        json_array_append_new(names, pair);
    }
    return names;
}

static json_t *usage_value(const struct proc *p)
{
    struct usage u = {0};
    bool alive = usage_of(&p->child, &u);
    const struct cgroup *cg = &p->child.cgroup;
    bool limited = cg->limits.memory_max >= 0 && cg->limits.memory_max != CONFIG_NO_LIMIT;
    double max =
        limited && !cg->told ? (double)cg->limits.memory_max : 0; /* told: it does not hold */
    json_t *value = json_object();
    json_object_set_new(value, "group", status_text(p->group->config->name));
    json_object_set_new(value, "name", status_text(p->config->name));
    json_object_set_new(value, "alive", json_boolean(alive));
    json_object_set_new(value, "memory", json_real((double)u.memory));
    json_object_set_new(value, "memory_max", json_real(max));
    json_object_set_new(value, "resident", json_boolean(u.resident));
    json_object_set_new(value, "cpu", json_real((double)u.cpu_us / 1e6));
    json_object_set_new(value, "tasks", json_integer(u.tasks));
    json_object_set_new(value, "restarts", json_integer(p->restarts));
    json_object_set_new(value, "last_exit", status_text(p->last_exit));
    return value;
}

static void usages_look(struct call *c, struct usages *w)
{
    struct supervisor *s = control_of(c)->supervisor;
    const json_t *pair = json_array_get(w->names, w->next++);
    struct pgroup *g = supervisor_find_group(s, json_string_value(json_array_get(pair, 0)));
    const struct proc *p = g ? pgroup_find(g, json_string_value(json_array_get(pair, 1))) : NULL;
    if (p)
        json_array_append_new(w->results, usage_value(p));
}

static void usages_close(struct usages *w)
{
    json_decref(w->names);
    json_decref(w->results);
    mem_free(w);
}

static void on_abandon(struct call *c)
{
    usages_close(c->work);
}

static void usages_run(struct call *c)
{
    struct usages *w = c->work;
    const int64_t since = clock_now();
    while (w->next < json_array_size(w->names)) {
        usages_look(c, w);
        if (c->rpc->pause && !c->rpc->closing && clock_now() - since >= LIMIT_TURN_MS) {
            c->paused = true;
            c->rpc->pause(c->rpc);
            return;
        }
    }
    json_t *results = json_incref(w->results);
    c->abandon = NULL;
    usages_close(w);
    call_return(c, results);
}

static void get_all_resources(struct call *c)
{
    struct usages *w = mem_alloc(sizeof *w);
    *w = (struct usages){.names = usage_names(control_of(c)->supervisor), .results = json_array()};
    c->work = w;
    c->abandon = on_abandon;
    c->go_on = usages_run;
    usages_run(c);
}

// clang-format off
const struct rpc_method usage_methods[] = {
    { "mainstay.getAllProcessResources", "array", "", get_all_resources, RPC_ANYTIME,
      "Get memory (bytes), cpu (seconds), tasks, restarts and the last exit of all processes." },
};
// clang-format on
const size_t usage_methods_count = sizeof usage_methods / sizeof *usage_methods;
