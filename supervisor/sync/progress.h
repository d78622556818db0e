/* How fast it goes, of late, and words for amounts. Pure: `now` is in ms of any clock. */
#ifndef SYNC_PROGRESS_H
#define SYNC_PROGRESS_H

#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"

enum { PROGRESS_SAMPLES = 20, PROGRESS_EVERY = 500 }; /* the last ten seconds */

struct progress_sample {
    int64_t at; /* ms */
    int64_t bytes;
};

struct progress_rate {
    struct progress_sample samples[PROGRESS_SAMPLES]; /* a ring */
    size_t next;
    size_t count;
};

/* As often as one likes; `bytes` is all that has come so far. */
void progress_add(struct progress_rate *p, int64_t now, int64_t bytes);
int64_t progress_bytes_per_second(const struct progress_rate *p, int64_t now, int64_t bytes);

/* Seconds until `left` bytes are there at that rate; -1: who knows. */
int64_t progress_seconds_left(int64_t left, int64_t bytes_per_second);

void progress_show_bytes(struct buf *out, int64_t bytes);     /* "3.4 MB", in thousands */
void progress_show_seconds(struct buf *out, int64_t seconds); /* "38 s", "12 min", "2 h 5 min" */

#endif
