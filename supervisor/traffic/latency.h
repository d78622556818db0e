/*
 * How long requests took: a histogram from which percentiles are read, in constant memory. A
 * percentile is off by at most 1/64 of itself; where times are whole milliseconds, and it is
 * rounded to them, it is exact up to 32 ms.
 */
#ifndef TRAFFIC_LATENCY_H
#define TRAFFIC_LATENCY_H

#include <stdint.h>

enum {
    LATENCY_FINE = 5, /* each doubling has 2^5 steps */
    LATENCY_TOP = 32, /* 2^32 us are 71 minutes; what took longer counts as that */
    LATENCY_STEPS = (LATENCY_TOP - LATENCY_FINE + 1) << LATENCY_FINE,
};

struct latency {
    uint64_t count;
    uint64_t sum_us;
    uint64_t max_us;
    uint64_t finer;                /* times that are no whole milliseconds */
    uint32_t steps[LATENCY_STEPS]; /* all are halved before one overflows */
};

void latency_add(struct latency *l, uint64_t us);

/* The time in microseconds within which `permille` of 1000 requests were done; for 1000 it is
 * the longest. 0 without any. */
uint64_t latency_percentile(const struct latency *l, unsigned permille);

#endif
