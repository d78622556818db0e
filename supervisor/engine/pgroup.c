#include "engine/pgroup.h"

#include <string.h>

#include "base/mem.h"
#include "engine/supervisor.h"

struct pgroup *pgroup_new(struct supervisor *s, struct config *snapshot,
                          const struct group_config *config)
{
    struct pgroup *g = mem_alloc(sizeof *g);
    list_init(&g->link);
    g->supervisor = s;
    g->snapshot = config_ref(snapshot);
    g->config = config;
    g->count = config->process_count;
    g->procs = mem_array(g->count, sizeof *g->procs);
    if (config->kind == GROUP_LISTENER)
        g->pool = pools_add(&s->pools, g);
    for (size_t i = 0; i < g->count; i++)
        proc_init(&g->procs[i], g, &config->processes[i]);
    return g;
}

void pgroup_free(struct pgroup *g)
{
    if (!g)
        return;
    for (size_t i = 0; i < g->count; i++)
        proc_close(&g->procs[i]);
    pools_free(g->pool);
    mem_free(g->procs);
    config_unref(g->snapshot);
    mem_free(g);
}

bool pgroup_idle(const struct pgroup *g)
{
    for (size_t i = 0; i < g->count; i++) {
        if (!child_idle(&g->procs[i].child))
            return false;
    }
    return true;
}

bool pgroup_stopped(const struct pgroup *g)
{
    for (size_t i = 0; i < g->count; i++) {
        if (!g->procs[i].node.ops->stopped(&g->procs[i].node))
            return false;
    }
    return true;
}

struct proc *pgroup_find(struct pgroup *g, const char *name)
{
    for (size_t i = 0; i < g->count; i++) {
        if (strcmp(g->procs[i].config->name, name) == 0)
            return &g->procs[i];
    }
    return NULL;
}
