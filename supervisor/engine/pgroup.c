#include "engine/pgroup.h"

#include <string.h>

#include "base/log.h"
#include "base/mem.h"
#include "engine/supervisor.h"

/* linear: a group has the sockets of a few programs */
static struct fcgi *pgroup_socket(struct pgroup *g, const struct socket_config *config)
{
    for (size_t i = 0; i < g->socket_count; i++) {
        if (g->sockets[i].config == config)
            return &g->sockets[i];
    }
    struct fcgi *f = &g->sockets[g->socket_count++];
    fcgi_init(f, config);
    f->inherited = g->supervisor->host->inherited;
    return f;
}

static void pgroup_make_sockets(struct pgroup *g)
{
    struct err e;
    g->sockets = mem_array(g->count, sizeof *g->sockets);
    for (size_t i = 0; i < g->count; i++) {
        if (g->procs[i].config->socket)
            g->procs[i].socket = pgroup_socket(g, g->procs[i].config->socket);
    }
    for (size_t i = 0; !g->supervisor->adopting && i < g->socket_count; i++) {
        /* what is wrong is known now, not later */
        if (fcgi_take(&g->sockets[i], &e) == 0)
            fcgi_drop(&g->sockets[i]);
        else
            log_error("%s", e.text);
    }
}

/* linear insertions: a group has a few programs, and those of one program are in order */
static void pgroup_rank(struct pgroup *g)
{
    g->ranked = mem_array(g->count, sizeof(struct proc *));
    for (size_t i = 0; i < g->count; i++) {
        size_t at = i;
        for (; at > 0 && g->ranked[at - 1]->config->priority > g->procs[i].config->priority; at--)
            g->ranked[at] = g->ranked[at - 1];
        g->ranked[at] = &g->procs[i];
    }
}

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
    pgroup_rank(g);
    pgroup_make_sockets(g);
    return g;
}

void pgroup_free(struct pgroup *g)
{
    if (!g)
        return;
    for (size_t i = 0; i < g->count; i++)
        proc_close(&g->procs[i]);
    pools_free(g->pool);
    mem_free(g->ranked);
    mem_free(g->procs);
    mem_free(g->sockets);
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
