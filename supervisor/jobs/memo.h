/*
 * Up to when the schedules of jobs with catch_up= are dealt with, kept on disk, so that a daemon
 * that starts knows what was due while nobody was there: a line for each job in `schedules`, a file
 * in a folder, or, without a folder, in memory.
 *
 * The file is replaced as a whole, and not synced (slate.h): after a power cut it may be some
 * seconds old, at worst some minutes, and what ran in them runs again; nothing is left out. A run
 * that was cut off is not dealt with: agenda.c says so.
 */
#ifndef JOBS_MEMO_H
#define JOBS_MEMO_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"

enum { MEMO_READ_MAX = 4 << 20 }; /* bytes: a longer file is not ours */

struct memo_line {
    char *job;         /* owned: "job:certbot" */
    uint64_t schedule; /* which: of another one nothing is known (memo_schedule) */
    int64_t seen;      /* s since 1970 */
    bool used;         /* there is such a job; others are no longer written */
};

struct memo {
    char *path;              /* owned; NULL: in memory */
    struct memo_line *lines; /* owned */
    size_t count, room;
    bool dirty;   /* it is newer than the file */
    bool failing; /* said that it cannot be written */
};

/* `folder` may be NULL. Trouble is said in the log; what makes no sense is moved aside. */
void memo_open(struct memo *m, const char *folder);
void memo_close(struct memo *m); /* what is dirty is written */

uint64_t memo_schedule(const char *schedule, const char *zone); /* a number for both texts */

/* -1: nothing is known of this schedule of this job. */
int64_t memo_get(const struct memo *m, const char *job, uint64_t schedule);
void memo_put(struct memo *m, const char *job, uint64_t schedule, int64_t seen);
void memo_write(struct memo *m); /* if it is dirty */

/* Between the two, memo_put is called for every job that there is: others are forgotten. */
void memo_begin(struct memo *m);
void memo_prune(struct memo *m);

/* Pure: lines to text, and back; how many lines make no sense. */
void memo_text(const struct memo *m, struct buf *out);
size_t memo_parse(struct memo *m, const char *text, size_t len);

#endif
