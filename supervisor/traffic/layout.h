/*
 * The text of an nginx log_format, compiled: how a line is taken apart.
 *
 * A format is texts and variables by turns. Most variables have a shape: times, numbers, words
 * without blanks. One that may hold anything ends at the next quote where the format has a quote
 * behind it, as nginx escapes those in values; else it ends where what follows it up to the next
 * quote, or the end of the line, must begin, counted from there. So nothing that a client writes
 * into its name or a header moves the fields beside it.
 */
#ifndef TRAFFIC_LAYOUT_H
#define TRAFFIC_LAYOUT_H

#include <stdbool.h>
#include <stddef.h>

#include "base/err.h"
#include "traffic/part.h"
#include "traffic/record.h"

enum {
    LAYOUT_PIECES_MAX = 256, /* texts and variables of a format */
    LAYOUT_TEXT_MAX = 16384, /* bytes of a format */
};

enum shape {
    SHAPE_TEXT,   /* of the format itself */
    SHAPE_LOCAL,  /* 21/Nov/2026:07:26:01 +0000 */
    SHAPE_ISO,    /* 2026-11-21T07:26:01+00:00 */
    SHAPE_STATUS, /* three digits */
    SHAPE_NUMBER, /* digits, perhaps with a point; or - */
    SHAPE_WORD,   /* printable, no blank, not empty */
    SHAPE_FREE,   /* anything */
};

/* Where a variable that may hold anything ends. */
enum free_end {
    END_QUOTE, /* at the next quote */
    END_TEXT,  /* where the next text is found first */
    END_SLASH, /* at the next '/', with which the path behind it begins */
    END_TAIL,  /* before the pieces up to `until`, counted back from the next quote or the end */
};

struct piece {
    enum shape shape;
    enum part part;
    const char *text; /* of SHAPE_TEXT; inside layout.text */
    size_t len;
    enum free_end end; /* of SHAPE_FREE, as what follows */
    size_t until;      /* END_TAIL: the piece with the quote; the number of pieces for line ends */
    size_t extra;      /* END_TAIL: bytes of that piece before its quote */
};

struct layout {
    struct piece *pieces; /* owned */
    size_t count;
    char *text;      /* owned: what the pieces' texts are in */
    unsigned fields; /* those that a line has (FIELD_BIT) */
};

/* The text as nginx has it after its own quotes. -EINVAL with a sentence; nothing to close then. */
int layout_init(struct layout *l, const char *text, struct err *e);
void layout_close(struct layout *l);

/*
 * Reads a line; `t` is begun, and finished for LINE_OK. Else LINE_CUT, LINE_TIME or LINE_OTHER.
 */
enum line_kind layout_read(const struct layout *l, struct span line, struct take *t);

#endif
