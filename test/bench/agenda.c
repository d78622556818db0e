/* How long it takes to work out when a thousand jobs run next, of which some have a zone and a
 * jitter: what a daemon does when it starts, or when the clock of the machine is set. */
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "jobs/jitter.h"
#include "jobs/zones.h"

enum { JOBS = 1000, ROUNDS = 200 };

static int by_size(const void *left, const void *right)
{
    const double *a = left;
    const double *b = right;
    return *a < *b ? -1 : *a > *b;
}

int main(void)
{
    static const char *const texts[] = {"*/5 * * * *", "30 2 * * *",  "0 22 * * mon-fri",
                                        "0 0 29 2 *",  "0 0 1 * mon", "19 0,12 * * *"};
    static const char *const names[] = {"", "Europe/Berlin", "America/New_York", "UTC"};
    static double took[ROUNDS];
    struct schedules all[6];
    struct zones zones = {0};
    struct arena arena;
    int64_t sum = 0;
    arena_init(&arena);
    for (int i = 0; i < 6; i++) {
        if (schedules_parse(texts[i], &arena, &all[i], NULL) < 0)
            return 1;
    }
    for (int round = 0; round < ROUNDS; round++) {
        struct timespec from;
        struct timespec to;
        int64_t now = 1795238798 + round * INT64_C(86400) * 2;
        (void)clock_gettime(CLOCK_MONOTONIC, &from);
        for (int i = 0; i < JOBS; i++) {
            struct jitter plan = {&all[i % 6], zones_get(&zones, names[i / 6 % 4]),
                                  i % 3 ? 0 : 3600, jitter_seed(1, "job:x")};
            sum += jitter_next(&plan, now + i).at;
        }
        (void)clock_gettime(CLOCK_MONOTONIC, &to);
        took[round] =
            (double)(to.tv_sec - from.tv_sec) * 1e3 + (double)(to.tv_nsec - from.tv_nsec) / 1e6;
    }
    qsort(took, ROUNDS, sizeof *took, by_size);
    printf("next runs of %d jobs: %.2f ms (median of %d; at most %.2f ms)\n", JOBS,
           took[ROUNDS / 2], ROUNDS, took[ROUNDS - 1]);
    zones_close(&zones);
    arena_close(&arena);
    return sum == 0;
}
