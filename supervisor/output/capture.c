#include "output/capture.h"

#include <string.h>

/* Their first byte occurs in them only once: a failed match can have no other inside it. */
static const char *const capture_tags[] = {"<!--XSUPERVISOR:BEGIN-->", "<!--XSUPERVISOR:END-->"};

void capture_begin(struct capture *c, size_t max)
{
    buf_clear(&c->message);
    c->max = max;
    c->inside = false;
    c->cut = false;
    c->matched = 0;
}

void capture_resume(struct capture *c, bool inside, size_t matched)
{
    c->inside = c->cut = inside;
    c->matched = matched < strlen(capture_tags[inside]) ? matched : 0;
}

void capture_close(struct capture *c)
{
    buf_close(&c->message);
}

/* Where the tag begins, or may begin with the last bytes; len when nowhere. */
static size_t capture_find(const char *tag, const char *data, size_t len)
{
    size_t whole = strlen(tag);
    const char *at = data;
    const char *end = data + len;
    while (at < end && (at = memchr(at, *tag, (size_t)(end - at))) != NULL) {
        size_t there = (size_t)(end - at);
        if (memcmp(at, tag, there < whole ? there : whole) == 0)
            return (size_t)(at - data);
        at++;
    }
    return len;
}

/* Trims only when twice too much is there: each byte is moved at most once. */
static void capture_keep(struct capture *c, const char *data, size_t len)
{
    size_t skip = len > c->max ? len - c->max : 0;
    buf_append(&c->message, data + skip, len - skip);
    if (c->message.len / 2 >= c->max)
        buf_drop(&c->message, c->message.len - c->max);
}

static void capture_text(struct capture *c, const char *data, size_t len, struct capture_piece *out)
{
    if (c->inside)
        capture_keep(c, data, len);
    *out = (struct capture_piece){c->inside ? CAPTURE_HIDDEN : CAPTURE_TEXT, data, len};
}

/* A whole tag has come. The message stays until the next BEGIN. */
static void capture_turn(struct capture *c, struct capture_piece *out)
{
    c->matched = 0;
    c->inside = !c->inside;
    if (c->inside) {
        buf_clear(&c->message);
        return;
    }
    if (c->message.len > c->max)
        buf_drop(&c->message, c->message.len - c->max);
    bool cut = c->cut;
    c->cut = false;
    if (!cut)
        *out = (struct capture_piece){CAPTURE_MESSAGE, buf_str(&c->message), c->message.len};
}

size_t capture_next(struct capture *c, const char *data, size_t len, struct capture_piece *out)
{
    const char *tag = capture_tags[c->inside];
    size_t text = c->matched == 0 ? capture_find(tag, data, len) : 0;
    *out = (struct capture_piece){.kind = CAPTURE_NOTHING};
    if (text > 0) {
        capture_text(c, data, text, out);
        return text;
    }
    size_t missing = strlen(tag) - c->matched;
    size_t n = len < missing ? len : missing;
    if (n > 0 && memcmp(data, tag + c->matched, n) != 0) {
        capture_end(c, out);
        return 0;
    }
    c->matched += n;
    if (n == missing)
        capture_turn(c, out);
    return n;
}

void capture_end(struct capture *c, struct capture_piece *out)
{
    *out = (struct capture_piece){.kind = CAPTURE_NOTHING};
    if (c->matched > 0)
        capture_text(c, capture_tags[c->inside], c->matched, out);
    c->matched = 0;
}
