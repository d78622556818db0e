/* Protects the slices that readProcessLog and tailProcessLog answer with. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <errno.h>
#include <stdbool.h>
#include <sys/stat.h>

#include "base/limits.h"
#include "output/tail.h"
#include "output_temp.h"

static void read_rows(void **state)
{
    (void)state;
    static const struct {
        int64_t offset;
        int64_t length;
        int rc;
        const char *want;
    } rows[] = {
        {0, 0, 0, "0123456789"},
        {4, 0, 0, "456789"},
        {10, 0, 0, ""},
        {11, 0, 0, ""},
        {INT64_MAX, 0, 0, ""},
        {0, 3, 0, "012"},
        {8, 3, 0, "89"},
        {8, INT64_MAX, 0, "89"},
        {INT64_MAX, INT64_MAX, 0, ""},
        {-3, 0, 0, "789"},
        {-10, 0, 0, "0123456789"},
        {-11, 0, 0, "0123456789"},
        {INT64_MIN, 0, 0, "0123456789"},
        {-3, 1, -EINVAL, ""},
        {-3, -1, -EINVAL, ""},
        {0, -1, -EINVAL, ""},
    };
    assert_int_equal(fd_write_file("ten", "0123456789", 10, 0644, NULL), 0);
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct buf out = BUF_EMPTY;
        struct err e;
        int rc = tail_read("ten", rows[i].offset, rows[i].length, &out, &e);
        assert_int_equal(rc, rows[i].rc);
        assert_string_equal(buf_str(&out), rows[i].want);
        buf_close(&out);
    }
}

static void tail_rows(void **state)
{
    (void)state;
    static const struct {
        int64_t offset;
        int64_t length;
        const char *want;
        bool overflow;
    } rows[] = {
        {0, 10, "0123456789", false}, {0, 100, "0123456789", false},
        {0, 4, "6789", true},         {7, 3, "789", false},
        {8, 4, "6789", false},                            /* the last four, not "from offset" */
        {2, 3, "789", true},          {10, 5, "", false}, /* nothing new */
        {11, 5, "", false},           {0, 0, "", true},
        {10, 0, "", false},           {-5, -5, "", true},
        {-1, 10, "0123456789", true}, {12, -5, "", true},
        {-5, INT64_MIN, "", true},    {INT64_MAX, INT64_MAX, "", false},
    };
    assert_int_equal(fd_write_file("ten", "0123456789", 10, 0644, NULL), 0);
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct buf out = BUF_EMPTY;
        int64_t size = -1;
        bool overflow = !rows[i].overflow;
        int rc = tail_tail("ten", rows[i].offset, rows[i].length, &out, &size, &overflow);
        assert_int_equal(rc, 0);
        assert_string_equal(buf_str(&out), rows[i].want);
        assert_int_equal(size, 10);
        assert_int_equal(overflow, rows[i].overflow);
        buf_close(&out);
    }
}

static void empty_file(void **state)
{
    (void)state;
    struct buf out = BUF_EMPTY;
    int64_t size = -1;
    bool overflow = true;
    assert_int_equal(fd_write_file("empty", "", 0, 0644, NULL), 0);
    assert_int_equal(tail_read("empty", -5, 0, &out, NULL), 0);
    assert_int_equal(tail_tail("empty", 0, 5, &out, &size, &overflow), 0);
    assert_int_equal(out.len, 0);
    assert_int_equal(size, 0);
    assert_false(overflow);
    buf_close(&out);
}

static void failures_leave_everything_alone(void **state)
{
    (void)state;
    struct buf out = BUF_EMPTY;
    struct err e;
    int64_t size = -1;
    bool overflow = true;
    buf_text(&out, "kept");
    assert_int_equal(tail_read("none", 0, 0, &out, &e), -ENOENT);
    assert_string_equal(e.text, "cannot open none: No such file or directory");
    assert_int_equal(tail_read(".", 0, 0, &out, &e), -ESPIPE);
    assert_int_equal(mkfifo("pipe", 0600), 0);
    assert_int_equal(tail_read("pipe", 0, 0, &out, &e), -ESPIPE); /* and does not hang */
    assert_string_equal(e.text, "pipe is not a regular file");
    assert_int_equal(tail_tail("none", 3, 5, &out, &size, &overflow), -ENOENT);
    assert_string_equal(buf_str(&out), "kept");
    assert_int_equal(size, -1);
    assert_true(overflow);
    buf_close(&out);
}

/* A sparse file of a terabyte, with a mark at each end of what an answer may hold. */
static void answers_are_limited(void **state)
{
    (void)state;
    int64_t huge = (int64_t)1 << 40;
    struct buf out = BUF_EMPTY;
    int64_t size = 0;
    bool overflow = false;
    FILE *f = fopen("huge", "w");
    assert_non_null(f);
    assert_int_equal(fseeko(f, huge - 3, SEEK_SET), 0);
    assert_int_equal(fwrite("end", 1, 3, f), 3);
    assert_int_equal(fclose(f), 0);
    assert_int_equal(tail_read("huge", 5, 0, &out, NULL), 0); /* cut at the front */
    assert_int_equal(out.len, LIMIT_LOG_SLICE);
    assert_string_equal(out.data + LIMIT_LOG_SLICE - 3, "end");
    buf_clear(&out);
    assert_int_equal(tail_read("huge", huge - LIMIT_LOG_SLICE - 3, huge, &out, NULL), 0);
    assert_int_equal(out.len, LIMIT_LOG_SLICE); /* cut at the end: ask again from there */
    assert_int_equal(out.data[LIMIT_LOG_SLICE - 1], 0);
    buf_clear(&out);
    assert_int_equal(tail_tail("huge", 0, INT64_MAX, &out, &size, &overflow), 0);
    assert_int_equal(out.len, LIMIT_LOG_SLICE);
    assert_string_equal(out.data + LIMIT_LOG_SLICE - 3, "end");
    assert_int_equal(size, huge);
    assert_false(overflow);
    buf_close(&out);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(read_rows),           cmocka_unit_test(tail_rows),
        cmocka_unit_test(empty_file),          cmocka_unit_test(failures_leave_everything_alone),
        cmocka_unit_test(answers_are_limited),
    };
    return cmocka_run_group_tests(tests, temp_enter, temp_leave);
}
