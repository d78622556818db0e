/* The lines of a history (history.h): what is in them, which are good, which are kept. Pure. */
#ifndef JOBS_HISTORY_TEXT_H
#define JOBS_HISTORY_TEXT_H

#include <jansson.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"

/* One attempt, or what is none: "skipped", "missed", "expected" (to succeed every so often, from
 * then on). Texts are borrowed; NULL is "". */
struct history_entry {
    const char *job;   /* "sync:data" */
    int64_t start;     /* ms since 1970 */
    int64_t end;       /* likewise; 0: it has not ended, as far as is known */
    int64_t attempt;   /* of its run, from 1; 0: it came to none */
    const char *cause; /* "schedule" */
    const char
        *result;      /* "succeeded", "failed", "stopped", "timed out", "skipped"...; "": see end */
    const char *exit; /* "exited", "killed", "dumped"; "": it had no process */
    int status;       /* its exit status or the signal */
    const char *why;
    int64_t objects; /* -1: it has not said */
    int64_t bytes;
    int changed;     /* 1, 0, -1 likewise */
    const char *log; /* where it wrote, and from where on */
    int64_t log_at;
    int64_t due; /* s since 1970: the moment that it belongs to; 0: not known */
};

void history_line(const struct history_entry *entry, struct buf *out);

/* What can be understood of `text`, to `out`; how many lines cannot. A last one without a newline
 * is no line. */
size_t history_check(const char *text, size_t len, struct buf *out);

/* One line. Texts are borrowed, "" when there is none. */
struct history_fact {
    const char *job;
    const char *result;
    const char *why;
    int64_t attempt;    /* 0: it is none */
    int64_t start, end; /* ms since 1970; end 0: none */
};

/* Each line that is good, in their order. */
void history_facts(const char *text, size_t len,
                   void (*on_line)(const struct history_fact *fact, void *ctx), void *ctx);

/* The newest `most` attempts of each job, besides its newest success and the line that says since
 * when it is expected to succeed, to `out`, in the order in which they began. */
void history_keep(const char *text, size_t len, size_t most, struct buf *out);

/* An array with the newest `most` attempts of one job, oldest first. */
json_t *history_of(const char *text, size_t len, const char *job, size_t most);

#endif
