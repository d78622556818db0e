/*
 * How the messages fare, told to the daemon for status and /metrics: when it changes, a few times a
 * second at most, and without waiting for anybody (base/notifier.h).
 */
#ifndef NET_TALLY_H
#define NET_TALLY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/notifier.h"
#include "net/addressee.h"

enum { TALLY_PAUSE_MS = 200 }; /* between two words */

/* Of all addressees together. */
struct tally_sum {
    uint64_t waiting, sent, lost;
    bool stuck; /* something waits, and the last attempt has failed */
};

struct tally {
    struct notifier notifier;
    struct tally_sum told;
    int64_t due; /* clock_now: not before; 0: nothing was told yet */
};

void tally_open(struct tally *t);
void tally_close(struct tally *t);

/* Tells what is new; -1, or clock_now when it is to be called again. */
int64_t tally_turn(struct tally *t, const struct addressee *to, size_t count, int64_t now);

#endif
