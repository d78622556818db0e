/*
 * A pattern on paths, compiled. Pure; matching takes time in proportion to pattern and path,
 * whatever stands in either.
 *
 * GLOB_AWS as fnmatch(3): * ? and [..] match slashes too; the whole path has to match.
 * GLOB_RCLONE: * ? and [^..] stop at slashes, ** does not, {a,b} is either; a slash in front ties
 * it to the top, else it matches from any slash on; a slash at the end stands for all below.
 * In both ? is one character of UTF-8, a backslash takes away a special meaning.
 */
#ifndef SYNC_GLOB_H
#define SYNC_GLOB_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

enum glob_style { GLOB_AWS, GLOB_RCLONE };

enum glob_do {
    GLOB_CHAR,  /* the character `low` */
    GLOB_CLASS, /* one in (or not in) `count` ranges from `low` on */
    GLOB_STAR,  /* any number of characters */
    GLOB_SPLIT, /* goes on with the next and with `low`, which is always further down */
    GLOB_JUMP,  /* goes on with `low` */
    GLOB_END,   /* matches if the path ends here */
};

struct glob_op {
    enum glob_do what;
    bool negated;  /* GLOB_CLASS */
    bool no_slash; /* GLOB_CLASS, GLOB_STAR */
    uint32_t low;
    uint32_t count;
};

struct glob_range {
    uint32_t low, high; /* characters, both inside */
};

struct glob {
    struct glob_op *ops; /* owned, as the ranges */
    size_t count;
    struct glob_range *ranges;
    size_t range_count;
};

/* 0, or -EINVAL with what is wrong with the pattern; nothing is owned then. */
int glob_compile(struct glob *g, enum glob_style style, const char *pattern, struct err *e);
bool glob_matches(const struct glob *g, const char *path);
void glob_close(struct glob *g);

#endif
