/*
 * An HTTP answer, taken apart as it comes and in whatever pieces. Pure: bytes go in, the head's
 * facts and pieces of the body come out; it neither reads nor waits.
 */
#ifndef CTL_ANSWER_H
#define CTL_ANSWER_H

#include <stdbool.h>
#include <stddef.h>

#include "base/buf.h"
#include "base/err.h"

enum { ANSWER_HEAD_MAX = 16384 }; /* bytes of status line and headers together */

enum answer_stage {
    ANSWER_STATUS,
    ANSWER_HEADERS,
    ANSWER_LENGTH,    /* a body of `left` more bytes */
    ANSWER_REST,      /* a body until the connection ends */
    ANSWER_SIZE,      /* the line before a chunk */
    ANSWER_CHUNK,     /* `left` more bytes of one */
    ANSWER_CHUNK_END, /* the line end behind it */
    ANSWER_TRAILER,
    ANSWER_DONE,
};

struct answer {
    enum answer_stage stage;
    size_t left;     /* bytes of the body, or of what the head may still take */
    int status;      /* known, as are those below, once the head is complete */
    char reason[64]; /* the words behind the status */
    bool chunked;    /* the body comes in chunks */
    bool close;      /* the server will close the connection after it */
    bool has_length; /* length is known */
    size_t length;   /* of the body */
};

/* Takes a piece of a body; a negative value ends the reading. */
typedef int answer_sink(void *ctx, const char *data, size_t len);

void answer_init(struct answer *a);

static inline bool answer_has_head(const struct answer *a)
{
    return a->stage > ANSWER_HEADERS;
}

/*
 * Consumes what it can of `in`: the head, and with a sink the body, too. 1 when that is
 * complete, 0 when more has to come, -EPROTO for what is no HTTP, -EMSGSIZE for a head beyond
 * its limit, or what the sink returned.
 */
int answer_take(struct answer *a, struct buf *in, answer_sink *sink, void *ctx, struct err *e);

/*
 * Nothing more will come. 0 when the answer is complete so, -ENODATA when there was none at all,
 * -EPROTO when it is cut off.
 */
int answer_end(struct answer *a, const struct buf *in, struct err *e);

#endif
