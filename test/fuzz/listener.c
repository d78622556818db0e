/*
 * What a listener may write, cut into pieces by the dice: the same bytes in one piece make the
 * same news, and nobody holds more than the limits. The first byte says how many events it is
 * sent, the second one seeds the cuts.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "engine/listener.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct hearing {
    struct listener l;
    int events;
    struct buf story;
};

static void must(bool holds)
{
    if (!holds)
        abort();
}

static void hear(struct hearing *h, const char *data, size_t len)
{
    for (;;) {
        enum listener_state from = h->l.state;
        enum listener_news news = listener_take(&h->l, &data, &len);
        if (news == LISTENER_SAYS_NOTHING)
            break;
        must(from != LISTENER_UNKNOWN && from != h->l.state);
        buf_printf(&h->story, "%d(", (int)news);
        if (news == LISTENER_SAYS_RESULT || news == LISTENER_SAYS_BAD_RESULT)
            buf_append(&h->story, buf_str(&h->l.text), h->l.text.len);
        buf_text(&h->story, ")");
        if (h->l.state == LISTENER_READY && h->events-- > 0)
            listener_sent(&h->l);
    }
    must(len == 0);
    must(h->l.text.len <= (h->l.in_result ? h->l.length : LISTENER_LINE_MAX));
    must(h->l.length <= LISTENER_RESULT_MAX);
}

static void start(struct hearing *h, int events)
{
    memset(h, 0, sizeof *h);
    h->events = events;
    listener_start(&h->l);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct hearing whole, pieces;
    if (size < 2)
        return 0;
    uint32_t seed = data[1];
    const char *text = (const char *)data + 2;
    size_t len = size - 2;
    start(&whole, data[0]);
    start(&pieces, data[0]);
    hear(&whole, text, len);
    for (size_t at = 0; at < len;) {
        seed = seed * 1664525u + 1013904223u;
        size_t part = 1 + (seed >> 24) % 16;
        part = part < len - at ? part : len - at;
        hear(&pieces, text + at, part);
        at += part;
    }
    must(whole.l.state == pieces.l.state && whole.story.len == pieces.story.len);
    must(memcmp(buf_str(&whole.story), buf_str(&pieces.story), whole.story.len) == 0);
    buf_close(&whole.story);
    buf_close(&pieces.story);
    listener_close(&whole.l);
    listener_close(&pieces.l);
    return 0;
}
