/*
 * Lines of a process as entries of the journal. Chunks become lines wherever they were cut; each
 * line is an entry, an empty one too. One that is longer than LIMIT_JOURNAL_LINE comes in pieces:
 * MAINSTAY_LINE_BREAK=line-max says that the next entry goes on, =eof that no newline ended it.
 */
#ifndef OUTPUT_JOURNAL_LINES_H
#define OUTPUT_JOURNAL_LINES_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include "output/journal.h"

/* Whose output it is. Borrowed for the call. */
struct journal_source {
    const char *name;  /* of the process or the job */
    const char *group; /* NULL: it is a job */
    pid_t pid;
    bool is_err;
};

struct journal_lines {
    struct journal_head *head; /* the fields that all entries share; owned */
    struct buf partial;        /* the line that has not ended */
    int level; /* of this line, while it is longer than one entry; -1 at its beginning */
};

void journal_lines_begin(struct journal_lines *l, const struct journal_source *source);
void journal_lines_write(struct journal_lines *l, const char *data, size_t len);
void journal_lines_close(struct journal_lines *l); /* sends the line that has not ended */

#endif
