/*
 * The tallies of many days. A few are at hand; the others lie in a file without a name, as
 * tally_save wrote them, so that logs of years need no more memory than those of a day.
 */
#ifndef TRAFFIC_DAYS_H
#define TRAFFIC_DAYS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "base/buf.h"
#include "base/err.h"
#include "traffic/record.h"
#include "traffic/routes.h"
#include "traffic/tally.h"

enum {
    DAYS_MAX = 20000,      /* days; more are a log of nonsense */
    DAYS_AT_HAND = 3,      /* at least, ... */
    DAYS_MEMORY = 6 << 20, /* ... and as many as take so much memory together */
};

struct day_count {
    int32_t day; /* days since 1970-01-01; DAY_NONE: of all together */
    bool changed;
    uint64_t malformed[LINE_KINDS]; /* lines; LINE_OK is not used */
    struct tally *tally;            /* owned; NULL: in the file, or nothing counted yet */
    long at;                        /* where in the file; -1: not there */
    size_t len;                     /* of the text there, ... */
    size_t room;                    /* ... and for how much there is room */
    uint64_t turn;                  /* when it was asked for last */
    size_t size;                    /* of the tally at hand, when another day was turned to */
};

struct days {
    struct day_count *items; /* owned; sorted by day */
    size_t count;
    size_t room;
    FILE *store; /* owned; NULL before it is needed */
    long end;    /* of what is taken of it */
    uint64_t turn;
    int32_t last;   /* the day that was asked for last */
    size_t at_hand; /* days with their tally, ... */
    size_t memory;  /* ... and the sum of their sizes */
    enum tally_depth depth;
    const struct routes *routes; /* borrowed: those of each tally */
};

void days_init(struct days *d, enum tally_depth depth, const struct routes *routes);
void days_close(struct days *d);

/* The day's, with its tally at hand, new when it was not there. Valid until the next days_get. */
int days_get(struct days *d, int32_t day, struct day_count **out, struct err *e);

/* The day's as it lies there, without its tally; made when it was not there. */
int days_place(struct days *d, int32_t day, struct day_count **out, struct err *e);

/* The tally as text, for a state file, and back, before anything of that day was counted. */
int days_text(struct days *d, struct day_count *c, struct buf *out, struct err *e);
int days_put(struct days *d, struct day_count *c, const char *text, size_t len, struct err *e);

/* Of a day that is over: what it counted becomes small, if it is not (tally_shrink). */
int days_shrink(struct days *d, struct day_count *c, struct err *e);

/* Forgets the oldest ones beyond `keep`; how many that were. */
size_t days_drop(struct days *d, size_t keep);

#endif
