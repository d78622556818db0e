/* Protects capture mode: wherever reads cut the output, text and messages come out the same. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdbool.h>
#include <string.h>

#include "output/capture.h"

#define BEGIN "<!--XSUPERVISOR:BEGIN-->"
#define END "<!--XSUPERVISOR:END-->"

/* Text as it is, hidden text in braces, a message in brackets; pieces of one kind are joined. */
struct record {
    struct capture capture;
    enum capture_kind last;
    struct buf out;
};

static void record_open(struct record *r, size_t max)
{
    *r = (struct record){.last = CAPTURE_TEXT};
    capture_begin(&r->capture, max);
}

static void record_piece(struct record *r, const struct capture_piece *piece)
{
    if (piece->kind == CAPTURE_NOTHING)
        return;
    if (piece->kind != CAPTURE_MESSAGE)
        assert_true(piece->len > 0);
    if (r->last == CAPTURE_HIDDEN && piece->kind != CAPTURE_HIDDEN)
        buf_char(&r->out, '}');
    if (r->last != CAPTURE_HIDDEN && piece->kind == CAPTURE_HIDDEN)
        buf_char(&r->out, '{');
    if (piece->kind == CAPTURE_MESSAGE)
        buf_char(&r->out, '[');
    buf_append(&r->out, piece->data, piece->len);
    if (piece->kind == CAPTURE_MESSAGE)
        buf_char(&r->out, ']');
    r->last = piece->kind;
}

static void record_feed(struct record *r, const char *data, size_t len)
{
    struct capture_piece piece;
    while (len > 0) {
        size_t n = capture_next(&r->capture, data, len, &piece);
        assert_true(n <= len);
        record_piece(r, &piece);
        data += n;
        len -= n;
    }
}

static const char *record_end(struct record *r)
{
    struct capture_piece piece;
    capture_end(&r->capture, &piece);
    record_piece(r, &piece);
    if (r->last == CAPTURE_HIDDEN)
        buf_char(&r->out, '}');
    capture_close(&r->capture);
    return buf_str(&r->out);
}

static void expect_cut(const char *in, size_t a, size_t b, size_t max, const char *want)
{
    struct record r;
    record_open(&r, max);
    record_feed(&r, in, a);
    record_feed(&r, in + a, b - a);
    record_feed(&r, in + b, strlen(in) - b);
    assert_string_equal(record_end(&r), want);
    buf_close(&r.out);
}

/* In every cut into three, and byte by byte. */
static void expect(const char *in, size_t max, const char *want)
{
    size_t len = strlen(in);
    for (size_t a = 0; a <= len; a++) {
        for (size_t b = a; b <= len; b++)
            expect_cut(in, a, b, max, want);
    }
    struct record r;
    record_open(&r, max);
    for (size_t i = 0; i < len; i++)
        record_feed(&r, in + i, 1);
    assert_string_equal(record_end(&r), want);
    buf_close(&r.out);
}

static void text_and_messages(void **state)
{
    (void)state;
    expect("", 100, "");
    expect("plain", 100, "plain");
    expect("a" BEGIN "hello" END "b", 100, "a{hello}[hello]b");
    expect(BEGIN END, 100, "[]");
    expect("a\n" BEGIN "1" END BEGIN "2" END "\nb\n", 100, "a\n{1}[1]{2}[2]\nb\n");
}

static void tags_that_are_none(void **state)
{
    (void)state;
    expect("<!--XSUPERVISOR:BEGIN--", 100, "<!--XSUPERVISOR:BEGIN--");
    expect("<<!-<!--XSUPERVISOR:BEGIX-->" END, 100, "<<!-<!--XSUPERVISOR:BEGIX-->" END);
    expect("<!--XSUPERVISOR:B" BEGIN "m<!--XSUPERVISOR:" END "z", 100,
           "<!--XSUPERVISOR:B{m<!--XSUPERVISOR:}[m<!--XSUPERVISOR:]z");
    expect(BEGIN "a" BEGIN "b" END END, 100, "{a" BEGIN "b}[a" BEGIN "b]" END);
}

static void message_without_end(void **state)
{
    (void)state;
    expect("a" BEGIN "half", 100, "a{half}");
    expect("a" BEGIN "half<!--XSUP", 100, "a{half<!--XSUP}");
    expect("a" BEGIN, 100, "a");
}

static void newest_bytes_are_kept(void **state)
{
    (void)state;
    expect(BEGIN "0123456789" END, 10, "{0123456789}[0123456789]");
    expect(BEGIN "0123456789" END, 4, "{0123456789}[6789]");
    expect(BEGIN "01" END BEGIN "23" END, 1, "{01}[1]{23}[3]");
    expect(BEGIN "abcdefghijkl<!--XSUPERVISOR:" END, 20,
           "{abcdefghijkl<!--XSUPERVISOR:}[ijkl<!--XSUPERVISOR:]");
}

/* However much comes, memory stays within a few times the limit. */
static void memory_is_bounded(void **state)
{
    (void)state;
    static char chunk[128 * 1024];
    struct capture c = {0};
    struct capture_piece piece;
    memset(chunk, '<', sizeof chunk);
    capture_begin(&c, 1000);
    assert_int_equal(capture_next(&c, BEGIN, strlen(BEGIN), &piece), strlen(BEGIN));
    for (int i = 0; i < 100; i++) {
        size_t left = sizeof chunk;
        while (left > 0)
            left -= capture_next(&c, chunk, left, &piece);
        assert_true(c.message.room <= 4096);
    }
    assert_int_equal(c.matched, 1);
    (void)capture_next(&c, END, strlen(END), &piece);
    assert_int_equal(piece.kind, CAPTURE_HIDDEN);
    (void)capture_next(&c, END, strlen(END), &piece);
    assert_int_equal(piece.kind, CAPTURE_MESSAGE);
    assert_int_equal(piece.len, 1000);
    capture_close(&c);
}

static void next_process_begins_outside(void **state)
{
    (void)state;
    struct record r;
    record_open(&r, 100);
    record_feed(&r, BEGIN "lost<!--", strlen(BEGIN "lost<!--"));
    buf_clear(&r.out);
    r.last = CAPTURE_TEXT;
    capture_begin(&r.capture, 100);
    record_feed(&r, "a" BEGIN "b" END, strlen("a" BEGIN "b" END));
    assert_string_equal(record_end(&r), "a{b}[b]");
    buf_close(&r.out);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(text_and_messages),   cmocka_unit_test(tags_that_are_none),
        cmocka_unit_test(message_without_end), cmocka_unit_test(newest_bytes_are_kept),
        cmocka_unit_test(memory_is_bounded),   cmocka_unit_test(next_process_begins_outside),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
