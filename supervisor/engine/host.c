#include "engine/host.h"

/* An answer to a client takes two or three turns of the loop. */
enum { HOST_TURN_MS = 2 };

int64_t host_now(struct host *h)
{
    return h->ops->now(h);
}

int64_t host_wall(struct host *h)
{
    return h->ops->wall(h);
}

static void host_rearm(struct host *h, int64_t before)
{
    int64_t next = timer_next(&h->timers);
    if (next != before)
        h->ops->wake_at(h, next);
}

void host_arm(struct host *h, struct timer *t, int64_t due)
{
    int64_t before = timer_next(&h->timers);
    timer_arm(&h->timers, t, due);
    host_rearm(h, before);
}

void host_disarm(struct host *h, struct timer *t)
{
    int64_t before = timer_next(&h->timers);
    timer_disarm(&h->timers, t);
    host_rearm(h, before);
}

void host_close(struct host *h)
{
    timer_heap_close(&h->timers);
}

void host_begin_turn(struct host *h)
{
    h->turn_end = host_now(h) + HOST_TURN_MS;
}

bool host_turn_over(struct host *h)
{
    return host_now(h) >= h->turn_end;
}

void host_run_due(struct host *h)
{
    int64_t now = host_now(h);
    uint64_t turns = h->timers.turns;
    struct timer *t;
    host_begin_turn(h);
    /* What is armed while we are at it waits for the next round, so that nothing can spin here. */
    while (!host_turn_over(h) && (t = timer_take_due(&h->timers, now)) != NULL) {
        if (t->turn >= turns) {
            timer_arm(&h->timers, t, t->due);
            break;
        }
        t->on_due(t);
    }
    h->ops->wake_at(h, timer_next(&h->timers));
}
