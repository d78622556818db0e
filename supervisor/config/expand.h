/*
 * %(name)s: Python's %-formatting with a dictionary, which is what Supervisor does to every
 * value. Pure.
 */
#ifndef CONFIG_EXPAND_H
#define CONFIG_EXPAND_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/err.h"

/* Which names a key may use; a name has exactly one of these. */
enum expand_class {
    EXPAND_HERE = 1,     /* here */
    EXPAND_ENV = 2,      /* ENV_X: the daemon's environment and [supervisord] environment= */
    EXPAND_NODE = 4,     /* host_node_name */
    EXPAND_PROGRAM = 8,  /* program_name */
    EXPAND_GROUP = 16,   /* group_name */
    EXPAND_PROCESS = 32, /* process_num, numprocs */
    EXPAND_OWN = 64,     /* ENV_X: the program's own environment= */
};

struct expand_name {
    const char *prefix; /* "ENV_" or "" */
    const char *name;
    const char *text; /* NULL: number */
    int64_t number;
    unsigned class;
};

/* Names in layers: the innermost one that is allowed counts. */
struct expand_names {
    const struct expand_names *outer; /* NULL: none */
    const struct expand_name *items;
    size_t count;
};

enum { EXPAND_LIMIT = 1024 * 1024 }; /* bytes that one value may become */

/*
 * Appends `format` with every %(name) of the allowed classes filled in. -EINVAL with the second
 * half of Supervisor's sentence: "contains names ('x') which cannot be expanded. Available
 * names: ..." or "is badly formatted: ...". On failure `out` holds a part.
 */
int expand(const char *format, const struct expand_names *names, unsigned allowed, struct buf *out,
           struct err *e);

#endif
