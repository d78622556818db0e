/* Protects percentiles: how far they may be off, at every magnitude, and what overflows. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdlib.h>

#include "traffic/latency.h"

static void one_time_is_every_percentile(void **state)
{
    (void)state;
    for (uint64_t us = 0; us < UINT64_C(1) << 40; us += 1 + us / 37) {
        struct latency l = {0};
        latency_add(&l, us);
        latency_add(&l, us);
        uint64_t half = latency_percentile(&l, 500);
        uint64_t off = half < us ? us - half : half - us;
        /* what is above the range is told by the longest */
        if (off * 64 > us || half > us || latency_percentile(&l, 1000) > us)
            fail_msg("%lu us are told as %lu", (unsigned long)us, (unsigned long)half);
    }
}

static void whole_milliseconds_are_exact_up_to_32(void **state)
{
    (void)state;
    for (uint64_t ms = 0; ms <= 32; ms++) {
        struct latency l = {0};
        latency_add(&l, ms * 1000);
        latency_add(&l, 5000000);
        assert_int_equal((latency_percentile(&l, 500) + 500) / 1000, ms);
        assert_int_equal(l.finer, 0);
    }
}

static int compare(const void *left, const void *right)
{
    const uint64_t *a = left;
    const uint64_t *b = right;
    return *a < *b ? -1 : *a > *b;
}

static void percentiles_are_those_of_the_sorted_list(void **state)
{
    (void)state;
    enum { COUNT = 20000 };
    static uint64_t times[COUNT];
    static const unsigned permilles[] = {1, 10, 250, 500, 900, 950, 990, 999, 1000};
    struct latency l = {0};
    uint64_t chance = 7;
    uint64_t sum = 0;
    for (size_t i = 0; i < COUNT; i++) {
        chance = chance * 6364136223846793005ULL + 1442695040888963407ULL;
        times[i] = (chance >> 40) >> (chance >> 33 & 15);
        latency_add(&l, times[i]);
        sum += times[i];
    }
    qsort(times, COUNT, sizeof *times, compare);
    assert_int_equal(l.count, COUNT);
    assert_int_equal(l.sum_us, sum);
    assert_int_equal(l.max_us, times[COUNT - 1]);
    for (size_t i = 0; i < sizeof permilles / sizeof *permilles; i++) {
        uint64_t truth = times[(COUNT * permilles[i] + 999) / 1000 - 1];
        uint64_t told = latency_percentile(&l, permilles[i]);
        uint64_t off = told < truth ? truth - told : told - truth;
        if (off * 64 > truth)
            fail_msg("%u: %lu is told as %lu", permilles[i], (unsigned long)truth,
                     (unsigned long)told);
    }
}

static void nothing_overflows(void **state)
{
    (void)state;
    struct latency l = {0};
    assert_int_equal(latency_percentile(&l, 500), 0);
    for (int i = 0; i < 3; i++)
        latency_add(&l, 1);
    for (int i = 0; i < 100; i++)
        latency_add(&l, 30);
    l.steps[30] = UINT32_MAX;
    latency_add(&l, 30);
    latency_add(&l, 20);
    assert_int_equal(l.steps[1], 2);
    assert_int_equal(l.steps[30], UINT32_MAX / 2 + 2);
    assert_int_equal(l.steps[20], 1);
    assert_int_equal(latency_percentile(&l, 500), 30);
    latency_add(&l, UINT64_MAX / 2);
    assert_int_equal(latency_percentile(&l, 1000), UINT64_MAX / 2);
    assert_int_equal(l.finer, 106);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(one_time_is_every_percentile),
        cmocka_unit_test(whole_milliseconds_are_exact_up_to_32),
        cmocka_unit_test(percentiles_are_those_of_the_sorted_list),
        cmocka_unit_test(nothing_overflows),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
