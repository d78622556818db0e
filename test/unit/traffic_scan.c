/* Protects the line scanner: block borders, long lines, missing newlines, compressed files. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <zlib.h>

#include "base/buf.h"
#include "base/mem.h"
#include "traffic/scan.h"

#include "dice.h"

/* What came: how many lines, and every line's length and last byte. */
struct seen {
    struct buf text;
};

static void on_line(void *ctx, const char *line, size_t len)
{
    struct seen *s = ctx;
    if (len > 20)
        buf_printf(&s->text, "<%zu %c..%c>", len, line[0], line[len - 1]);
    else
        buf_printf(&s->text, "<%.*s>", (int)len, line);
}

static int scan_bytes(struct scan *scan, const void *data, size_t len, struct err *e)
{
    char path[] = "/tmp/traffic-scan-XXXXXX";
    int fd = mkstemp(path);
    assert_true(fd >= 0);
    assert_int_equal(unlink(path), 0);
    assert_int_equal(write(fd, data, len), (ssize_t)len);
    assert_int_equal(lseek(fd, 0, SEEK_SET), 0);
    return scan_file(scan, fd, "the log", e);
}

static void assert_lines(const void *data, size_t len, const char *expected, uint64_t too_long)
{
    struct seen seen = {0};
    struct scan scan;
    struct err e = {0};
    scan_init(&scan, on_line, &seen);
    assert_int_equal(scan_bytes(&scan, data, len, &e), 0);
    assert_string_equal(buf_str(&seen.text), expected);
    assert_int_equal(scan.too_long, too_long);
    scan_close(&scan);
    buf_close(&seen.text);
}

static void short_files(void **state)
{
    (void)state;
    // clang-format off
    static const struct { const char *text, *lines; } cases[] = {
        {"", ""},
        {"\n", "<>"},
        {"\n\n", "<><>"},
        {"a\n", "<a>"},
        {"a\nb", "<a><b>"},
        {"a\n\nb\n", "<a><><b>"},
        {"a\r\n", "<a\r>"},
    };
    // clang-format on
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        assert_lines(cases[i].text, strlen(cases[i].text), cases[i].lines, 0);
}

/* A line of `len` x between two short ones. */
static char *long_line(size_t len)
{
    char *text = mem_array(len + 5, 1);
    memcpy(text, "a\n", 2);
    memset(text + 2, 'x', len);
    memcpy(text + 2 + len, "\nb", 2);
    return text;
}

static void long_lines(void **state)
{
    (void)state;
    // clang-format off
    static const struct { size_t len; bool kept; } cases[] = {
        {96072, true}, /* the longest that nginx wrote with its default buffers */
        {SCAN_LINE_MAX - 1, true}, {SCAN_LINE_MAX, true},
        {SCAN_LINE_MAX + 1, false}, {SCAN_LINE_MAX + 2, false}, {3 * SCAN_LINE_MAX + 5, false},
    };
    // clang-format on
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char *text = long_line(cases[i].len);
        char expected[64] = "<a><b>";
        if (cases[i].kept)
            (void)snprintf(expected, sizeof expected, "<a><%zu x..x><b>", cases[i].len);
        assert_lines(text, cases[i].len + 4, expected, cases[i].kept ? 0 : 1);
        mem_free(text);
    }
}

static void last_line_too_long(void **state)
{
    (void)state;
    char *text = long_line(SCAN_LINE_MAX + 10);
    assert_lines(text, SCAN_LINE_MAX + 12, "<a>", 1);
    mem_free(text);
}

/* Lines of every length around a block's border come out whole. */
static void lines_across_blocks(void **state)
{
    (void)state;
    struct buf text = BUF_EMPTY;
    struct seen seen = {0};
    struct scan scan;
    size_t lines = 0;
    for (size_t len = 1; text.len < 3 * SCAN_LINE_MAX; len = len % 997 + 1, lines++)
        buf_printf(&text, "%*s\n", (int)len, "e");
    scan_init(&scan, on_line, &seen);
    assert_int_equal(scan_bytes(&scan, text.data, text.len, NULL), 0);
    assert_int_equal(scan.lines, lines);
    size_t at = 0;
    for (size_t len = 1, i = 0; i < lines; len = len % 997 + 1, i++) {
        char expected[64];
        if (len > 20)
            (void)snprintf(expected, sizeof expected, "<%zu  ..e>", len);
        else
            (void)snprintf(expected, sizeof expected, "<%*s>", (int)len, "e");
        assert_memory_equal(seen.text.data + at, expected, strlen(expected));
        at += strlen(expected);
    }
    assert_int_equal(at, seen.text.len);
    scan_close(&scan);
    buf_close(&seen.text);
    buf_close(&text);
}

/* Takes two of three lines. */
static size_t on_text(void *ctx, const char *text, size_t len)
{
    const char *newline = memchr(text, '\n', len);
    if (newline == NULL || newline == text || dice(3) == 0)
        return 0;
    on_line(ctx, text, (size_t)(newline - text));
    return (size_t)(newline - text);
}

/* Whoever takes some lines ahead sees and counts the same as who takes none. */
static void lines_taken_ahead(void **state)
{
    (void)state;
    struct buf text = BUF_EMPTY;
    for (size_t i = 0; text.len < 3 * SCAN_LINE_MAX; i++)
        buf_printf(&text, "%*s\n", (int)(i % 2000 == 77 ? SCAN_LINE_MAX + 9 : dice(400)), "");
    buf_text(&text, "the last");
    struct seen seen[2] = {{BUF_EMPTY}, {BUF_EMPTY}};
    struct scan scan[2];
    for (size_t i = 0; i < 2; i++) {
        scan_init(&scan[i], on_line, &seen[i]);
        scan[i].ahead = i == 1 ? on_text : NULL;
        assert_int_equal(scan_bytes(&scan[i], text.data, text.len, NULL), 0);
        scan_close(&scan[i]);
    }
    assert_string_equal(buf_str(&seen[0].text), buf_str(&seen[1].text));
    assert_int_equal(scan[1].lines, scan[0].lines);
    assert_int_equal(scan[1].too_long, scan[0].too_long);
    assert_int_equal(scan[1].offset, text.len);
    assert_true(scan[0].too_long > 0);
    buf_close(&seen[0].text);
    buf_close(&seen[1].text);
    buf_close(&text);
}

/* Appends one gzip member. */
static void add_member(struct buf *out, const char *text)
{
    unsigned char packed[1024];
    z_stream z = {0};
    assert_int_equal(deflateInit2(&z, 6, Z_DEFLATED, 15 + 16, 8, Z_DEFAULT_STRATEGY), Z_OK);
    char *copy = mem_strdup(text);
    z.next_in = (unsigned char *)copy;
    z.avail_in = (unsigned)strlen(text);
    z.next_out = packed;
    z.avail_out = sizeof packed;
    assert_int_equal(deflate(&z, Z_FINISH), Z_STREAM_END);
    buf_append(out, packed, z.total_out);
    (void)deflateEnd(&z);
    mem_free(copy);
}

static void compressed_files(void **state)
{
    (void)state;
    struct buf packed = BUF_EMPTY;
    add_member(&packed, "one\ntw");
    add_member(&packed, "");
    add_member(&packed, "o\nthree");
    assert_lines(packed.data, packed.len, "<one><two><three>", 0);

    struct seen seen = {0};
    struct scan scan;
    struct err e = {0};
    scan_init(&scan, on_line, &seen);
    assert_int_equal(scan_bytes(&scan, packed.data, packed.len - 9, &e), -EIO);
    assert_string_equal(e.text, "cannot read the log: the compressed data ends early");
    packed.data[packed.len - 6] ^= 0x55; /* in the checksum */
    assert_int_equal(scan_bytes(&scan, packed.data, packed.len, &e), -EIO);
    assert_non_null(strstr(e.text, "cannot read the log: the compressed data is damaged"));
    scan_close(&scan);
    buf_close(&seen.text);
    buf_close(&packed);
}

static void assert_from(const void *data, size_t len, uint64_t from, bool leave_tail,
                        const char *expected)
{
    struct seen seen = {0};
    struct scan scan;
    struct err e = {0};
    scan_init(&scan, on_line, &seen);
    scan.from = from;
    scan.leave_tail = leave_tail;
    assert_int_equal(scan_bytes(&scan, data, len, &e), 0);
    buf_printf(&seen.text, " at %llu, tail %llu", (unsigned long long)scan.offset,
               (unsigned long long)scan.tail);
    assert_string_equal(buf_str(&seen.text), expected);
    scan_close(&scan);
    buf_close(&seen.text);
}

/* An earlier run's lines are passed over, plain and compressed; a half-written one is left. */
static void a_part_of_a_file(void **state)
{
    (void)state;
    static const char text[] = "one\ntwo\nthr";
    struct buf packed = BUF_EMPTY;
    add_member(&packed, "one\ntw");
    add_member(&packed, "o\nthr");
    const struct {
        const void *data;
        size_t len;
    } files[] = {{text, sizeof text - 1}, {packed.data, packed.len}};
    for (size_t i = 0; i < sizeof files / sizeof *files; i++) {
        const void *data = files[i].data;
        size_t len = files[i].len;
        assert_from(data, len, 0, false, "<one><two><thr> at 11, tail 0");
        assert_from(data, len, 0, true, "<one><two> at 8, tail 3");
        assert_from(data, len, 4, true, "<two> at 8, tail 3");
        assert_from(data, len, 8, true, " at 8, tail 3");
        assert_from(data, len, 8, false, "<thr> at 11, tail 0");
        assert_from(data, len, 11, true, " at 11, tail 0");
        assert_from(data, len, 1000, true, " at 11, tail 0");
    }
    assert_from("", 0, 0, true, " at 0, tail 0");
    assert_from("", 0, 9, true, " at 0, tail 0");
    buf_close(&packed);
}

static void a_long_tail_is_left(void **state)
{
    (void)state;
    struct buf text = BUF_EMPTY;
    buf_text(&text, "one\n");
    for (int i = 0; i < SCAN_LINE_MAX + 1000; i++)
        buf_char(&text, 'x');
    assert_from(text.data, text.len, 0, true, "<one> at 4, tail 1049576");
    assert_from(text.data, text.len, 4, false, " at 1049580, tail 0");
    buf_text(&text, "\ntwo\n");
    assert_from(text.data, text.len, 4, true, "<two> at 1049585, tail 0");
    buf_close(&text);
}

static void what_cannot_be_read_says_so(void **state)
{
    (void)state;
    struct seen seen = {0};
    struct scan scan;
    struct err e = {0};
    scan_init(&scan, on_line, &seen);
    int fd = open("/tmp", O_RDONLY | O_DIRECTORY);
    assert_true(fd >= 0);
    assert_int_equal(scan_file(&scan, fd, "/tmp", &e), -EISDIR);
    assert_string_equal(e.text, "cannot read /tmp: Is a directory");
    scan_close(&scan);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(short_files),        cmocka_unit_test(long_lines),
        cmocka_unit_test(last_line_too_long), cmocka_unit_test(lines_across_blocks),
        cmocka_unit_test(compressed_files),   cmocka_unit_test(what_cannot_be_read_says_so),
        cmocka_unit_test(a_part_of_a_file),   cmocka_unit_test(a_long_tail_is_left),
        cmocka_unit_test(lines_taken_ahead),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
