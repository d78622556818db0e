/*
 * A heap of deadlines. Pure bookkeeping: who sleeps until the earliest one is the host's affair.
 * A timer is embedded in its owner and is in at most one heap.
 */
#ifndef ENGINE_TIMER_H
#define ENGINE_TIMER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct timer {
    int64_t due;   /* ms of CLOCK_MONOTONIC, while armed */
    uint64_t turn; /* equal deadlines fire in the order in which they were armed */
    size_t slot;   /* place in the heap + 1; 0: not armed */
    void (*on_due)(struct timer *timer);
};

struct timer_heap {
    struct timer **slots; /* owned array of borrowed timers */
    size_t count;
    size_t room;
    uint64_t turns;
};

void timer_heap_close(struct timer_heap *h);
void timer_arm(struct timer_heap *h, struct timer *t, int64_t due); /* again: moves it */
void timer_disarm(struct timer_heap *h, struct timer *t);           /* not armed: nothing */
bool timer_armed(const struct timer *t);

/* The earliest deadline, -1 when nothing is armed. */
int64_t timer_next(const struct timer_heap *h);

/* Takes the earliest timer out if it is due; NULL when none is. The caller calls on_due. */
struct timer *timer_take_due(struct timer_heap *h, int64_t now);

#endif
