/*
 * What an attempt has come to, what follows from it, and how long to wait before the next one.
 * Pure. The words hold nothing of the address: it may be a secret.
 */
#ifndef NET_ANSWER_H
#define NET_ANSWER_H

#include <stdint.h>

#include "base/buf.h"

enum verdict {
    VERDICT_DONE,    /* it was delivered */
    VERDICT_AGAIN,   /* not now: try again later */
    VERDICT_REFUSED, /* this one never: it is dropped */
};

/* Of an HTTP answer: of a message that is wrong in itself, another attempt changes nothing. */
enum verdict answer_judge(long status);
void answer_words(long status, struct buf *out); /* "it answers 404: there is nothing at url=" */

enum { ANSWER_DELAY_MIN = 10 }; /* ms: nobody is asked without a pause, whatever the settings */

/* Before attempt number `failed` + 1: `first`, then twice that, up to `most`. In ms. */
int64_t answer_delay(unsigned failed, int64_t first, int64_t most);

/* What Retry-After asked for counts, up to a day; never less than the delay. */
int64_t answer_patience(int64_t delay, int64_t asked_ms);

#endif
