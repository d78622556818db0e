/*
 * The configurations that lines name: each has a number in the archive (config/archive.h), and a
 * line of its own, which comes before the first line that names it.
 */
#ifndef HANDOVER_CONFIGS_H
#define HANDOVER_CONFIGS_H

#include "config/archive.h"
#include "handover/book.h"
#include "handover/line.h"

/* Its number; when it is new, its line is appended to `out`. */
json_t *configs_name(struct config_archive *a, struct config *config, struct buf *out);

/* The other way: makes all of them again. -EINVAL and one sentence. */
int configs_read(struct config_archive *a, const struct book *book, struct err *e);

/* What this member of a line names. Borrowed; NULL when it is not there. */
struct config *configs_get(const struct config_archive *a, const json_t *line, const char *member);

#endif
