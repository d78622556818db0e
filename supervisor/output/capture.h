/*
 * Capture mode: finds what a program puts between <!--XSUPERVISOR:BEGIN--> and
 * <!--XSUPERVISOR:END--> in its output, which comes in chunks that are cut anywhere. Pure.
 *
 * Text outside the tags passes through as soon as it can be no part of a tag. Of the text between
 * them the newest `max` bytes are kept; END hands them over as the message. Tags do not nest: the
 * other tag is ordinary text on either side.
 */
#ifndef OUTPUT_CAPTURE_H
#define OUTPUT_CAPTURE_H

#include <stdbool.h>
#include <stddef.h>

#include "base/buf.h"

struct capture {
    size_t max;     /* bytes of a message */
    bool inside;    /* between the tags */
    bool cut;       /* the beginning of the message is lost */
    size_t matched; /* bytes of the next tag that have come, held back */
    struct buf message;
};

enum capture_kind {
    CAPTURE_NOTHING, /* all that came may belong to a tag */
    CAPTURE_TEXT,    /* outside the tags */
    CAPTURE_HIDDEN,  /* between them: a part of the message to come */
    CAPTURE_MESSAGE, /* the whole of it, behind END */
};

/* Borrowed until the next call. */
struct capture_piece {
    enum capture_kind kind;
    const char *data;
    size_t len;
};

void capture_begin(struct capture *c, size_t max); /* also again, for the next process */

/*
 * Takes bytes from the front of `data` and says what they are; returns how many. To be called
 * until all are taken; 0 comes back when the piece is of an earlier call.
 */
size_t capture_next(struct capture *c, const char *data, size_t len, struct capture_piece *out);

/* No more will come: what was held back is text after all. An unfinished message is dropped. */
void capture_end(struct capture *c, struct capture_piece *out);

/* Begins where another has stopped, of whose message the beginning is lost: it is no message. */
void capture_resume(struct capture *c, bool inside, size_t matched);

void capture_close(struct capture *c); /* frees the memory */

#endif
