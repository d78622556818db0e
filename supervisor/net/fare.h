/*
 * How the messages fare, told to the daemon for status and /metrics: when it changes, a few times a
 * second at most, and without waiting for anybody (base/notifier.h).
 */
#ifndef NET_FARE_H
#define NET_FARE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/notifier.h"
#include "net/addressee.h"

enum { FARE_PAUSE_MS = 200 }; /* between two words */

/* Of all addressees together. */
struct fare_sum {
    uint64_t waiting, sent, lost;
    bool stuck; /* something waits, and the last attempt has failed */
};

struct fare {
    struct notifier notifier;
    struct fare_sum told;
    bool known;  /* something was told: `told` */
    int64_t due; /* clock_now: not before */
};

void fare_open(struct fare *f);
void fare_close(struct fare *f);

/* Tells what is new; -1, or clock_now when it is to be called again. */
int64_t fare_turn(struct fare *f, const struct addressee *to, size_t count, int64_t now);

#endif
