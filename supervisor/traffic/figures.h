/* Numbers and the texts of a log as people read them; numbers are as they are in HTML too. Pure. */
#ifndef TRAFFIC_FIGURES_H
#define TRAFFIC_FIGURES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "traffic/latency.h"

void figure_count(struct buf *out, uint64_t number); /* 1,234,567 */
void figure_bytes(struct buf *out, uint64_t bytes);  /* 999 B, 1.0 kB, 12.3 MB: thousands */
void figure_time(struct buf *out, uint64_t us);      /* 0.4 ms, 12 ms, 1.25 s, 75 s */
void figure_share(struct buf *out, uint64_t part, uint64_t whole); /* 12.3 %; 0 % of nothing */

/* "1,234 requests", "1 request" */
void figure_things(struct buf *out, uint64_t number, const char *thing);

/*
 * A text from a log, where it cannot do harm: control characters and what is no UTF-8 become '?'.
 * Of more than `width` characters (0: any) the end is cut, and "..." stands for it.
 */
void figure_text(struct buf *out, const char *text, size_t len, size_t width);

/* The number of characters that figure_text shows of it without a width. */
size_t figure_width(const char *text, size_t len);

/* A time in milliseconds, rounded to whole ones where all times were such. */
double figure_ms(const struct latency *l, uint64_t us);

/* The smallest of 1, 2, 5, 10, 20, 50, ... that is at least `number` / `steps`: of an axis. */
uint64_t figure_step(uint64_t number, unsigned steps);

#endif
