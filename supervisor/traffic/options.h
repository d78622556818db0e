/* The command line of mainstay-traffic: one table for parsing, checks and --help. */
#ifndef TRAFFIC_OPTIONS_H
#define TRAFFIC_OPTIONS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/err.h"

enum { OPTIONS_LOGS_MAX = 64, OPTIONS_ROUTES_MAX = 1000 };

/* What a report is written as; several of them are bits. */
enum output_kind { OUTPUT_JSON, OUTPUT_TEXT, OUTPUT_HTML, OUTPUT_KINDS };

enum compat { COMPAT_NONE, COMPAT_VIEWBOVIS };

/* Which lines are counted. */
enum span_of_days { DAYS_ONE, DAYS_ALL };

struct options {
    const char *logs[OPTIONS_LOGS_MAX]; /* texts are borrowed from argv */
    size_t log_count;
    const char *routes[OPTIONS_ROUTES_MAX];
    size_t route_count;
    const char *format; /* as format_init takes it */
    enum span_of_days days;
    int32_t day; /* of DAYS_ONE */
    int32_t today;
    const char *out;  /* NULL: standard output only */
    const char *name; /* of the files in a folder; NULL: made of the first log's */
    unsigned outputs; /* bits of enum output_kind; at least one */
    enum compat compat;
    const char *state; /* NULL: all is read each time */
    bool json_stdout;
    bool quiet;
    bool help;
    bool version;
};

/*
 * 0, or -EINVAL with a sentence. `today`: what --day is without an option. With --help or
 * --version the rest is not looked at.
 */
int options_parse(struct options *o, char **argv, int32_t today, struct err *e);

void options_help(struct buf *out);

/* "json", "txt", "html": how the files end. */
const char *output_suffix(enum output_kind kind);

#endif
