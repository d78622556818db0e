/*
 * Plots as inline SVG for the HTML report: drawn in units of 960 to a page's width, coloured by
 * classes (k1 to k5, k0) that the page's style defines for light and dark. Pure.
 */
#ifndef TRAFFIC_PLOT_H
#define TRAFFIC_PLOT_H

#include "base/buf.h"
#include "traffic/tally.h"

struct plot_bar {
    const char *text; /* borrowed */
    size_t len;
    uint64_t value;
};

/* Requests by hour, on each other: answered, 4xx, 5xx. */
void plot_hours(const struct tally *t, struct buf *out);

/* One bar: which part of the requests ended how. */
void plot_statuses(const struct tally *t, struct buf *out);

/* One bar below the other, each with its name and number. `whole`: what the shares are of. */
void plot_bars(const struct plot_bar *bars, size_t count, uint64_t whole, struct buf *out);

/* A text from a log as HTML, cut to `width` characters (0: whole). */
void plot_text(struct buf *out, const char *text, size_t len, size_t width);

#endif
