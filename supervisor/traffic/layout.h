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
#include <stdint.h>

#include "base/err.h"
#include "traffic/part.h"
#include "traffic/record.h"

enum {
    LAYOUT_PIECES_MAX = 256, /* texts and variables of a format */
    LAYOUT_TEXT_MAX = 16384, /* bytes of a format */
    LAYOUT_ISO_LEN = 25,
    LAYOUT_STATUS_LEN = 3,
};

enum shape {
    SHAPE_TEXT,   /* of the format itself */
    SHAPE_LOCAL,  /* 21/Nov/2026:07:26:01 +0000 */
    SHAPE_ISO,    /* 2026-11-21T07:26:01+00:00 */
    SHAPE_STATUS, /* three digits */
    SHAPE_COUNT,  /* up to 19 digits; or - */
    SHAPE_NUMBER, /* up to 12 digits, perhaps a point and more; or - */
    SHAPE_WORD,   /* printable, no blank, no quote, not empty */
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
    enum part part;   /* what the variable is for */
    enum part take;   /* the same, or PART_NOTHING when nobody wants that */
    const char *text; /* of SHAPE_TEXT; inside layout.text */
    size_t len;
    uint64_t head;     /* of SHAPE_TEXT up to 8 bytes: the bytes, ... */
    uint64_t mask;     /* ... and all ones where they are; else 0 */
    enum free_end end; /* of SHAPE_FREE, as what follows */
    bool anchored;     /* END_TAIL: some piece behind it has a quote; else the line ends instead */
    size_t until;      /* how many pieces behind it that is, ... */
    size_t extra;      /* ... the bytes of that piece before its quote, ... */
    size_t tail;       /* ... with those of the pieces before it, when their lengths are fixed */
    bool fixed;        /* they are */
    bool optional;     /* a number in quotes: "" is none, as escape=json writes it */
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

/* Takes only what these fields (FIELD_BIT) need, and what has to be checked, from now on. */
void layout_want(struct layout *l, unsigned fields);

/* The length of what has one: texts, times, statuses; else 0. */
size_t layout_fixed_len(const struct piece *p);

/*
 * Reads a line; `t` is begun, and finished for LINE_OK. Else LINE_CUT, LINE_TIME or LINE_OTHER.
 */
enum line_kind layout_read(const struct layout *l, struct span line, struct take *t);

#endif
