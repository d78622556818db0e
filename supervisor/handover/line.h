/*
 * Lines: how the state of the daemon is written down for whoever takes over, the next version of
 * it (upgrade.h) or the instance after a crash.
 *
 * A line is a JSON object: {"kind":"proc","key":"team:web", ...}. A later line of the same kind
 * and key takes the place of the earlier one, {"kind","key","gone":true} takes it away; a last
 * line without its newline was cut off and counts as never written. The first line says in which
 * format the others are.
 *
 * Members of structs are packed and unpacked by rows in tables (rows.h): one row, both ways.
 */
#ifndef HANDOVER_LINE_H
#define HANDOVER_LINE_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>

#include "base/buf.h"
#include "base/err.h"

enum {
    LINE_FORMAT = 1,             /* of all lines together; another one is refused */
    LINE_LENGTH_MAX = 128 << 20, /* bytes of one */
    LINES_LENGTH_MAX =
        1024 << 20, /* bytes of all: pools, capture and sources are bounded elsewhere */
};

/* How a member is written. Text and bytes may be anything, also NUL and broken UTF-8. */
enum line_type {
    LINE_BOOL,   /* bool */
    LINE_INT,    /* int, unsigned or an enum: 32 bits */
    LINE_NUMBER, /* int64_t, uint64_t, size_t: 64 bits, at most INT64_MAX */
    LINE_CHARS,  /* an array of char that ends with NUL */
    LINE_TEXT,   /* char *, owned; may be NULL */
    LINE_BYTES,  /* struct buf, as base64 */
    LINE_FD,     /* int, a descriptor, which the carrier knows how to carry; -1: none */
};

struct line_row {
    const char *name; /* for ever: what is written today is read by later versions */
    enum line_type type;
    size_t offset; /* in the struct */
    size_t size;   /* of the member */
    bool optional; /* not in every line: the member stays as it is without */
};

struct line_table {
    const struct line_row *rows;
    size_t count;
};

/* A row of a table: LINE_ROW("pid", LINE_INT, struct child, pid) */
#define LINE_ROW(name, type, owner, member)                                                        \
    {                                                                                              \
        name, type, offsetof(owner, member), sizeof(((owner *)0)->member), false                   \
    }
#define LINE_ROW_OPTIONAL(name, type, owner, member)                                               \
    {                                                                                              \
        name, type, offsetof(owner, member), sizeof(((owner *)0)->member), true                    \
    }

/* How descriptors go from the one to the other: by number, or by what they are. */
struct carrier {
    /* What to write for `fd`, which is open. A new reference. */
    json_t *(*give)(struct carrier *c, int fd);
    /* The descriptor that this stands for, the caller's from now on, close-on-exec; -1: lost. */
    int (*take)(struct carrier *c, const json_t *value);
};

/* A new line. The key may be any bytes. */
json_t *line_new(const char *kind, const char *key);
json_t *line_gone(const char *kind, const char *key);
json_t *line_first(const char *version); /* the first of all */

void line_pack(json_t *line, const struct line_table *t, const void *from, struct carrier *c);

/*
 * -EINVAL when a member is missing or is not what the row says; then nothing was written. With
 * `into` NULL it is only checked, and no descriptor is taken. Owned texts and bytes that are
 * replaced are freed. A descriptor that the carrier has lost becomes -1.
 */
int line_unpack(const json_t *line, const struct line_table *t, void *into, struct carrier *c,
                struct err *e);

/* Texts of any bytes: each byte is a character, those from 128 on U+0080 to U+00FF. */
json_t *line_text(const char *data, size_t len);
/* Appends the bytes; false when it is no such text. */
bool line_text_read(const json_t *value, struct buf *out);

json_t *line_bytes(const struct buf *bytes);
bool line_bytes_read(const json_t *value, struct buf *out);

/* Of any object: the bytes as an owned text, NULL when there is no such member or it is null. */
char *line_get(const json_t *line, const char *name);

/* Appends the line with its newline; the reference is taken. */
void line_write(json_t *line, struct buf *out);

#endif
