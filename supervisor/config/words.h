/* A command line as words, and words as a command line. No globs, no variables, no comments. */
#ifndef CONFIG_WORDS_H
#define CONFIG_WORDS_H

#include "base/arena.h"
#include "base/buf.h"
#include "base/err.h"
#include "config/config.h"

/*
 * Splits as a POSIX shell would (quotes, backslashes). Words and array live in `a`, the array
 * ends with a NULL that count does not include (ready for exec); an empty text has no words.
 * -EINVAL with "No closing quotation" or "No escaped character".
 */
int words_split(const char *text, struct arena *a, struct name_list *out, struct err *e);

/* Appends one word so that words_split gives it back; a blank in front unless `out` is empty. */
void words_quote(const char *word, struct buf *out);

#endif
