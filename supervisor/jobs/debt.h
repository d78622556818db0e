/*
 * Which jobs for the shutdown have not run yet: of this life of the daemon, and of earlier ones
 * that were cut off. Pure; arrears.h keeps it on disk, as lines "life job:NAME" and
 * "owed SECONDS job:NAME".
 */
#ifndef JOBS_DEBT_H
#define JOBS_DEBT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"

enum { DEBT_MOST = 100 }; /* of earlier lives; then the oldest is given up */

struct debt {
    char *job;   /* owned: "job:analytics" */
    int64_t due; /* s since 1970: when that life was last seen; 0: of this one */
    bool tried;  /* a run for it has begun in this life */
};

struct debts {
    struct debt *items; /* owned, oldest first */
    size_t count;
};

void debts_close(struct debts *d);
void debts_add(struct debts *d, const char *job, int64_t due); /* twice is once */
struct debt *debts_find(struct debts *d, const char *job, int64_t due);
void debts_drop(struct debts *d, const char *job, int64_t due);

/*
 * This life was cut off at that moment (`offset`: s that local time is ahead): what it owed is now
 * of an earlier one. Of two of one job on one day the later one is owed. False: one was given up.
 */
bool debts_age(struct debts *d, int64_t alive, int64_t offset);

/* When a life was over by what a clock said of it, that may have been wrong; s, `now` too. */
int64_t debts_moment(int64_t alive, int64_t now);

void debts_text(const struct debts *d, struct buf *out);
size_t debts_parse(struct debts *d, const char *text, size_t len); /* lines that make no sense */

#endif
