#include "engine/listener.h"

#include <stdint.h>
#include <string.h>

#include "base/parse.h"

enum { RESULT_WORD = 7 }; /* bytes of "RESULT ", which nobody looks at */
static const char ready_word[] = {'R', 'E', 'A', 'D', 'Y', '\n'};

// clang-format off
static const struct { enum listener_state from; enum listener_news on; enum listener_state to; }
listener_rows[] = {
    { LISTENER_ACKNOWLEDGED, LISTENER_SAYS_READY,      LISTENER_READY },
    { LISTENER_ACKNOWLEDGED, LISTENER_SAYS_GARBAGE,    LISTENER_UNKNOWN },
    { LISTENER_READY,        LISTENER_SAYS_GARBAGE,    LISTENER_UNKNOWN },
    { LISTENER_BUSY,         LISTENER_SAYS_RESULT,     LISTENER_ACKNOWLEDGED },
    { LISTENER_BUSY,         LISTENER_SAYS_BAD_RESULT, LISTENER_UNKNOWN },
};
// clang-format on

static enum listener_news listener_step(struct listener *l, enum listener_news news)
{
    for (size_t i = 0; i < sizeof listener_rows / sizeof *listener_rows; i++) {
        if (listener_rows[i].from == l->state && listener_rows[i].on == news) {
            l->state = listener_rows[i].to;
            break;
        }
    }
    return news;
}

/* Moves bytes over until `text` has `most`. */
static void collect(struct listener *l, size_t most, const char **data, size_t *len)
{
    size_t part = most - l->text.len < *len ? most - l->text.len : *len;
    buf_append(&l->text, *data, part);
    *data += part;
    *len -= part;
}

static enum listener_news take_ready(struct listener *l, const char **data, size_t *len)
{
    collect(l, sizeof ready_word, data, len);
    if (l->text.len < sizeof ready_word)
        return LISTENER_SAYS_NOTHING;
    return memcmp(l->text.data, ready_word, sizeof ready_word) == 0 ? LISTENER_SAYS_READY
                                                                    : LISTENER_SAYS_GARBAGE;
}

/* The number in "RESULT n" as Python's int() reads it. */
static bool read_length(const struct buf *line, size_t *length)
{
    int64_t n = 0;
    const char *text = line->len < RESULT_WORD ? "" : line->data + RESULT_WORD;
    if (memchr(buf_str(line), '\0', line->len) || parse_int(text, &n, NULL) < 0 || n < 0 ||
        n > LISTENER_RESULT_MAX)
        return false;
    *length = (size_t)n;
    return true;
}

static enum listener_news take_line(struct listener *l, const char **data, size_t *len)
{
    const char *end = memchr(*data, '\n', *len);
    size_t line = l->text.len + (end ? (size_t)(end - *data) : *len);
    collect(l, line < LISTENER_LINE_MAX ? line : LISTENER_LINE_MAX, data, len);
    if (!end && line < LISTENER_LINE_MAX)
        return LISTENER_SAYS_NOTHING;
    if (line >= LISTENER_LINE_MAX || !read_length(&l->text, &l->length))
        return LISTENER_SAYS_BAD_RESULT;
    *data += 1;
    *len -= 1;
    buf_clear(&l->text);
    l->in_result = true;
    return LISTENER_SAYS_NOTHING;
}

static enum listener_news take_result(struct listener *l, const char **data, size_t *len)
{
    enum listener_news news = LISTENER_SAYS_NOTHING;
    if (!l->in_result)
        news = take_line(l, data, len);
    if (!l->in_result)
        return news;
    collect(l, l->length, data, len);
    if (l->text.len < l->length)
        return LISTENER_SAYS_NOTHING;
    l->in_result = false;
    return LISTENER_SAYS_RESULT;
}

enum listener_news listener_take(struct listener *l, const char **data, size_t *len)
{
    enum listener_news news = LISTENER_SAYS_NOTHING;
    if (l->told)
        buf_close(&l->text);
    switch (l->state) {
    case LISTENER_ACKNOWLEDGED:
        news = take_ready(l, data, len);
        break;
    case LISTENER_BUSY:
        news = take_result(l, data, len);
        break;
    case LISTENER_READY:
        news = *len > 0 ? LISTENER_SAYS_GARBAGE : LISTENER_SAYS_NOTHING;
        break;
    case LISTENER_UNKNOWN:
        *data += *len;
        *len = 0;
        break;
    }
    l->told = news != LISTENER_SAYS_NOTHING;
    return listener_step(l, news);
}

void listener_start(struct listener *l)
{
    listener_close(l);
    *l = (struct listener){.state = LISTENER_ACKNOWLEDGED};
}

void listener_close(struct listener *l)
{
    buf_close(&l->text);
}

void listener_sent(struct listener *l)
{
    l->state = LISTENER_BUSY;
}

const char *listener_state_name(enum listener_state state)
{
    switch (state) {
    case LISTENER_READY:
        return "READY";
    case LISTENER_BUSY:
        return "BUSY";
    case LISTENER_ACKNOWLEDGED:
        return "ACKNOWLEDGED";
    case LISTENER_UNKNOWN:
        break;
    }
    return "UNKNOWN";
}
