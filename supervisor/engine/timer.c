#include "engine/timer.h"

#include "base/mem.h"

void timer_heap_close(struct timer_heap *h)
{
    mem_free(h->slots);
    *h = (struct timer_heap){0};
}

bool timer_armed(const struct timer *t)
{
    return t->slot != 0;
}

static bool timer_before(const struct timer *a, const struct timer *b)
{
    return a->due != b->due ? a->due < b->due : a->turn < b->turn;
}

static void timer_put(struct timer_heap *h, size_t i, struct timer *t)
{
    h->slots[i] = t;
    t->slot = i + 1;
}

static void timer_rise(struct timer_heap *h, size_t i, struct timer *t)
{
    while (i > 0 && timer_before(t, h->slots[(i - 1) / 2])) {
        timer_put(h, i, h->slots[(i - 1) / 2]);
        i = (i - 1) / 2;
    }
    timer_put(h, i, t);
}

static void timer_sink(struct timer_heap *h, size_t i, struct timer *t)
{
    for (;;) {
        size_t child = 2 * i + 1;
        if (child + 1 < h->count && timer_before(h->slots[child + 1], h->slots[child]))
            child++;
        if (child >= h->count || !timer_before(h->slots[child], t))
            break;
        timer_put(h, i, h->slots[child]);
        i = child;
    }
    timer_put(h, i, t);
}

void timer_disarm(struct timer_heap *h, struct timer *t)
{
    if (!timer_armed(t))
        return;
    size_t i = t->slot - 1;
    struct timer *last = h->slots[--h->count];
    t->slot = 0;
    if (last == t)
        return;
    if (i > 0 && timer_before(last, h->slots[(i - 1) / 2]))
        timer_rise(h, i, last);
    else
        timer_sink(h, i, last);
}

void timer_arm(struct timer_heap *h, struct timer *t, int64_t due)
{
    timer_disarm(h, t);
    if (h->count == h->room) {
        h->room = h->room ? h->room * 2 : 16;
        h->slots = mem_grow(h->slots, h->room, sizeof *h->slots);
    }
    t->due = due;
    t->turn = h->turns++;
    timer_rise(h, h->count++, t);
}

int64_t timer_next(const struct timer_heap *h)
{
    return h->count ? h->slots[0]->due : -1;
}

struct timer *timer_take_due(struct timer_heap *h, int64_t now)
{
    if (h->count == 0 || h->slots[0]->due > now)
        return NULL;
    struct timer *t = h->slots[0];
    timer_disarm(h, t);
    return t;
}
