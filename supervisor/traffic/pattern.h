/*
 * A regular expression as nginx takes it (PCRE). Looking for it has a limit of steps and of memory,
 * so that no path, however it was made, can hold us up.
 */
#ifndef TRAFFIC_PATTERN_H
#define TRAFFIC_PATTERN_H

#include <stdbool.h>

#include "base/err.h"
#include "traffic/record.h"

struct pattern;

enum pattern_answer {
    PATTERN_NONE,
    PATTERN_FOUND,
    PATTERN_GIVEN_UP, /* a limit was reached */
};

/* Writes *out on success. -EINVAL: "is no regular expression at byte 3: ..." */
int pattern_new(struct span text, bool caseless, struct pattern **out, struct err *e);
void pattern_free(struct pattern *p); /* NULL is fine */

/* Whether it is anywhere in the text, which is taken as bytes. */
enum pattern_answer pattern_find(const struct pattern *p, struct span text);

#endif
