/* A power-off that is cancelled: what was up must be up again, and no more. */
#include "watch.h"

static bool proc_is_up(const struct proc *p)
{
    return p->wanted || p->fsm.again || !proc_state_is_stopped(p->fsm.state);
}

/* While jobs run that come before the stop, what ends by itself is started again. */
void watch_step(struct watch *w, enum shutdown_step step)
{
    w->serving = step == SHUTDOWN_BEFORE || step == SHUTDOWN_CUTTING;
}

void watch_note_up(struct watch *w)
{
    for (size_t i = 0; i < world_numbers(w->world); i++) {
        const struct proc *p = w->seen[i].p;
        w->seen[i].by_itself = false;
        w->seen[i].was_up = p && (p->anew || (p->fsm.state != PROC_STOPPING && proc_is_up(p)));
    }
}

/* Does anybody depend on it? Then it may have been started along. */
static bool watch_needed(const struct watch *w, const struct proc *p)
{
    const struct graph_node *n;
    list_each (n, &w->s->graph.nodes, link) {
        for (size_t i = 0; i < n->edge_count; i++) {
            if (n->edges[i].to == &p->node)
                return true;
        }
    }
    return false;
}

void watch_went_on(struct watch *w)
{
    for (size_t i = 0; i < world_numbers(w->world); i++) {
        const struct seen *seen = &w->seen[i];
        if (!seen->p || seen->by_itself || seen->was_up == proc_is_up(seen->p))
            continue;
        if (seen->p->fsm.state == PROC_STOPPING) /* it was before, and nothing had to wait for it */
            continue;
        if (seen->was_up || !watch_needed(w, seen->p))
            watch_fail(w, "%s is %s, and %s up before a power-off that was cancelled",
                       seen->p->label, proc_state_name(seen->p->fsm.state),
                       seen->was_up ? "was" : "was not");
    }
}
