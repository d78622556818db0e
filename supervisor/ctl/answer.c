#include "ctl/answer.h"

#include <errno.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

enum { SIZE_LINE_MAX = 1024 };

void answer_init(struct answer *a)
{
    *a = (struct answer){.left = ANSWER_HEAD_MAX};
}

/* --- Lines --------------------------------------------------------------------------------- */

static int take_status(struct answer *a, const char *line, struct err *e)
{
    char *end = NULL;
    if (strncmp(line, "HTTP/1.", 7) != 0 || !strchr(line, ' '))
        return err_set(e, -EPROTO, "what answers there is no HTTP server");
    long status = strtol(strchr(line, ' '), &end, 10);
    if (status < 100 || status > 599)
        return err_set(e, -EPROTO, "what answers there is no HTTP server");
    a->status = (int)status;
    a->close = strncmp(line, "HTTP/1.0", 8) == 0;
    end += strspn(end, " ");
    memcpy(a->reason, end, strnlen(end, sizeof a->reason - 1));
    a->stage = ANSWER_HEADERS;
    return 0;
}

static int take_length(struct answer *a, const char *value, struct err *e)
{
    char *end = NULL;
    errno = 0;
    unsigned long long length = strtoull(value, &end, 10);
    if (*value < '0' || *value > '9' || errno || end[strspn(end, " \t")] || length > SIZE_MAX)
        return err_set(e, -EPROTO, "the answer's length is no number");
    a->has_length = true;
    a->length = (size_t)length;
    return 0;
}

/* Behind the head comes a body of one of three kinds. */
static void take_head_end(struct answer *a)
{
    a->stage = a->chunked ? ANSWER_SIZE : a->has_length ? ANSWER_LENGTH : ANSWER_REST;
    a->left = a->length;
    if (a->stage == ANSWER_LENGTH && a->left == 0)
        a->stage = ANSWER_DONE;
}

static int take_header(struct answer *a, char *line, struct err *e)
{
    char *value = strchr(line, ':');
    if (*line == '\0') {
        take_head_end(a);
        return 0;
    }
    if (!value)
        return err_set(e, -EPROTO, "a header of the answer has no colon");
    *value++ = '\0';
    value += strspn(value, " \t");
    if (strcasecmp(line, "Transfer-Encoding") == 0)
        a->chunked = strcasecmp(value, "chunked") == 0;
    else if (strcasecmp(line, "Connection") == 0)
        a->close = strcasecmp(value, "close") == 0;
    else if (strcasecmp(line, "Content-Length") == 0)
        return take_length(a, value, e);
    return 0;
}

/* The size of a chunk; extensions may follow behind a semicolon. */
static int take_size(struct answer *a, const char *line, struct err *e)
{
    char *end = NULL;
    errno = 0;
    unsigned long long value = strtoull(line, &end, 16);
    bool hex = strspn(line, "0123456789abcdefABCDEF") > 0;
    if (!hex || errno || value > SIZE_MAX / 2 || (*end && !strchr("; \t", *end)))
        return err_set(e, -EPROTO, "a chunk of the answer has no size");
    a->left = value ? (size_t)value : ANSWER_HEAD_MAX;
    a->stage = value ? ANSWER_CHUNK : ANSWER_TRAILER;
    return 0;
}

static int take_line(struct answer *a, char *line, struct err *e)
{
    switch (a->stage) {
    case ANSWER_STATUS:
        return take_status(a, line, e);
    case ANSWER_HEADERS:
        return take_header(a, line, e);
    case ANSWER_SIZE:
        return take_size(a, line, e);
    case ANSWER_CHUNK_END:
        a->stage = ANSWER_SIZE;
        return 0;
    case ANSWER_TRAILER:
        if (*line == '\0')
            a->stage = ANSWER_DONE;
        return 0;
    case ANSWER_LENGTH:
    case ANSWER_REST:
    case ANSWER_CHUNK:
    case ANSWER_DONE:
        break; /* these have no lines */
    }
    return 0;
}

/* How long the next line may be, without its end. */
static size_t line_limit(const struct answer *a)
{
    if (a->stage == ANSWER_CHUNK_END)
        return 1;
    return a->stage == ANSWER_SIZE ? SIZE_LINE_MAX : a->left;
}

/* 1 when a line was taken, 0 when more of it has to come. */
static int answer_line(struct answer *a, struct buf *in, struct err *e)
{
    char *end = in->len ? memchr(in->data, '\n', in->len) : NULL;
    size_t len = end ? (size_t)(end - in->data) : in->len;
    size_t limit = line_limit(a);
    bool in_head = a->stage == ANSWER_STATUS || a->stage == ANSWER_HEADERS;
    if (len > limit)
        return err_set(e, -EMSGSIZE, "the answer's head is larger than %d bytes", ANSWER_HEAD_MAX);
    if (!end)
        return 0;
    if (in_head || a->stage == ANSWER_TRAILER)
        a->left -= len;
    *(len > 0 && end[-1] == '\r' ? end - 1 : end) = '\0';
    int rc = take_line(a, in->data, e);
    buf_drop(in, len + 1);
    return rc < 0 ? rc : 1;
}

/* --- Bodies -------------------------------------------------------------------------------- */

static int answer_piece(struct answer *a, struct buf *in, answer_sink *sink, void *ctx)
{
    bool counted = a->stage != ANSWER_REST;
    size_t part = counted && a->left < in->len ? a->left : in->len;
    if (part == 0)
        return 0;
    int rc = sink(ctx, in->data, part);
    buf_drop(in, part);
    if (counted)
        a->left -= part;
    if (counted && a->left == 0)
        a->stage = a->stage == ANSWER_CHUNK ? ANSWER_CHUNK_END : ANSWER_DONE;
    return rc < 0 ? rc : 1;
}

int answer_take(struct answer *a, struct buf *in, answer_sink *sink, void *ctx, struct err *e)
{
    int rc = 1;
    while (rc > 0 && a->stage != ANSWER_DONE && (sink || !answer_has_head(a))) {
        bool piece =
            a->stage == ANSWER_LENGTH || a->stage == ANSWER_REST || a->stage == ANSWER_CHUNK;
        rc = piece ? answer_piece(a, in, sink, ctx) : answer_line(a, in, e);
    }
    return rc;
}

int answer_end(struct answer *a, const struct buf *in, struct err *e)
{
    if (a->stage == ANSWER_STATUS && in->len == 0)
        return err_set(e, -ENODATA, "the server closed the connection");
    if (!answer_has_head(a))
        return err_set(e, -EPROTO, "the answer's head is cut off");
    if (a->stage != ANSWER_REST && a->stage != ANSWER_DONE)
        return err_set(e, -EPROTO, "the answer is cut off");
    a->stage = ANSWER_DONE;
    return 0;
}
