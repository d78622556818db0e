/* Protects what catch_up= knows: it comes back from its file, of the same schedule only; what makes
 * no sense is moved aside and good lines count; a folder that cannot be written is no end. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <sys/stat.h>

#include "base/log.h"
#include "jobs/memo.h"
#include "output_temp.h"

static void it_comes_back(void **state)
{
    (void)state;
    struct memo m;
    uint64_t daily = memo_schedule("0 3 * * *", "");
    memo_open(&m, ".");
    assert_int_equal(memo_get(&m, "job:a", daily), -1);
    memo_put(&m, "job:a", daily, 1800000000);
    memo_put(&m, "job:a b", memo_schedule("@hourly", "UTC"), 7);
    assert_true(m.dirty);
    memo_write(&m);
    assert_false(m.dirty);
    memo_put(&m, "job:a", daily, 1800000000);
    assert_false(m.dirty); /* nothing new */
    memo_put(&m, "job:a", daily, 1800000060);
    memo_close(&m);
    memo_open(&m, ".");
    assert_int_equal(memo_get(&m, "job:a", daily), 1800000060);
    assert_int_equal(memo_get(&m, "job:a b", memo_schedule("@hourly", "UTC")), 7);
    assert_int_equal(memo_get(&m, "job:a", memo_schedule("0 4 * * *", "")), -1);
    assert_int_equal(memo_get(&m, "job:a", memo_schedule("0 3 * * *", "UTC")), -1);
    memo_begin(&m);
    memo_put(&m, "job:a", daily, 1800000060);
    memo_prune(&m);
    assert_true(m.dirty);
    assert_int_equal(memo_get(&m, "job:a b", memo_schedule("@hourly", "UTC")), -1);
    memo_close(&m);
    assert_null(strstr(slurp("schedules"), "job:a b"));
    assert_int_equal(unlink("schedules"), 0);
}

static void in_memory_only(void **state)
{
    (void)state;
    struct memo m;
    memo_open(&m, NULL);
    memo_put(&m, "job:a", 1, 2);
    memo_write(&m);
    assert_int_equal(memo_get(&m, "job:a", 1), 2);
    memo_close(&m);
}

// clang-format off
static const struct { const char *text; size_t bad, good; } texts[] = {
    {"", 0, 0},
    {"5 00000000000000ff job:a\n", 0, 1},
    {"5 00000000000000ff job:a\n6 00000000000000ff job:a\n", 0, 1},
    {"5 00000000000000ff job:a", 1, 0},
    {"5 00000000000000ff \n", 1, 0},
    {"5 ff job:a\n", 1, 0},
    {"x 00000000000000ff job:a\n7 00000000000000ff sync:b\n", 1, 1},
    {"-5 00000000000000ff job:a\n", 1, 0},
    {"99999999999999999999 00000000000000ff job:a\n", 1, 0},
    {"\n\n", 2, 0},
    {"5  00000000000000ff job:a\n", 1, 0},
    {"{\"seen\":5}\n", 1, 0},
};
// clang-format on

static void odd_lines(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        struct memo m = {0};
        assert_int_equal(memo_parse(&m, texts[i].text, strlen(texts[i].text)), texts[i].bad);
        assert_int_equal(m.count, texts[i].good);
        memo_close(&m);
    }
    struct memo m = {0};
    assert_int_equal(memo_parse(&m, "5 00000000000000ff a\0b\n", 22), 1);
    memo_close(&m);
}

static void a_broken_file_is_moved_aside(void **state)
{
    (void)state;
    struct memo m;
    static const char text[] = "5 00000000000000ff job:a\ngarbage\n";
    assert_int_equal(fd_write_file("schedules", text, sizeof text - 1, 0600, NULL), 0);
    memo_open(&m, ".");
    assert_int_equal(memo_get(&m, "job:a", 0xff), 5);
    memo_put(&m, "job:a", 0xff, 6);
    memo_close(&m);
    assert_string_equal(slurp("schedules.bad"), text);
    assert_string_equal(slurp("schedules"), "6 00000000000000ff job:a\n");
    struct stat st;
    assert_int_equal(stat("schedules", &st), 0);
    assert_int_equal(st.st_mode & 0777, 0600);
}

static void a_folder_that_is_none(void **state)
{
    (void)state;
    struct memo m;
    memo_open(&m, "nowhere");
    memo_put(&m, "job:a", 1, 2);
    memo_write(&m);
    assert_true(m.failing && m.dirty);
    assert_int_equal(memo_get(&m, "job:a", 1), 2);
    assert_int_equal(mkdir("nowhere", 0700), 0);
    memo_write(&m);
    assert_false(m.failing || m.dirty);
    memo_close(&m);
    assert_string_equal(slurp("nowhere/schedules"), "2 0000000000000001 job:a\n");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(it_comes_back),
        cmocka_unit_test(in_memory_only),
        cmocka_unit_test(odd_lines),
        cmocka_unit_test(a_broken_file_is_moved_aside),
        cmocka_unit_test(a_folder_that_is_none),
    };
    log_set_level(LOG_LEVEL_CRITICAL);
    return cmocka_run_group_tests(tests, temp_enter, temp_leave);
}
