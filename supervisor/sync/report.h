/*
 * What a run did: counted on the way by those who do it, shown meanwhile on a terminal, as events
 * in JSON and to whoever started us, and told at its end.
 */
#ifndef SYNC_REPORT_H
#define SYNC_REPORT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/notifier.h"
#include "sync/arguments.h"
#include "sync/exit.h"
#include "sync/progress.h"

struct report {
    size_t listed;   /* objects, or files of an upload */
    bool listed_all; /* no more will come: amounts are final */
    size_t to_fetch; /* "fetch" here is "upload" in one */
    int64_t to_fetch_bytes;
    size_t fetched;
    int64_t fetched_bytes; /* of whole files */
    int64_t moved_bytes;   /* that came over the wire, for the progress */
    size_t unchanged;
    size_t deleted;
    size_t skipped;   /* keys that are no file names */
    size_t failed;    /* objects */
    unsigned retries; /* of requests */
    bool published;   /* readers see new data */

    const struct arguments *options; /* the rest is the report's own */
    int64_t started;                 /* clock_now() */
    bool terminal;                   /* standard error is one, and wants to see the progress */
    bool shown;                      /* a progress line stands there now */
    size_t complaints;               /* about single keys */
    int64_t drawn, told, sent;       /* when: progress line, event, STATUS= */
    struct progress_rate rate;
    struct notifier notifier;
};

void report_start(struct report *r, const struct arguments *o);

/* To be called some times a second. */
void report_tick(struct report *r);

enum report_event { REPORT_SKIPPED, REPORT_FAILED };

/* One key that did not get through, and a sentence about it. Counts nothing. */
void report_key(struct report *r, enum report_event event, const char *key, size_t len,
                const char *sentence);

/* --dry-run: "fetch", "upload" or "delete" would happen to that path. */
void report_plan(struct report *r, const char *verb, const char *path);

/* One sentence on standard error, about something that does not end the run. */
void report_complain(struct report *r, const char *text);

/* The last words: the summary on standard output, or the sentence on standard error. */
void report_end(struct report *r, enum sync_exit code, const char *error);

/* The line of a terminal, and the words of STATUS=, as they would be at `now`. Pure. */
void report_line(const struct report *r, int64_t now, struct buf *out);
void report_status(const struct report *r, int64_t now, struct buf *out);

#endif
