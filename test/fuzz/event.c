/*
 * What the listener mainstay-net reads, cut into pieces by the dice: the same bytes in one piece
 * make the same events, nobody holds more than the limits, and whatever an event says becomes a
 * sentence of one line and JSON that can be read again. The first byte seeds the cuts.
 */
#include <jansson.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/xml.h"
#include "net/note.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct hearing {
    struct intake in;
    bool broken;
    struct buf story;
};

static void must(bool holds)
{
    if (!holds)
        abort();
}

static void must_be_text(const struct buf *b)
{
    for (size_t at = 0; at < b->len;) {
        size_t n = xml_utf8_char(b->data + at, b->len - at);
        must(n > 0 && b->data[at] != '\n' && b->data[at] != '\r');
        at += n;
    }
}

static void try_formats(json_t *note)
{
    static const enum note_format formats[] = {NOTE_JSON, NOTE_SLACK, NOTE_TEXT};
    for (size_t i = 0; i < 3; i++) {
        struct buf out = BUF_EMPTY;
        note_write(note, formats[i], &out);
        must(out.len > 0);
        json_t *again = formats[i] == NOTE_TEXT ? NULL : json_loadb(out.data, out.len, 0, NULL);
        must(formats[i] == NOTE_TEXT || json_is_object(again));
        must(formats[i] != NOTE_JSON || json_equal(again, note));
        json_decref(again);
        buf_close(&out);
    }
}

static void tell(const struct intake *in)
{
    static const struct note_about about = {"host", "ops"};
    const struct told t = told_read(in);
    struct buf text = BUF_EMPTY;
    struct buf key = BUF_EMPTY;
    words_write(&t, &text);
    words_key(&t, &key);
    must_be_text(&text);
    must_be_text(&key);
    must(text.len < 16 * (WORDS_TEXT_MAX + 3) * 3);
    json_t *note = note_new(&about, &t, 1795301378854);
    try_formats(note);
    json_decref(note);
    buf_close(&text);
    buf_close(&key);
}

static void hear(struct hearing *h, const char *data, size_t len)
{
    enum intake_news news = INTAKE_NOTHING;
    while (!h->broken && (news = intake_take(&h->in, &data, &len)) != INTAKE_NOTHING) {
        must(h->in.head.len <= INTAKE_HEAD_MAX && h->in.text.len <= INTAKE_TEXT_MAX);
        h->broken = news == INTAKE_BROKEN;
        buf_printf(&h->story, "%d(", (int)news);
        if (news == INTAKE_EVENT) {
            buf_append(&h->story, buf_str(&h->in.head), h->in.head.len);
            buf_append(&h->story, buf_str(&h->in.text), h->in.text.len);
        }
        buf_text(&h->story, ")");
    }
    must(h->broken || len == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct hearing whole = {0}, pieces = {0};
    if (size < 1)
        return 0;
    uint32_t seed = data[0];
    const char *text = (const char *)data + 1;
    const char *rest = text;
    size_t left = size - 1;
    hear(&whole, text, size - 1);
    for (size_t at = 0; at < size - 1 && !pieces.broken;) {
        seed = seed * 1664525u + 1013904223u;
        size_t part = 1 + (seed >> 24) % 16;
        part = part < size - 1 - at ? part : size - 1 - at;
        hear(&pieces, text + at, part);
        at += part;
    }
    must(whole.broken == pieces.broken && whole.story.len == pieces.story.len);
    must(memcmp(buf_str(&whole.story), buf_str(&pieces.story), whole.story.len) == 0);
    struct intake in = {0};
    while (intake_take(&in, &rest, &left) == INTAKE_EVENT)
        tell(&in);
    intake_close(&in);
    intake_close(&whole.in);
    intake_close(&pieces.in);
    buf_close(&whole.story);
    buf_close(&pieces.story);
    return 0;
}
