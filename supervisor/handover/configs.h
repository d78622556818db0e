/*
 * The configurations that lines name: each has a number, and a line of its own, which comes before
 * the first line that names it. A merger of several (config/merge.h) is a line that names them.
 */
#ifndef HANDOVER_CONFIGS_H
#define HANDOVER_CONFIGS_H

#include "config/config.h"
#include "handover/book.h"
#include "handover/line.h"

struct configs {
    struct config **items; /* owned, each a reference; the number is the place + 1 */
    size_t count;
};

/* Its number; when it is new, its line is appended to `out`. */
json_t *configs_name(struct configs *c, struct config *config, struct buf *out);
void configs_close(struct configs *c);

/*
 * The other way: makes all of them again. What cannot be made is NULL; the first such failure is
 * in e, and -EINVAL.
 */
int configs_read(struct configs *c, const struct book *book, struct err *e);

/* What this member of a line names. Borrowed; NULL when it is not there. */
struct config *configs_get(const struct configs *c, const json_t *line, const char *member);

#endif
