/*
 * A log's format, and the reading of its lines. Nothing is unescaped, except in JSON: a path is
 * compared as it was logged.
 *
 * Formats, as `--format` takes them:
 *   auto          (the default) each line on its own: JSON when it begins with '{', else anything
 *                 that has `[$time_local] ... "$request" $status` in it
 *   combined, common, viewbovis    nginx's, Apache's and that of ViewBovis
 *   json          one object a line, with nginx's names of variables or usual ones as keys
 *   '$a - "$b"'   what nginx's log_format takes, or a whole `log_format NAME ...;` directive
 *   FILE, FILE:NAME    the log_format (of that name) in an nginx.conf
 *
 * Whether a line is malformed depends on the format alone, never on what is wanted of it.
 */
#ifndef TRAFFIC_FORMAT_H
#define TRAFFIC_FORMAT_H

#include <stdbool.h>
#include <stddef.h>

#include "base/err.h"
#include "traffic/layout.h"
#include "traffic/record.h"
#include "traffic/when.h"

enum format_way { FORMAT_AUTO, FORMAT_LAYOUT, FORMAT_JSON };

/* Memory that stays: as large as the format, and of JSON the longest line with escapes. */
struct format {
    enum format_way way;
    struct layout layout; /* of FORMAT_LAYOUT */
    bool combined;        /* the short cut of combined.h is tried first ... */
    bool wide;            /* ... with AVX2, which the processor has */
    struct when when;     /* times that were read before, so that the next is cheap */
    char *scratch;        /* owned: what JSON strings with escapes are unescaped into ... */
    size_t scratch_room;  /* ... and its size */
    const char *refused; /* the line that format_read_ahead has just left to format_read, or NULL */
    struct take take;    /* the line that is being read */
    unsigned wanted;     /* fields; all until format_want */
    unsigned fields;     /* those that the format can have; all for auto and json */
};

/*
 * -EINVAL or -errno with a sentence that names the format and says what is wrong. Nothing has to be
 * closed then.
 */
int format_init(struct format *f, const char *spec, struct err *e);
void format_close(struct format *f);

/* Only these fields (FIELD_BIT) are looked for from now on. */
void format_want(struct format *f, unsigned fields);

/* The line without its newline. Writes *r for LINE_OK, and may for others. */
enum line_kind format_read(struct format *f, const char *line, size_t len, struct record *r);

/*
 * Reads the line that the text begins with without looking for its newline first, which is as dear
 * as the rest. Its length without the newline, as format_read would read it with LINE_OK; or 0: not
 * every format and line can be read so, and then nothing is known of it.
 */
size_t format_read_ahead(struct format *f, const char *text, size_t len, struct record *r);

#endif
