#include "traffic/latency.h"

#include <stddef.h>

#include "traffic/sum.h"

enum { FINE_STEPS = 1 << LATENCY_FINE, EXACT_STEPS = 2 * FINE_STEPS };

static size_t step_of(uint64_t us)
{
    if (us >> LATENCY_TOP != 0)
        return LATENCY_STEPS - 1;
    if (us < FINE_STEPS)
        return (size_t)us;
    unsigned shift = 63U - (unsigned)__builtin_clzll(us) - LATENCY_FINE;
    return ((size_t)shift << LATENCY_FINE) + (size_t)(us >> shift);
}

/* The middle of what falls into a step. */
static uint64_t step_value(size_t step)
{
    if (step < EXACT_STEPS)
        return step;
    unsigned shift = (unsigned)(step >> LATENCY_FINE) - 1;
    uint64_t first = (uint64_t)(step % FINE_STEPS + FINE_STEPS) << shift;
    return first + (UINT64_C(1) << shift) / 2;
}

/* Keeps what stands to what; a step with something in it keeps something. */
static void halve(struct latency *l)
{
    for (size_t i = 0; i < LATENCY_STEPS; i++)
        l->steps[i] -= l->steps[i] / 2;
}

void latency_add(struct latency *l, uint64_t us)
{
    uint32_t *step = &l->steps[step_of(us)];
    if (*step == UINT32_MAX)
        halve(l);
    ++*step;
    l->count++;
    sum_add(&l->sum_us, us);
    if (us > l->max_us)
        l->max_us = us;
    if (us % 1000 != 0)
        l->finer++;
}

uint64_t latency_percentile(const struct latency *l, unsigned permille)
{
    uint64_t total = 0;
    for (size_t i = 0; i < LATENCY_STEPS; i++)
        total += l->steps[i];
    if (total == 0 || permille >= 1000)
        return l->max_us;
    uint64_t rank = (total * permille + 999) / 1000;
    size_t step = 0;
    for (uint64_t seen = 0; step < LATENCY_STEPS - 1; step++) {
        seen += l->steps[step];
        if (seen >= rank && seen > 0)
            break;
    }
    uint64_t value = step == LATENCY_STEPS - 1 ? l->max_us : step_value(step);
    return value < l->max_us ? value : l->max_us;
}
