/*
 * The slices of time that TICK events tell of: 5, 60 and 3600 seconds of the wall clock. Pure.
 * A clock that jumps makes at most one event of each period, however far it jumps.
 */
#ifndef ENGINE_TICK_H
#define ENGINE_TICK_H

#include <stdint.h>

enum {
    TICKS = 3,                /* periods */
    TICK_LOOK_MS = 60 * 1000, /* the longest wait: the clock may jump meanwhile */
};

extern const int tick_periods[TICKS]; /* s */

struct ticks {
    int64_t slices[TICKS]; /* s since 1970: the first second of the current ones */
};

void ticks_start(struct ticks *t, int64_t wall); /* wall: ms since 1970 */

/* Moves to the slices at `wall`; bit i is set for each of tick_periods that is in a new one. */
unsigned ticks_turn(struct ticks *t, int64_t wall);

/* How long until one of the wanted periods (bits) may be in a new slice; ms, at least 1. */
int64_t ticks_wait(unsigned wanted, int64_t wall);

#endif
