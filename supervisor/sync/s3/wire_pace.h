/*
 * How much a server is asked at a time: pure.
 *
 * Three limits that all requests share. How many run at once: few at first, one more after as many
 * successes, so that a small sync makes few connections; halved when the server says that it is too
 * much. How many further tries there are: a quota that every retry draws from and every success
 * fills again, so that a server that is down is not asked for ever by each of a million requests.
 * How many bytes pass in a second.
 */
#ifndef SYNC_S3_WIRE_PACE_H
#define SYNC_S3_WIRE_PACE_H

#include <stdbool.h>
#include <stdint.h>

enum { WIRE_FIRST = 16, WIRE_RETRY_COST = 5, WIRE_BACKOFF_MS = 400, WIRE_BACKOFF_MAX_MS = 20000 };

struct wire_pace {
    unsigned most;  /* requests at a time */
    unsigned limit; /* now */
    unsigned good;  /* successes since the limit changed */
    int64_t cut;    /* when it was halved, in ms; 0: never */
    int quota;      /* of further tries */
    int quota_most;
    uint64_t seed; /* of the jitter; never 0 */
    int64_t rate;  /* bytes a second; 0: no limit */
    int64_t credit;
    int64_t counted; /* when the credit was last filled, in ms */
};

void wire_pace_init(struct wire_pace *p, unsigned most, int64_t rate, uint64_t seed);

/* The server asks to slow down a request that began at `begun`: one burst halves only once. */
void wire_pace_slow_down(struct wire_pace *p, int64_t begun, int64_t now);
void wire_pace_success(struct wire_pace *p, bool was_retry);
bool wire_pace_retry(struct wire_pace *p); /* false: the quota is used up */

/* Before try number `tried` + 1; `wish` is the server's Retry-After in ms, 0 for none. */
int64_t wire_pace_backoff(struct wire_pace *p, unsigned tried, int64_t wish);

void wire_pace_spend(struct wire_pace *p, int64_t bytes);
int64_t wire_pace_wait(struct wire_pace *p, int64_t now); /* ms until bytes may pass; 0: now */

#endif
