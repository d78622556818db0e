/*
 * Who waits for whom: nodes (processes and jobs) and their requires= and after= edges.
 *
 * The graph stores no states: it asks each node when somebody wants to know, so nothing can
 * go out of step. Edges are borrowed pointers; whoever removes a node calls graph_node_close.
 * There are no cycles: the configuration refuses them.
 */
#ifndef ENGINE_GRAPH_H
#define ENGINE_GRAPH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/list.h"
#include "config/config.h"

enum graph_status {
    GRAPH_DOWN,    /* not up and nobody tries: it was never wanted, or it was stopped */
    GRAPH_PENDING, /* on its way: wait for it */
    GRAPH_UP,      /* running (program) or succeeded (job) */
    GRAPH_FAILED,  /* tried and given up */
};

enum graph_edge_kind {
    GRAPH_REACHED,  /* at boot only: it must have been in one of the states of the edge */
    GRAPH_AFTER,    /* order only */
    GRAPH_REQUIRES, /* order, and it must be up */
};

struct graph_node;

struct graph_node_ops {
    enum graph_status (*status)(const struct graph_node *n);
    bool (*stopped)(const struct graph_node *n); /* nothing of it is left to wait for */
    void (*pull)(struct graph_node *n);          /* somebody who requires it wants to start */
    bool (*named)(const struct graph_node *n, const char *name); /* does "name" mean it too */
    const char *(*caveat)(const struct graph_node *n); /* failed, but up for who requires it: how
                                                        * they run ("on older data"), or NULL;
                                                        * no function: never */
    const char *(*news)(const struct graph_node *n);   /* on its way: what it says of that, or "";
                                                        * no function: nothing */
    unsigned (*reached)(const struct graph_node *n);   /* enum startup_state: which it has been in;
                                                      * no function: none */
};

struct graph_edge {
    struct graph_node *to;
    enum graph_edge_kind kind;
    unsigned states; /* enum startup_state: one of them is waited for at boot; 0: none is */
};

struct graph_node {
    struct list link; /* in the graph */
    const struct graph_node_ops *ops;
    const char *label;        /* "sync:data", "api": borrowed from the owner */
    struct graph_edge *edges; /* owned: what this node waits for */
    size_t edge_count;
    const struct name_list *required; /* what the edges of GRAPH_REQUIRES were made from; NULL */
    bool at_boot;                     /* it starts by itself: what its edges say of states counts */
    int64_t priority;
    int64_t rank; /* its priority, raised to that of what it waits for: the order of stopping */
    bool held;    /* who waits for it was still there when graph_look_stops looked */
};

struct graph {
    struct list nodes;
    int64_t stop_rank; /* the highest rank that was still there then */
};

enum graph_gate_kind {
    GRAPH_GO,
    GRAPH_WAIT,    /* for *blocker, which is on its way */
    GRAPH_BLOCKED, /* by *blocker, which is down or has failed; NULL: graph_missing says by whom */
};

void graph_init(struct graph *g);
void graph_node_init(struct graph_node *n, const struct graph_node_ops *ops, const char *label,
                     int64_t priority);
void graph_add(struct graph *g, struct graph_node *n);
void graph_link(struct graph_node *from, struct graph_node *to, enum graph_edge_kind kind);
void graph_link_names(struct graph *g, struct graph_node *from, const struct name_list *names,
                      enum graph_edge_kind kind); /* to all whom the names mean */
void graph_link_waits(struct graph *g, struct graph_node *from, const struct startup_list *waits);
void graph_link_to(struct graph_node *from, struct graph_node *to,
                   const struct process_config *config);      /* if its names mean `to` */
void graph_unlink_all(struct graph_node *n);                  /* before its edges are made anew */
void graph_node_close(struct graph *g, struct graph_node *n); /* and every edge to it */
void graph_rank(struct graph *g);                             /* after the last link */

/* May n start now? *blocker (may be NULL) is who is in the way. */
enum graph_gate_kind graph_gate(const struct graph_node *n, const struct graph_node **blocker);

/* A required name that nobody answers to any more, its group having been removed; NULL: none. */
const char *graph_missing(const struct graph_node *n);

/* Somebody whom n requires and who has failed, but counts as up; *how in its words. NULL: none. */
const struct graph_node *graph_caveat(const struct graph_node *n, const char **how);

/* Asks everything that n requires, and that is neither up nor on its way, to start. */
void graph_pull(struct graph_node *n);

/* In a stop of everything: who is still there? Before each round of graph_may_stop. */
void graph_look_stops(struct graph *g);

/* May n be stopped now: nobody who waits for it, and nobody of a higher rank, was there then. */
bool graph_may_stop(const struct graph *g, const struct graph_node *n);

#endif
