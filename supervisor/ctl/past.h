/*
 * The lines typed at the prompt: in memory for the cursor keys, and in a file with one line
 * each, as GNU readline and with it supervisorctl have it.
 */
#ifndef CTL_PAST_H
#define CTL_PAST_H

#include <histedit.h>

struct past {
    History *lines;   /* owned; NULL before past_open and after past_close */
    const char *file; /* borrowed; NULL: none */
    char *last;       /* owned; NULL: nothing was typed yet */
};

void past_open(struct past *p, const char *file);
void past_close(struct past *p);

/* Remembers a line, unless it is empty or the same as the one before; in the file at once. */
void past_add(struct past *p, const char *line);

#endif
