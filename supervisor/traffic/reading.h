/*
 * From log files to counts: every line into the tally of its day, malformed ones by kind.
 *
 * A line that has no time of its own belongs to the day of the line before it in its file; those at
 * the beginning to that of the first line that has one. So a day has the same numbers whether its
 * logs were read at once or bit by bit.
 */
#ifndef TRAFFIC_READING_H
#define TRAFFIC_READING_H

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "traffic/days.h"
#include "traffic/format.h"
#include "traffic/options.h"
#include "traffic/rotated.h"
#include "traffic/routes.h"
#include "traffic/scan.h"
#include "traffic/state.h"

struct reading {
    const struct options *options; /* borrowed */
    bool together;                 /* all days in one tally, that of DAY_NONE */
    struct format format;
    struct routes routes;
    struct days days;
    struct state state; /* its path is NULL without --state */
    struct scan scan;
    struct log_files files;
    char *setup;         /* owned; of the state */
    char *note;          /* owned; what the user is to know of the state, or NULL */
    int32_t first, last; /* days that were counted, if any; DAY_NONE */

    /* Of the file that is being read. */
    int32_t day;                  /* of the last line; DAY_NONE */
    struct day_count *count;      /* where lines of that day go; NULL: nowhere */
    uint64_t before;              /* what had been counted there */
    uint64_t dropped;             /* lines that were too long, so far; also of files before */
    uint64_t pending[LINE_KINDS]; /* malformed lines before the first day */
    struct record record;         /* of the last line */
    int rc;                       /* what a line made fail, and its sentence */
    struct err *e;
};

/* Compiles the format and the routes and opens the state. To be closed also when it failed. */
int reading_init(struct reading *g, const struct options *o, bool together, struct err *e);
void reading_close(struct reading *g);

/* Reads all that is to be read of all logs. */
int reading_run(struct reading *g, struct err *e);

#endif
