#include "engine/tick.h"

const int tick_periods[TICKS] = {5, 60, 3600};

static int64_t slice_of(int period, int64_t wall)
{
    int64_t s = wall / 1000;
    return s - s % period;
}

void ticks_start(struct ticks *t, int64_t wall)
{
    for (int i = 0; i < TICKS; i++)
        t->slices[i] = slice_of(tick_periods[i], wall);
}

unsigned ticks_turn(struct ticks *t, int64_t wall)
{
    unsigned turned = 0;
    for (int i = 0; i < TICKS; i++) {
        int64_t slice = slice_of(tick_periods[i], wall);
        turned |= slice != t->slices[i] ? 1u << i : 0;
        t->slices[i] = slice;
    }
    return turned;
}

int64_t ticks_wait(unsigned wanted, int64_t wall)
{
    int64_t wait = TICK_LOOK_MS;
    for (int i = 0; i < TICKS; i++) {
        int64_t next = (slice_of(tick_periods[i], wall) + tick_periods[i]) * 1000 - wall;
        if (wanted & 1u << i && next < wait)
            wait = next;
    }
    return wait > 0 ? wait : 1;
}
