/* Names of requires= and after= are right, and what they ask for can be done: no cycles. */
#include <string.h>

#include "base/mem.h"
#include "config/dependency.h"
#include "config/loader.h"

enum color { UNSEEN, ON_PATH, DONE };

/* A program or a job. */
struct node {
    const struct process_config *process; /* of a program: one of its processes */
    bool is_job;
    enum color color;
    size_t first; /* its edges */
    size_t count;
};

struct edge {
    size_t to;
    const char *key; /* "requires", "after" or wait_key */
};

static const char wait_key[] = "dependent_startup_wait_for";

struct graph {
    struct loader *l;
    struct node *nodes; /* owned */
    size_t *numbers;    /* owned; the node of each process, groups one after the other */
    size_t node_count;
    struct edge *edges; /* owned; each node's in a row */
    size_t edge_count;
    size_t edge_room;
};

static const char *label(const struct node *n)
{
    return n->is_job ? n->process->section : n->process->program;
}

static size_t find_node(const struct graph *g, const struct process_config *p, bool is_job)
{
    /* linear: a thousand programs is a thousand compares */
    for (size_t i = g->node_count; i-- > 0;)
        if (g->nodes[i].is_job == is_job && strcmp(g->nodes[i].process->program, p->program) == 0)
            return i;
    return g->node_count;
}

static size_t add_node(struct graph *g, const struct process_config *p, bool is_job)
{
    size_t number = find_node(g, p, is_job);
    if (number == g->node_count)
        g->nodes[g->node_count++] = (struct node){.process = p, .is_job = is_job};
    return number;
}

/* Processes of one program follow each other: the last node is nearly always theirs. */
static void add_nodes(struct graph *g)
{
    const struct config *c = g->l->config;
    size_t most = c->job_count;
    size_t process = 0;
    for (size_t i = 0; i < c->group_count; i++)
        most += c->groups[i].process_count;
    g->nodes = mem_array(most + 1, sizeof *g->nodes);
    g->numbers = mem_array(most + 1, sizeof *g->numbers);
    for (size_t i = 0; i < c->group_count; i++)
        for (size_t k = 0; k < c->groups[i].process_count; k++)
            g->numbers[process++] = add_node(g, &c->groups[i].processes[k], false);
    for (size_t i = 0; i < c->job_count; i++)
        (void)add_node(g, &c->jobs[i].process, true);
}

/* Some edges come twice: they cost a look, no more. */
static void add_edge(struct graph *g, struct node *from, size_t to, const char *key)
{
    if (from->count && g->edges[g->edge_count - 1].to == to)
        return;
    if (g->edge_count == g->edge_room) {
        g->edge_room *= 2;
        g->edges = mem_grow(g->edges, g->edge_room, sizeof *g->edges);
    }
    g->edges[g->edge_count++] = (struct edge){to, key};
    from->count++;
}

static void add_dependency(struct graph *g, struct node *from, const struct dependency *d,
                           const char *key)
{
    const struct config *c = g->l->config;
    size_t process = 0;
    if (d->kind == DEPENDENCY_JOB) {
        add_edge(g, from, find_node(g, &d->job->process, true), key);
        return;
    }
    for (size_t i = 0; i < c->group_count; i++)
        for (size_t k = 0; k < c->groups[i].process_count; k++, process++)
            if (dependency_covers(d, &c->groups[i], &c->groups[i].processes[k]))
                add_edge(g, from, g->numbers[process], key);
}

/* What is required is run when it has not run yet: odd for a job that is for the end. */
static void warn_of_shutdown(struct graph *g, const struct ini_section *s,
                             const struct dependency *d, const char *key)
{
    if (d->kind == DEPENDENCY_JOB && strcmp(key, "requires") == 0 &&
        (d->job->when & ~(unsigned)JOB_WHEN_STOP) == 0)
        load_warning(g->l, s, key, "%s is for the shutdown, and this makes it run at the start",
                     d->job->process.section);
}

static void add_names(struct graph *g, struct node *from, const struct name_list *names,
                      const char *key)
{
    const struct ini_section *s =
        names->count ? ini_find(&g->l->ini, from->process->section) : NULL;
    for (size_t i = 0; i < names->count; i++) {
        struct dependency d;
        struct err e;
        if (dependency_find(g->l->config, names->names[i], &d, &e) < 0) {
            load_error(g->l, s, key, "%s", e.text);
            continue;
        }
        warn_of_shutdown(g, s, &d, key);
        add_dependency(g, from, &d, key);
    }
}

/* dependent_startup_wait_for: the names are right by now. */
static void add_waits(struct graph *g, struct node *from, const struct startup_list *list)
{
    for (size_t i = 0; i < list->count; i++) {
        struct dependency d;
        if (dependency_find(g->l->config, list->waits[i].program, &d, NULL) == 0)
            add_dependency(g, from, &d, wait_key);
    }
}

/* The nodes on the path from `start` on, and back to it. */
static void report(struct graph *g, const size_t *path, const size_t *next, size_t len,
                   const struct edge *last)
{
    struct buf text = BUF_EMPTY;
    const char *key = last->key;
    size_t start = last->to;
    bool waits = key == wait_key;
    size_t i = 0;
    while (path[i] != start)
        i++;
    for (; i < len; i++) {
        const struct node *n = &g->nodes[path[i]];
        waits |= g->edges[n->first + next[path[i]] - 1].key == wait_key;
        buf_printf(&text, "%s -> ", label(n));
    }
    buf_text(&text, label(&g->nodes[start]));
    const struct ini_section *s = ini_find(&g->l->ini, g->nodes[path[len - 1]].process->section);
    if (waits) /* the plug-in, too, starts none of them; by hand all can be started */
        load_warning(g->l, s, key, "a cycle, so none of these starts by itself: %.1500s",
                     buf_str(&text));
    else
        load_error(g->l, s, key, "a cycle: %.1500s", buf_str(&text));
    buf_close(&text);
}

/* Depth first, without recursion: a chain may be as long as there are programs. */
static void search(struct graph *g, size_t start, size_t *path, size_t *next)
{
    size_t depth = 0;
    path[depth++] = start;
    g->nodes[start].color = ON_PATH;
    while (depth > 0) {
        struct node *n = &g->nodes[path[depth - 1]];
        size_t *at = &next[path[depth - 1]];
        if (*at == n->count) {
            n->color = DONE;
            depth--;
            continue;
        }
        const struct edge *edge = &g->edges[n->first + (*at)++];
        if (g->nodes[edge->to].color == ON_PATH)
            report(g, path, next, depth, edge);
        if (g->nodes[edge->to].color != UNSEEN)
            continue;
        g->nodes[edge->to].color = ON_PATH;
        path[depth++] = edge->to;
    }
}

void dependency_check(struct loader *l)
{
    struct graph g = {.l = l, .edge_room = 64};
    g.edges = mem_array(g.edge_room, sizeof *g.edges);
    add_nodes(&g);
    for (size_t i = 0; i < g.node_count; i++) {
        g.nodes[i].first = g.edge_count;
        add_names(&g, &g.nodes[i], &g.nodes[i].process->requires, "requires");
        add_names(&g, &g.nodes[i], &g.nodes[i].process->after, "after");
        add_waits(&g, &g.nodes[i], &g.nodes[i].process->wait_for);
    }
    size_t *path = mem_array(g.node_count + 1, sizeof *path);
    size_t *next = mem_array(g.node_count + 1, sizeof *next);
    for (size_t i = 0; i < g.node_count; i++)
        if (g.nodes[i].color == UNSEEN)
            search(&g, i, path, next);
    mem_free(path);
    mem_free(next);
    mem_free(g.nodes);
    mem_free(g.numbers);
    mem_free(g.edges);
}
