/*
 * An event in words: "web has given up: no start of it has succeeded". A table of sentences, and
 * what goes into them. Pure.
 */
#ifndef NET_WORDS_H
#define NET_WORDS_H

#include "base/buf.h"
#include "net/intake.h"

enum { WORDS_TEXT_MAX = 500 }; /* bytes of somebody's text in a sentence */

struct told {
    struct field event;  /* "PROCESS_STATE_FATAL" */
    struct field server; /* the daemon's identifier */
    struct field serial; /* of the event */
    struct field line;   /* the payload's first line: words such as processname:web */
    struct field data;   /* what stands behind that line */
    bool cut;            /* there was more of it */
};

/* Borrows from the feed, which holds an event. */
struct told told_read(const struct intake *in);

/* Appends the sentence: UTF-8, no control characters, no full stop. */
void words_write(const struct told *t, struct buf *out);

/* Appends what makes two events the same one: of the same kind, about the same thing. */
void words_key(const struct told *t, struct buf *out);

#endif
