/*
 * A tally for people and programs: JSON, ViewBovis's JSON, text, one HTML page. Pure; the same
 * tally gives the same bytes, whenever and wherever it is asked.
 */
#ifndef TRAFFIC_REPORT_H
#define TRAFFIC_REPORT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"

struct tally;

enum report_form {
    REPORT_JSON,      /* everything */
    REPORT_VIEWBOVIS, /* {"/": 3, "/sample": 0}: routes in the order given; without routes the
                         paths that were found, most requested first, then "other" if any */
    REPORT_TEXT,      /* for a terminal or a mail */
    REPORT_HTML,      /* one self-contained page with plots; needs nothing from elsewhere */
};

/* Lines of one kind that were not counted. */
struct report_malformed {
    const char *kind; /* in words: "no time" */
    uint64_t lines;
};

/* What a report says. Everything is borrowed. */
struct report {
    const struct tally *tally;
    const char *name;        /* of what was counted: "viewbovis" */
    const char *day;         /* "2026-11-21", or "2026-11-01 to 2026-11-21" */
    const char *const *logs; /* as the user named them */
    size_t log_count;
    uint64_t lines; /* of that day that were read, of whatever kind */
    const struct report_malformed *malformed;
    size_t malformed_count; /* kinds without lines may be among them */
    size_t top;             /* how many paths, referrers, agents; 0: REPORT_TOP */
};

enum { REPORT_TOP = 10, REPORT_TOP_MAX = 1000 };

/* The form of that name (json, viewbovis, text, html); false when there is none. */
bool report_form(const char *name, enum report_form *form);

void report_write(const struct report *r, enum report_form form, struct buf *out);

#endif
