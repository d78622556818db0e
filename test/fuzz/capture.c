/*
 * Capture mode: however the output is cut into chunks, the same comes out of it as of the whole
 * at once, in the same order, and every byte of text once. The first byte is the limit of a
 * message, the second the seed of the cuts.
 */
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "output/capture.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check(bool holds)
{
    if (!holds)
        abort();
}

/* Everything of one kind and order: pieces may be cut differently, messages may not. */
struct trace {
    struct capture capture;
    enum capture_kind last;
    struct buf out;
    size_t bytes; /* of text and hidden text */
};

static void trace_piece(struct trace *t, const struct capture_piece *piece)
{
    static const char marks[] = "-TH";
    if (piece->kind == CAPTURE_NOTHING)
        return;
    if (piece->kind == CAPTURE_MESSAGE) {
        check(piece->len <= t->capture.max);
        buf_printf(&t->out, "M%zu:", piece->len);
    } else {
        check(piece->len > 0);
        t->bytes += piece->len;
        if (piece->kind != t->last)
            buf_char(&t->out, marks[piece->kind]);
    }
    t->last = piece->kind;
    buf_append(&t->out, piece->data, piece->len);
}

static void trace_feed(struct trace *t, const char *data, size_t len)
{
    struct capture_piece piece;
    while (len > 0) {
        size_t n = capture_next(&t->capture, data, len, &piece);
        check(n <= len && (n > 0 || piece.kind != CAPTURE_NOTHING));
        trace_piece(t, &piece);
        data += n;
        len -= n;
    }
}

static void trace_end(struct trace *t)
{
    struct capture_piece piece;
    capture_end(&t->capture, &piece);
    trace_piece(t, &piece);
    check(t->capture.matched == 0);
    capture_close(&t->capture);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size < 2)
        return 0;
    struct trace whole = {0};
    struct trace cut = {0};
    uint32_t seed = data[1];
    const char *text = (const char *)data + 2;
    size_t len = size - 2;
    capture_begin(&whole.capture, data[0] + 1u);
    capture_begin(&cut.capture, data[0] + 1u);
    trace_feed(&whole, text, len);
    trace_end(&whole);
    for (size_t at = 0; at < len;) {
        seed = seed * 1664525u + 1013904223u;
        size_t n = 1 + (seed >> 16) % (data[1] % 31 + 1u);
        n = n < len - at ? n : len - at;
        trace_feed(&cut, text + at, n);
        at += n;
    }
    trace_end(&cut);
    check(whole.bytes == cut.bytes && whole.bytes <= len);
    check(whole.out.len == cut.out.len);
    check(whole.out.len == 0 || memcmp(whole.out.data, cut.out.data, whole.out.len) == 0);
    buf_close(&whole.out);
    buf_close(&cut.out);
    return 0;
}
