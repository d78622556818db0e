/* Protects the order of starting and stopping: gates, pulls, ranks, and random graphs. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/mem.h"
#include "engine/graph.h"

enum { NODES = 24, GRAPHS = 400 };

struct thing {
    struct graph_node node; /* first: a pointer to it is a pointer to the thing */
    enum graph_status status;
    bool gone;
    int pulled;
    const char *name;
    unsigned reached;
};

static enum graph_status thing_status(const struct graph_node *n)
{
    return ((const struct thing *)(const void *)n)->status;
}

static bool thing_stopped(const struct graph_node *n)
{
    return ((const struct thing *)(const void *)n)->gone;
}

static void thing_pull(struct graph_node *n)
{
    ((struct thing *)(void *)n)->pulled++;
}

static bool thing_named(const struct graph_node *n, const char *name)
{
    const char *own = ((const struct thing *)(const void *)n)->name;
    return own && strcmp(own, name) == 0;
}

static unsigned thing_reached(const struct graph_node *n)
{
    return ((const struct thing *)(const void *)n)->reached;
}

static const struct graph_node_ops thing_ops = {.status = thing_status,
                                                .stopped = thing_stopped,
                                                .pull = thing_pull,
                                                .named = thing_named,
                                                .reached = thing_reached};

static void things_init(struct graph *g, struct thing *things, size_t count)
{
    graph_init(g);
    for (size_t i = 0; i < count; i++) {
        things[i] = (struct thing){.status = GRAPH_DOWN};
        graph_node_init(&things[i].node, &thing_ops, "thing", 0);
        graph_add(g, &things[i].node);
    }
}

static void things_close(struct graph *g, struct thing *things, size_t count)
{
    for (size_t i = 0; i < count; i++)
        graph_node_close(g, &things[i].node);
    assert_true(list_empty(&g->nodes));
}

// clang-format off
static const struct {
    enum graph_edge_kind kind; enum graph_status status; enum graph_gate_kind gate; int pulled;
} gate_rows[] = {
    {GRAPH_AFTER,    GRAPH_DOWN,    GRAPH_GO,      0},
    {GRAPH_AFTER,    GRAPH_PENDING, GRAPH_WAIT,    0},
    {GRAPH_AFTER,    GRAPH_UP,      GRAPH_GO,      0},
    {GRAPH_AFTER,    GRAPH_FAILED,  GRAPH_GO,      0},
    {GRAPH_REQUIRES, GRAPH_DOWN,    GRAPH_BLOCKED, 1},
    {GRAPH_REQUIRES, GRAPH_PENDING, GRAPH_WAIT,    0},
    {GRAPH_REQUIRES, GRAPH_UP,      GRAPH_GO,      0},
    {GRAPH_REQUIRES, GRAPH_FAILED,  GRAPH_BLOCKED, 1},
};
// clang-format on

static void a_gate_for_each_kind_and_status(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof gate_rows / sizeof *gate_rows; i++) {
        struct graph g;
        struct thing t[2];
        things_init(&g, t, 2);
        const struct graph_node *blocker = &t[0].node;
        assert_int_equal(graph_gate(&t[0].node, &blocker), GRAPH_GO);
        assert_null(blocker);
        graph_link(&t[0].node, &t[1].node, gate_rows[i].kind);
        t[1].status = gate_rows[i].status;
        assert_int_equal(graph_gate(&t[0].node, NULL), gate_rows[i].gate);
        assert_int_equal(graph_gate(&t[0].node, &blocker), gate_rows[i].gate);
        assert_ptr_equal(blocker, gate_rows[i].gate == GRAPH_GO ? NULL : &t[1].node);
        graph_pull(&t[0].node);
        assert_int_equal(t[1].pulled, gate_rows[i].pulled);
        assert_int_equal(t[0].pulled, 0);
        things_close(&g, t, 2);
    }
}

/* At boot, and only then; where the other one is does not matter, only where it has been. */
static void a_state_is_waited_for_at_boot(void **state)
{
    (void)state;
    static const enum graph_status all[] = {GRAPH_DOWN, GRAPH_PENDING, GRAPH_UP, GRAPH_FAILED};
    static const struct startup_wait wait = {"t1", STARTUP_RUNNING | STARTUP_EXITED};
    struct startup_list waits = {(struct startup_wait *)(uintptr_t)&wait, 1};
    const struct graph_node *blocker;
    struct graph g;
    struct thing t[3];
    things_init(&g, t, 3);
    t[1].name = "t1";
    graph_link_waits(&g, &t[0].node, &waits);
    assert_int_equal(t[0].node.edge_count, 1);
    for (size_t i = 0; i < 4; i++) {
        bool coming = all[i] == GRAPH_PENDING || all[i] == GRAPH_UP;
        t[1].status = all[i];
        t[1].reached = STARTUP_STARTING;
        t[0].node.at_boot = true;
        assert_int_equal(graph_gate(&t[0].node, &blocker), coming ? GRAPH_WAIT : GRAPH_BLOCKED);
        assert_ptr_equal(blocker, &t[1].node);
        t[0].node.at_boot = false;
        assert_int_equal(graph_gate(&t[0].node, NULL), GRAPH_GO);
        t[0].node.at_boot = true;
        t[1].reached |= STARTUP_EXITED;
        assert_int_equal(graph_gate(&t[0].node, NULL), GRAPH_GO);
        graph_pull(&t[0].node);
        assert_int_equal(t[1].pulled, 0);
    }
    /* with requires=, both count, whatever came first */
    graph_link(&t[0].node, &t[1].node, GRAPH_REQUIRES);
    assert_int_equal(t[0].node.edge_count, 1);
    assert_int_equal(graph_gate(&t[0].node, NULL), GRAPH_BLOCKED);
    t[1].status = GRAPH_UP;
    assert_int_equal(graph_gate(&t[0].node, NULL), GRAPH_GO);
    t[1].reached = 0;
    assert_int_equal(graph_gate(&t[0].node, NULL), GRAPH_WAIT);
    graph_link_waits(&g, &t[0].node, &waits);
    assert_int_equal(t[0].node.edges[0].kind, GRAPH_REQUIRES);
    things_close(&g, t, 3);
}

static void blocked_is_worse_than_waiting(void **state)
{
    (void)state;
    struct graph g;
    struct thing t[4];
    const struct graph_node *blocker;
    things_init(&g, t, 4);
    graph_link(&t[0].node, &t[1].node, GRAPH_AFTER);
    graph_link(&t[0].node, &t[2].node, GRAPH_REQUIRES);
    graph_link(&t[0].node, &t[3].node, GRAPH_REQUIRES);
    t[1].status = t[2].status = GRAPH_PENDING;
    t[3].status = GRAPH_FAILED;
    assert_int_equal(graph_gate(&t[0].node, &blocker), GRAPH_BLOCKED);
    assert_ptr_equal(blocker, &t[3].node);
    t[3].status = GRAPH_UP;
    assert_int_equal(graph_gate(&t[0].node, &blocker), GRAPH_WAIT);
    assert_ptr_equal(blocker, &t[1].node); /* the first one named */
    t[1].status = GRAPH_FAILED;
    assert_int_equal(graph_gate(&t[0].node, &blocker), GRAPH_WAIT);
    assert_ptr_equal(blocker, &t[2].node);
    things_close(&g, t, 4);
}

static void requires_wins_over_after(void **state)
{
    (void)state;
    struct graph g;
    struct thing t[2];
    things_init(&g, t, 2);
    graph_link(&t[0].node, &t[1].node, GRAPH_AFTER);
    assert_int_equal(graph_gate(&t[0].node, NULL), GRAPH_GO);
    graph_link(&t[0].node, &t[1].node, GRAPH_REQUIRES);
    graph_link(&t[0].node, &t[1].node, GRAPH_AFTER);
    assert_int_equal(t[0].node.edge_count, 1);
    assert_int_equal(graph_gate(&t[0].node, NULL), GRAPH_BLOCKED);
    graph_node_close(&g, &t[1].node); /* takes the edges to it along */
    assert_int_equal(graph_gate(&t[0].node, NULL), GRAPH_GO);
    graph_node_close(&g, &t[0].node);
}

static void ranks_rise_along_the_edges(void **state)
{
    (void)state;
    struct graph g;
    struct thing t[4];
    things_init(&g, t, 4);
    t[0].node.priority = 1;
    t[1].node.priority = 5;
    t[2].node.priority = 999;
    t[3].node.priority = 20;
    graph_link(&t[0].node, &t[1].node, GRAPH_REQUIRES);
    graph_link(&t[1].node, &t[2].node, GRAPH_AFTER);
    graph_link(&t[3].node, &t[0].node, GRAPH_AFTER);
    graph_rank(&g);
    for (size_t i = 0; i < 4; i++)
        assert_int_equal(t[i].node.rank, 999);
    graph_node_close(&g, &t[2].node); /* and they fall again */
    graph_rank(&g);
    assert_int_equal(t[0].node.rank, 5);
    assert_int_equal(t[1].node.rank, 5);
    assert_int_equal(t[3].node.rank, 20);
    graph_node_close(&g, &t[0].node);
    graph_node_close(&g, &t[1].node);
    graph_node_close(&g, &t[3].node);
    assert_true(list_empty(&g.nodes));
}

/* --- Random graphs ------------------------------------------------------------------------- */

static uint64_t seed = 7;

static uint32_t draw(uint32_t below)
{
    seed = seed * 6364136223846793005u + 1442695040888963407u;
    return (uint32_t)(seed >> 33) % below;
}

/* An edge only ever leads to a lower index: there is no cycle. */
static void random_graph(struct graph *g, struct thing *t, bool edge[NODES][NODES])
{
    things_init(g, t, NODES);
    uint32_t density = 2 + draw(20);
    for (size_t i = 0; i < NODES; i++) {
        t[i].node.priority = draw(4) * 100;
        for (size_t k = 0; k < i; k++) {
            edge[i][k] = draw(density) == 0;
            if (edge[i][k])
                graph_link(&t[i].node, &t[k].node, draw(2) ? GRAPH_AFTER : GRAPH_REQUIRES);
        }
    }
}

/* The rank of each node is the highest priority among those it reaches, and its own. */
static void check_ranks(const struct thing *t, bool edge[NODES][NODES], const int64_t *priority)
{
    int64_t rank[NODES];
    for (size_t i = 0; i < NODES; i++) {
        rank[i] = priority[i];
        for (size_t k = 0; k < i; k++) {
            if (edge[i][k] && rank[k] > rank[i])
                rank[i] = rank[k];
        }
        assert_int_equal(t[i].node.rank, rank[i]);
    }
}

/* Nobody who may stop has a living dependent or somebody of a higher rank beside it. */
static void check_may_stop(struct graph *g, const struct thing *t, bool edge[NODES][NODES])
{
    graph_look_stops(g);
    for (size_t i = 0; i < NODES; i++) {
        bool free_to_go = true;
        for (size_t k = 0; k < NODES; k++) {
            if (k != i && !t[k].gone && (edge[k][i] || t[k].node.rank > t[i].node.rank))
                free_to_go = false;
        }
        assert_int_equal(graph_may_stop(g, &t[i].node), free_to_go);
    }
}

/* Stops one that may be stopped, at random; there must be one while anything is left. */
static bool stop_one(struct graph *g, struct thing *t)
{
    size_t candidates[NODES];
    uint32_t count = 0, left = 0;
    graph_look_stops(g);
    for (size_t i = 0; i < NODES; i++) {
        left += !t[i].gone;
        if (!t[i].gone && graph_may_stop(g, &t[i].node))
            candidates[count++] = i;
    }
    if (left == 0)
        return false;
    assert_true(count > 0);
    t[candidates[draw(count)]].gone = true;
    return true;
}

static void a_stop_never_gets_stuck_and_keeps_its_order(void **state)
{
    (void)state;
    for (int round = 0; round < GRAPHS; round++) {
        struct graph g;
        struct thing t[NODES];
        bool edge[NODES][NODES] = {0};
        int64_t priority[NODES];
        random_graph(&g, t, edge);
        for (size_t i = 0; i < NODES; i++)
            priority[i] = t[i].node.priority;
        graph_rank(&g);
        check_ranks(t, edge, priority);
        for (size_t i = 0; i < NODES; i++)
            t[i].gone = draw(5) == 0; /* some are down already */
        do
            check_may_stop(&g, t, edge);
        while (stop_one(&g, t));
        things_close(&g, t, NODES);
    }
}

/* Starts one that may be started, from a random place on; there must be one. */
static void start_one(struct thing *t, bool edge[NODES][NODES])
{
    size_t i = draw(NODES);
    for (size_t tries = 0; tries < NODES; tries++, i = (i + 1) % NODES) {
        if (t[i].status == GRAPH_PENDING && graph_gate(&t[i].node, NULL) == GRAPH_GO)
            break;
    }
    assert_int_equal(t[i].status, GRAPH_PENDING);
    assert_int_equal(graph_gate(&t[i].node, NULL), GRAPH_GO);
    for (size_t k = 0; k < NODES; k++)
        assert_false(edge[i][k] && t[k].status != GRAPH_UP);
    t[i].status = GRAPH_UP;
}

/* Everything wanted: start what may start until nothing is left; each after what it waits for. */
static void a_start_never_gets_stuck_and_keeps_its_order(void **state)
{
    (void)state;
    for (int round = 0; round < GRAPHS; round++) {
        struct graph g;
        struct thing t[NODES];
        bool edge[NODES][NODES] = {0};
        random_graph(&g, t, edge);
        for (size_t i = 0; i < NODES; i++)
            t[i].status = GRAPH_PENDING;
        for (size_t left = NODES; left > 0; left--)
            start_one(t, edge);
        things_close(&g, t, NODES);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_gate_for_each_kind_and_status),
        cmocka_unit_test(a_state_is_waited_for_at_boot),
        cmocka_unit_test(blocked_is_worse_than_waiting),
        cmocka_unit_test(requires_wins_over_after),
        cmocka_unit_test(ranks_rise_along_the_edges),
        cmocka_unit_test(a_stop_never_gets_stuck_and_keeps_its_order),
        cmocka_unit_test(a_start_never_gets_stuck_and_keeps_its_order),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
