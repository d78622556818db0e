/* What a run did: counted on the way, told at its end, and shown on a terminal meanwhile. */
#ifndef SYNC_REPORT_H
#define SYNC_REPORT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "sync/arguments.h"
#include "sync/exit.h"

struct report {
    int64_t started; /* clock_now() */
    bool progress;   /* standard error is a terminal that wants to see it */
    bool shown;      /* a progress line stands there now */
    size_t listed;   /* objects */
    size_t to_fetch;
    int64_t to_fetch_bytes;
    size_t fetched;
    int64_t fetched_bytes; /* of whole files */
    int64_t moved_bytes;   /* that came over the wire, for the progress line */
    size_t unchanged;
    size_t deleted;
    size_t skipped; /* keys that are no file names */
    size_t failed;  /* objects */
    bool published; /* readers see new data */
};

void report_start(struct report *r, bool progress);
void report_tick(struct report *r); /* redraws the progress line, if there is one */

/* One sentence on standard error, about something that does not end the run. */
void report_complain(struct report *r, const char *text);

/* The last words: the summary on standard output, or the sentence on standard error. */
void report_end(struct report *r, const struct arguments *o, enum sync_exit code,
                const char *error);

/* "3.4 MB", in thousands. */
void report_bytes(struct buf *out, int64_t bytes);

#endif
