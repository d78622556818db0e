/* Sums of what a log says, which may be nonsense: they stop at the most that JSON has. */
#ifndef TRAFFIC_SUM_H
#define TRAFFIC_SUM_H

#include <stdint.h>

#define SUM_MAX ((uint64_t)INT64_MAX)

/* *sum is at most SUM_MAX, and stays so. */
static inline void sum_add(uint64_t *sum, uint64_t more)
{
    more = more < SUM_MAX ? more : SUM_MAX;
    *sum = *sum + more < SUM_MAX ? *sum + more : SUM_MAX;
}

#endif
