/*
 * What jobs have done: a line of JSON for each attempt, when it begins and once more when it ends,
 * in the file history.jsonl of a folder, or, without a folder, in memory.
 *
 * A line is written at once, by one write(2). We may die in the middle of it: what has no newline
 * is cut off by the next start. A file with anything else in it is moved aside, and its good lines
 * are kept. When it has grown, each job keeps its newest lines (history_text.h).
 */
#ifndef JOBS_HISTORY_H
#define JOBS_HISTORY_H

#include <stdbool.h>

#include "jobs/history_text.h"

enum {
    HISTORY_SIZE_MAX = 1 << 20,    /* bytes of the file; then it is made smaller */
    HISTORY_READ_MAX = 4 << 20,    /* ... that is looked at: a longer one is not ours */
    HISTORY_MEMORY_MAX = 16 << 10, /* ... of what is kept without one */
    HISTORY_KEEP = 100,            /* attempts of each job that stay then, or fewer */
};

struct history {
    char *path;       /* owned; NULL: in memory */
    int fd;           /* of the file; -1 */
    size_t size;      /* bytes of it */
    size_t limit;     /* ... beyond which it is made smaller */
    bool failing;     /* said that it cannot be written */
    struct buf lines; /* that are not in the file: all, without one */
};

/* `folder` may be NULL. Trouble is said in the log: a daemon without a history is still one. */
void history_open(struct history *h, const char *folder);
void history_close(struct history *h);

void history_add(struct history *h, const struct history_entry *entry);

/* All lines there are, oldest first, appended to `out`. */
void history_read(const struct history *h, struct buf *out);

#endif
