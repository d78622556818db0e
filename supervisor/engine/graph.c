#include "engine/graph.h"

#include "base/mem.h"

void graph_init(struct graph *g)
{
    list_init(&g->nodes);
}

void graph_node_init(struct graph_node *n, const struct graph_node_ops *ops, const char *label,
                     int64_t priority)
{
    *n = (struct graph_node){.ops = ops, .label = label, .priority = priority, .rank = priority};
    list_init(&n->link);
}

void graph_add(struct graph *g, struct graph_node *n)
{
    list_append(&g->nodes, &n->link);
}

/* The edge from one to the other, which is made when there is none; of two kinds the stricter. */
static struct graph_edge *graph_edge(struct graph_node *from, struct graph_node *to,
                                     enum graph_edge_kind kind)
{
    for (size_t i = 0; i < from->edge_count; i++) {
        struct graph_edge *edge = &from->edges[i];
        if (edge->to != to)
            continue;
        if (kind > edge->kind)
            edge->kind = kind;
        return edge;
    }
    from->edges = mem_grow(from->edges, from->edge_count + 1, sizeof *from->edges);
    from->edges[from->edge_count] = (struct graph_edge){.to = to, .kind = kind};
    return &from->edges[from->edge_count++];
}

void graph_link(struct graph_node *from, struct graph_node *to, enum graph_edge_kind kind)
{
    (void)graph_edge(from, to, kind);
}

static void graph_wait(struct graph_node *from, struct graph_node *to,
                       const struct startup_list *waits)
{
    for (size_t i = 0; to != from && i < waits->count; i++) {
        if (to->ops->named(to, waits->waits[i].program))
            graph_edge(from, to, GRAPH_REACHED)->states |= waits->waits[i].states;
    }
}

void graph_link_waits(struct graph *g, struct graph_node *from, const struct startup_list *waits)
{
    struct graph_node *to;
    if (waits->count == 0)
        return;
    list_each (to, &g->nodes, link)
        graph_wait(from, to, waits);
}

static void graph_link_named(struct graph_node *from, struct graph_node *to,
                             const struct name_list *names, enum graph_edge_kind kind)
{
    for (size_t i = 0; to != from && i < names->count; i++) {
        if (to->ops->named(to, names->names[i]))
            graph_link(from, to, kind);
    }
}

void graph_link_to(struct graph_node *from, struct graph_node *to,
                   const struct process_config *config)
{
    graph_link_named(from, to, &config->requires, GRAPH_REQUIRES);
    graph_link_named(from, to, &config->after, GRAPH_AFTER);
    graph_wait(from, to, &config->wait_for);
}

void graph_link_names(struct graph *g, struct graph_node *from, const struct name_list *names,
                      enum graph_edge_kind kind)
{
    struct graph_node *to;
    if (kind == GRAPH_REQUIRES)
        from->required = names;
    for (size_t i = 0; i < names->count; i++) {
        list_each (to, &g->nodes, link) {
            if (to != from && to->ops->named(to, names->names[i]))
                graph_link(from, to, kind);
        }
    }
}

void graph_unlink_all(struct graph_node *n)
{
    n->edge_count = 0;
}

static void graph_unlink(struct graph_node *from, const struct graph_node *to)
{
    size_t kept = 0;
    for (size_t i = 0; i < from->edge_count; i++) {
        if (from->edges[i].to != to)
            from->edges[kept++] = from->edges[i];
    }
    from->edge_count = kept;
}

void graph_node_close(struct graph *g, struct graph_node *n)
{
    struct graph_node *other;
    list_each (other, &g->nodes, link)
        graph_unlink(other, n);
    list_remove(&n->link);
    mem_free(n->edges);
    n->edges = NULL;
    n->edge_count = 0;
}

static bool graph_raise(struct graph_node *n)
{
    int64_t before = n->rank;
    for (size_t i = 0; i < n->edge_count; i++) {
        if (n->edges[i].to->rank > n->rank)
            n->rank = n->edges[i].to->rank;
    }
    return n->rank != before;
}

/* Ranks only rise and no chain is longer than the number of nodes: this ends. */
void graph_rank(struct graph *g)
{
    struct graph_node *n;
    bool changed = true;
    list_each (n, &g->nodes, link)
        n->rank = n->priority;
    while (changed) {
        changed = false;
        list_each (n, &g->nodes, link)
            changed |= graph_raise(n);
    }
}

static bool graph_has(const struct graph_node *n, const char *name)
{
    for (size_t i = 0; i < n->edge_count; i++) {
        if (n->edges[i].to->ops->named(n->edges[i].to, name))
            return true;
    }
    return false;
}

const char *graph_missing(const struct graph_node *n)
{
    for (size_t i = 0; n->required && i < n->required->count; i++) {
        if (!graph_has(n, n->required->names[i]))
            return n->required->names[i];
    }
    return NULL;
}

/* What is down or has failed may still be started by hand, and will then be heard of. */
static enum graph_gate_kind graph_gate_reached(const struct graph_node *n,
                                               const struct graph_edge *edge,
                                               enum graph_status status)
{
    unsigned reached = edge->to->ops->reached ? edge->to->ops->reached(edge->to) : 0;
    if (!n->at_boot || edge->states == 0 || (edge->states & reached))
        return GRAPH_GO;
    return status == GRAPH_DOWN || status == GRAPH_FAILED ? GRAPH_BLOCKED : GRAPH_WAIT;
}

enum graph_gate_kind graph_gate(const struct graph_node *n, const struct graph_node **blocker)
{
    const struct graph_node *waits_for = NULL;
    for (size_t i = 0; i < n->edge_count; i++) {
        const struct graph_edge *edge = &n->edges[i];
        enum graph_status status = edge->to->ops->status(edge->to);
        bool needed = edge->kind == GRAPH_REQUIRES;
        enum graph_gate_kind reached = graph_gate_reached(n, edge, status);
        if (reached == GRAPH_BLOCKED ||
            (needed && (status == GRAPH_DOWN || status == GRAPH_FAILED))) {
            if (blocker)
                *blocker = edge->to;
            return GRAPH_BLOCKED;
        }
        bool coming = edge->kind != GRAPH_REACHED && status == GRAPH_PENDING;
        if ((coming || reached == GRAPH_WAIT) && !waits_for)
            waits_for = edge->to;
    }
    bool missing = graph_missing(n) != NULL;
    if (blocker)
        *blocker = missing ? NULL : waits_for;
    if (missing)
        return GRAPH_BLOCKED;
    return waits_for ? GRAPH_WAIT : GRAPH_GO;
}

const struct graph_node *graph_caveat(const struct graph_node *n, const char **how)
{
    for (size_t i = 0; i < n->edge_count; i++) {
        const struct graph_node *to = n->edges[i].to;
        if (n->edges[i].kind != GRAPH_REQUIRES || !to->ops->caveat)
            continue;
        *how = to->ops->caveat(to);
        if (*how)
            return to;
    }
    return NULL;
}

void graph_pull(struct graph_node *n)
{
    for (size_t i = 0; i < n->edge_count; i++) {
        struct graph_node *to = n->edges[i].to;
        enum graph_status status = to->ops->status(to);
        if (n->edges[i].kind == GRAPH_REQUIRES && (status == GRAPH_DOWN || status == GRAPH_FAILED))
            to->ops->pull(to);
    }
}

void graph_look_stops(struct graph *g)
{
    struct graph_node *n;
    g->stop_rank = INT64_MIN;
    list_each (n, &g->nodes, link)
        n->held = false;
    list_each (n, &g->nodes, link) {
        if (n->ops->stopped(n))
            continue;
        if (n->rank > g->stop_rank)
            g->stop_rank = n->rank;
        for (size_t i = 0; i < n->edge_count; i++)
            n->edges[i].to->held = true;
    }
}

bool graph_may_stop(const struct graph *g, const struct graph_node *n)
{
    return n->rank >= g->stop_rank && !n->held;
}
