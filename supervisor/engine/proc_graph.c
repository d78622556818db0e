/* A process as others see it who wait for it, or whom it waits for. */
#include <string.h>

#include "base/list.h"
#include "engine/supervisor.h"

static enum graph_status proc_graph_status(const struct graph_node *n)
{
    const struct proc *p = container_of_const(n, struct proc, node);
    if (p->anew)
        return GRAPH_PENDING;
    if (p->wanted)
        return p->gate == GRAPH_BLOCKED ? GRAPH_FAILED : GRAPH_PENDING;
    switch (p->fsm.state) {
    case PROC_STARTING:
    case PROC_BACKOFF:
        return GRAPH_PENDING;
    case PROC_RUNNING:
        return GRAPH_UP;
    case PROC_EXITED:
        if (p->fsm.again)
            return GRAPH_PENDING;
        return p->exit_expected ? GRAPH_UP : GRAPH_FAILED;
    case PROC_FATAL:
    case PROC_UNKNOWN:
        return GRAPH_FAILED;
    case PROC_STOPPED:
    case PROC_STOPPING:
        break;
    }
    return GRAPH_DOWN;
}

static bool proc_graph_stopped(const struct graph_node *n)
{
    const struct proc *p = container_of_const(n, struct proc, node);
    return proc_state_is_stopped(p->fsm.state) && !p->fsm.again && !p->wanted;
}

static void proc_graph_pull(struct graph_node *n)
{
    (void)proc_start(container_of(n, struct proc, node));
}

/* "api", "program:api", "web", "group:web", "web:api": what requires= and after= may say. */
static bool proc_graph_named(const struct graph_node *n, const char *name)
{
    const struct proc *p = container_of_const(n, struct proc, node);
    if (strncmp(name, "program:", 8) == 0)
        return strcmp(name + 8, p->config->program) == 0;
    if (strncmp(name, "group:", 6) == 0)
        return strcmp(name + 6, p->group->config->name) == 0;
    return strcmp(name, p->config->program) == 0 || strcmp(name, p->group->config->name) == 0 ||
           strcmp(name, p->label) == 0;
}

static unsigned proc_graph_reached(const struct graph_node *n)
{
    return container_of_const(n, struct proc, node)->reached;
}

const struct graph_node_ops proc_graph_ops = {
    .status = proc_graph_status,
    .stopped = proc_graph_stopped,
    .pull = proc_graph_pull,
    .named = proc_graph_named,
    .reached = proc_graph_reached,
};
