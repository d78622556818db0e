/* Protects the book of what was read: rotation, compression, copytruncate, inodes used again. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <zlib.h>

#include "base/fd.h"
#include "traffic/day.h"
#include "traffic/ledger.h"

static struct head head_of(const char *text, bool compressed)
{
    struct head h = {.len = strlen(text), .compressed = compressed};
    memcpy(h.bytes, text, h.len);
    return h;
}

static struct log_file file_of(const char *text, ino_t inode, bool rotated)
{
    return (struct log_file){.log = "/log",
                             .inode = inode,
                             .device = 1,
                             .rotated = rotated,
                             .size = (int64_t)strlen(text),
                             .written_ns = 5};
}

/* A book in which /log, inode 7, was read to the end of its text. */
static void write_book(struct ledger *l, const char *text)
{
    struct head h = head_of(text, false);
    struct log_file f = file_of(text, 7, false);
    ledger_init(l);
    struct ledger_entry *entry = ledger_add(l, &f);
    entry->offset = strlen(text);
    ledger_note(entry, &f, &h);
    entry->claimed = false;
}

static const char WAS[] = "first line\nsecond line\n";
static const char GREW[] = "first line\nsecond line\nthird line\n";
static const char NEW[] = "another day\n";

static void a_log_that_grew(void **state)
{
    (void)state;
    struct ledger l;
    write_book(&l, WAS);
    struct log_file f = file_of(GREW, 7, false);
    struct head h = head_of(GREW, false);
    struct ledger_entry *entry = ledger_same(&l, &f, &h);
    assert_non_null(entry);
    assert_int_equal(entry->offset, strlen(WAS));
    assert_false(ledger_is_settled(entry, &f));
    struct log_file same = file_of(WAS, 7, false);
    assert_true(ledger_is_settled(entry, &same));
    ledger_close(&l);
}

static void a_log_that_was_renamed_keeps_its_place(void **state)
{
    (void)state;
    struct ledger l;
    write_book(&l, WAS);
    struct log_file old = file_of(GREW, 7, true);
    struct log_file fresh = file_of(GREW, 8, false); /* which begins alike, by chance */
    struct head h = head_of(GREW, false);
    assert_null(ledger_same(&l, &fresh, &h));
    assert_non_null(ledger_same(&l, &old, &h));
    assert_null(ledger_moved(&l, &fresh, &h));
    assert_false(ledger_is_copy(&l, &fresh, &h));
    ledger_close(&l);
}

static void a_log_that_was_compressed_keeps_its_place(void **state)
{
    (void)state;
    struct ledger l;
    write_book(&l, WAS);
    struct log_file packed = file_of("gz", 9, true); /* shorter than what was read of it */
    struct head h = head_of(GREW, true);
    assert_null(ledger_same(&l, &packed, &h));
    struct ledger_entry *entry = ledger_moved(&l, &packed, &h);
    assert_non_null(entry);
    assert_int_equal(entry->offset, strlen(WAS));
    struct log_file other = file_of("gz", 9, true);
    other.log = "/other";
    assert_null(ledger_moved(&l, &other, &h));
    ledger_close(&l);
}

static void copied_and_truncated(void **state)
{
    (void)state;
    struct ledger l;
    struct log_file log = file_of(NEW, 7, false);
    struct log_file copy = file_of(GREW, 8, true);
    struct head of_log = head_of(NEW, false);
    struct head of_copy = head_of(GREW, false);
    write_book(&l, WAS);
    assert_null(ledger_same(&l, &log, &of_log)); /* shorter: it begins anew */
    assert_null(ledger_same(&l, &copy, &of_copy));
    struct ledger_entry *entry = ledger_moved(&l, &copy, &of_copy);
    assert_non_null(entry);
    assert_int_equal(entry->offset, strlen(WAS)); /* the third line is still to be counted */
    assert_null(ledger_moved(&l, &log, &of_log));
    ledger_close(&l);

    /* also when the log has become longer than it was */
    static const char longer[] = "another day, with lines that are longer than all before\n";
    log = file_of(longer, 7, false);
    of_log = head_of(longer, false);
    write_book(&l, WAS);
    assert_null(ledger_same(&l, &log, &of_log));
    assert_non_null(ledger_moved(&l, &copy, &of_copy));
    ledger_close(&l);
}

static void a_copy_while_the_log_is_still_there(void **state)
{
    (void)state;
    struct ledger l;
    write_book(&l, WAS);
    struct log_file log = file_of(GREW, 7, false);
    struct log_file copy = file_of(GREW, 8, true);
    struct head h = head_of(GREW, false);
    assert_non_null(ledger_same(&l, &log, &h));
    assert_null(ledger_moved(&l, &copy, &h));
    assert_true(ledger_is_copy(&l, &copy, &h));
    ledger_close(&l);
}

static void an_inode_that_is_used_again(void **state)
{
    (void)state;
    struct ledger l;
    static const char other[] = "no line of before, and as many bytes\n";
    write_book(&l, WAS);
    struct log_file f = file_of(other, 7, false);
    struct head h = head_of(other, false);
    assert_null(ledger_same(&l, &f, &h));
    assert_null(ledger_moved(&l, &f, &h));
    ledger_close(&l);
}

static void what_is_gone_is_forgotten(void **state)
{
    (void)state;
    struct ledger l;
    write_book(&l, WAS);
    struct log_file f = file_of(NEW, 8, false);
    (void)ledger_add(&l, &f); /* nothing was read of it */
    ledger_sweep(&l);
    assert_int_equal(l.count, 0);
    ledger_close(&l);
}

/* A head is what is in a file, whether it is compressed or not, also in small members. */
static void heads(void **state)
{
    (void)state;
    enum { SIZE = 3 * HEAD_MAX };
    static unsigned char text[SIZE];
    static unsigned char packed[4 * SIZE];
    struct head plain;
    struct head inside;
    size_t len = 0;
    uint32_t noise = 7; /* it does not compress */
    for (int i = 0; i < SIZE; i++, noise = noise * 1664525 + 1013904223)
        text[i] = (unsigned char)(noise >> 24);
    for (size_t at = 0; at < SIZE; at += 1024) {
        z_stream z = {0};
        assert_int_equal(deflateInit2(&z, 6, Z_DEFLATED, 15 + 16, 8, Z_DEFAULT_STRATEGY), Z_OK);
        z.next_in = text + at;
        z.avail_in = 1024;
        z.next_out = packed + len;
        z.avail_out = (unsigned)(sizeof packed - len);
        assert_int_equal(deflate(&z, Z_FINISH), Z_STREAM_END);
        len += z.total_out;
        (void)deflateEnd(&z);
    }
    FILE *a = tmpfile();
    FILE *b = tmpfile();
    assert_true(a != NULL && b != NULL);
    assert_int_equal(fd_write_all(fileno(a), text, SIZE), 0);
    assert_int_equal(fd_write_all(fileno(b), packed, len), 0);
    assert_int_equal(head_read(&plain, fileno(a), "a", NULL), 0);
    assert_int_equal(head_read(&inside, fileno(b), "b", NULL), 0);
    assert_true(inside.compressed && !plain.compressed);
    assert_int_equal(plain.len, HEAD_MAX);
    assert_int_equal(inside.len, HEAD_MAX);
    assert_memory_equal(plain.bytes, text, HEAD_MAX);
    assert_memory_equal(inside.bytes, text, HEAD_MAX);
    assert_true(head_sum(&plain, 100) == head_sum(&inside, 100));
    assert_true(head_sum(&plain, 100) != head_sum(&plain, 101));
    assert_int_equal(ftruncate(fileno(b), 30), 0); /* a damaged one begins with nothing, or less */
    assert_int_equal(head_read(&inside, fileno(b), "b", NULL), 0);
    assert_true(inside.len < HEAD_MAX);
    (void)fclose(a);
    (void)fclose(b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_log_that_grew),
        cmocka_unit_test(a_log_that_was_renamed_keeps_its_place),
        cmocka_unit_test(a_log_that_was_compressed_keeps_its_place),
        cmocka_unit_test(copied_and_truncated),
        cmocka_unit_test(a_copy_while_the_log_is_still_there),
        cmocka_unit_test(an_inode_that_is_used_again),
        cmocka_unit_test(what_is_gone_is_forgotten),
        cmocka_unit_test(heads),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
