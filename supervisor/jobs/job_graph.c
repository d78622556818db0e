/* A job as others see it who wait for it, and what it waits for itself. */
#include <string.h>

#include "base/list.h"
#include "jobs/jobs.h"

/* A refresh that fails leaves what there was, unless stale_ok= says that it is too old by now. */
static bool job_failed_well(const struct job *job)
{
    bool refreshed = job->refresh && job->config->stale_ok_ms == 0;
    return job->stale_ok || refreshed || job->config->on_failure == JOB_ON_FAILURE_CONTINUE;
}

bool job_is_good(const struct job *job)
{
    if (job_state_active(job->state))
        return job->refresh;
    return job->state == JOB_SUCCEEDED || (job->state == JOB_FAILED && job_failed_well(job));
}

static enum graph_status job_graph_status(const struct graph_node *n)
{
    const struct job *job = container_of_const(n, struct job, node);
    if (job_is_good(job))
        return GRAPH_UP;
    if (job_active(job))
        return GRAPH_PENDING;
    return job->state == JOB_IDLE ? GRAPH_DOWN : GRAPH_FAILED;
}

/* Jobs are stopped by whoever runs the shutdown, not in the order of the programs. */
static bool job_graph_stopped(const struct graph_node *n)
{
    (void)n;
    return true;
}

static void job_graph_pull(struct graph_node *n)
{
    (void)job_run(container_of(n, struct job, node), JOB_PULLED, 0);
}

/* "data", "sync:data" */
static bool job_graph_named(const struct graph_node *n, const char *name)
{
    const struct job *job = container_of_const(n, struct job, node);
    return strcmp(name, job->config->name) == 0 || strcmp(name, job->label) == 0;
}

static const char *job_graph_caveat(const struct graph_node *n)
{
    const struct job *job = container_of_const(n, struct job, node);
    bool older = job->state == JOB_FAILED && (job->stale_ok || job->refresh);
    return older && job_is_good(job) ? "on older data" : NULL;
}

static const char *job_graph_news(const struct graph_node *n)
{
    const struct job *job = container_of_const(n, struct job, node);
    return job_state_active(job->state) ? job->said.status : "";
}

const struct graph_node_ops job_graph_ops = {
    .status = job_graph_status,
    .stopped = job_graph_stopped,
    .pull = job_graph_pull,
    .named = job_graph_named,
    .caveat = job_graph_caveat,
    .news = job_graph_news,
};

/* A job works on what others make: unlike a program it waits for their refresh, too. */
static enum graph_gate_kind job_gate_up(const struct job *job, const struct graph_node **blocker)
{
    enum graph_gate_kind gate = graph_gate(&job->node, blocker);
    for (size_t i = 0; gate == GRAPH_GO && i < job->node.edge_count; i++) {
        struct graph_node *to = job->node.edges[i].to;
        if (to->ops != &job_graph_ops || !job_active(container_of(to, struct job, node)))
            continue;
        *blocker = to;
        return GRAPH_WAIT;
    }
    return gate;
}

/* A program while everything is being stopped: it may still serve, and is not started any more. */
static enum graph_gate_kind job_gate_serving(const struct graph_edge *edge)
{
    enum graph_status status = edge->to->ops->status(edge->to);
    if (edge->kind != GRAPH_REQUIRES || status == GRAPH_UP)
        return GRAPH_GO;
    return status == GRAPH_PENDING ? GRAPH_WAIT : GRAPH_BLOCKED;
}

static enum graph_gate_kind job_gate_down(const struct job *job, const struct graph_edge *edge)
{
    if (edge->to->ops != &job_graph_ops) /* once they are down they are no hindrance any more */
        return job->jobs->shutting_down ? GRAPH_GO : job_gate_serving(edge);
    if (job_active(container_of(edge->to, struct job, node)))
        return GRAPH_WAIT;
    bool failed = job_graph_status(edge->to) == GRAPH_FAILED;
    return failed && edge->kind == GRAPH_REQUIRES ? GRAPH_BLOCKED : GRAPH_GO;
}

enum graph_gate_kind job_gate(const struct job *job, const struct graph_node **blocker)
{
    if (!job->jobs->resting)
        return job_gate_up(job, blocker);
    for (size_t i = 0; i < job->node.edge_count; i++) {
        enum graph_gate_kind gate = job_gate_down(job, &job->node.edges[i]);
        if (gate == GRAPH_GO)
            continue;
        *blocker = job->node.edges[i].to;
        return gate;
    }
    bool serving = !job->jobs->shutting_down; /* what it requires may have been removed */
    return serving && graph_missing(&job->node) ? GRAPH_BLOCKED : GRAPH_GO;
}
