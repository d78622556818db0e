#include "sync/s3/wire_pace.h"

enum {
    QUOTA_BASE = 500,
    QUOTA_EACH = 50, /* for every request at a time: an outage meets all of them at once */
    RETRY_AFTER_MAX_MS = 60000,
    BURST_MIN = 32 << 10,
    BURSTS_A_SECOND = 8,
};

void wire_pace_init(struct wire_pace *p, unsigned most, int64_t rate, uint64_t seed)
{
    *p = (struct wire_pace){.most = most ? most : 1, .rate = rate, .seed = seed ? seed : 1};
    p->limit = p->most < WIRE_FIRST ? p->most : WIRE_FIRST;
    p->quota = p->quota_most = QUOTA_BASE + QUOTA_EACH * (int)p->most;
}

void wire_pace_slow_down(struct wire_pace *p, int64_t begun, int64_t now)
{
    if (begun < p->cut)
        return; /* it was sent before the last cut could help */
    p->limit = p->limit > 1 ? p->limit / 2 : 1;
    p->good = 0;
    p->cut = now;
}

static void give_back(struct wire_pace *p, int tokens)
{
    p->quota = p->quota + tokens < p->quota_most ? p->quota + tokens : p->quota_most;
}

void wire_pace_success(struct wire_pace *p, bool was_retry)
{
    give_back(p, was_retry ? WIRE_RETRY_COST : 1);
    if (p->limit < p->most && ++p->good >= p->limit) {
        p->limit++;
        p->good = 0;
    }
}

bool wire_pace_retry(struct wire_pace *p)
{
    if (p->quota < WIRE_RETRY_COST)
        return false;
    p->quota -= WIRE_RETRY_COST;
    return true;
}

/* xorshift: spreads clients apart, no more */
static uint64_t roll(struct wire_pace *p)
{
    p->seed ^= p->seed << 13;
    p->seed ^= p->seed >> 7;
    p->seed ^= p->seed << 17;
    return p->seed;
}

/* Doubles with each try; half of it is chance. */
int64_t wire_pace_backoff(struct wire_pace *p, unsigned tried, int64_t wish)
{
    unsigned doubled = tried > 1 ? tried - 1 : 0;
    int64_t ms = doubled < 6 ? (int64_t)WIRE_BACKOFF_MS << doubled : WIRE_BACKOFF_MAX_MS;
    if (ms > WIRE_BACKOFF_MAX_MS)
        ms = WIRE_BACKOFF_MAX_MS;
    ms = ms / 2 + (int64_t)(roll(p) % (uint64_t)(ms / 2 + 1));
    if (wish > RETRY_AFTER_MAX_MS)
        wish = RETRY_AFTER_MAX_MS;
    return ms > wish ? ms : wish;
}

void wire_pace_spend(struct wire_pace *p, int64_t bytes)
{
    if (p->rate > 0)
        p->credit -= bytes;
}

int64_t wire_pace_wait(struct wire_pace *p, int64_t now)
{
    if (p->rate <= 0)
        return 0;
    int64_t burst = p->rate / BURSTS_A_SECOND > BURST_MIN ? p->rate / BURSTS_A_SECOND : BURST_MIN;
    int64_t most_ms = burst * 1000 / p->rate + 1000;
    int64_t passed = p->counted ? now - p->counted : most_ms;
    if (passed * p->rate >= 1000) { /* less would be lost in the division */
        int64_t more = (passed < INT64_MAX / p->rate ? passed : most_ms) * p->rate / 1000;
        p->credit = p->credit + more < burst ? p->credit + more : burst;
        p->counted = now;
    }
    return p->credit > 0 ? 0 : -p->credit * 1000 / p->rate + 1;
}
