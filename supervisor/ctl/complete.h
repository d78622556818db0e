/*
 * What the Tab key offers: names of commands, processes, groups and jobs, options, and words that
 * belong behind one. Options are those that help shows, so that a new one needs no second place.
 */
#ifndef CTL_COMPLETE_H
#define CTL_COMPLETE_H

#include "ctl/commands.h"

struct completion {
    struct buf more; /* what can be typed without a choice: all that the candidates share */
    char **names;    /* owned, as is each; the candidates in order, without doubles */
    size_t count;
};

/* Looks behind the first `len` bytes of a line; a single candidate has a blank behind it. */
void complete_line(struct ctl *c, const char *line, size_t len, struct completion *out);
void completion_close(struct completion *out);

#endif
