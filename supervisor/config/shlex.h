/*
 * Cuts text into words as Python's shlex does in POSIX mode: quotes, backslashes, and (for
 * environment= only) single punctuation characters and # comments. Pure.
 */
#ifndef CONFIG_SHLEX_H
#define CONFIG_SHLEX_H

#include <stdbool.h>
#include <stddef.h>

#include "base/buf.h"
#include "base/err.h"

struct shlex {
    const char *text;
    size_t pos;
    bool blanks_only; /* only blanks separate words, # is a character like any other */
};

/*
 * The next word, unquoted, into `word` (cleared first). 1; 0 at the end; -EINVAL with
 * "No closing quotation" or "No escaped character".
 */
int shlex_next(struct shlex *x, struct buf *word, struct err *e);

#endif
