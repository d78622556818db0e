/* Protects what catch_up= knows: it comes back from its file, of the same schedule only; what makes
 * no sense is moved aside and good lines count; a folder that cannot be written is no end. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <time.h>

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

/* After a power cut: the file is empty, or gone, or all zeros; what it said before counts. */
static void a_power_cut(void **state)
{
    (void)state;
    static const char zeros[30] = "";
    static const struct {
        const char *left;
        size_t len;
    } cuts[] = {{"", 0}, {zeros, sizeof zeros}, {NULL, 0}, {"7 00000000000000ff job:a\nga", 27}};
    for (size_t i = 0; i < sizeof cuts / sizeof *cuts; i++) {
        struct memo m;
        static const char before[] = "5 00000000000000ff job:a\n6 00000000000000ee job:b\n";
        assert_int_equal(fd_write_file("schedules.old", before, sizeof before - 1, 0600, NULL), 0);
        if (cuts[i].left)
            assert_int_equal(fd_write_file("schedules", cuts[i].left, cuts[i].len, 0600, NULL), 0);
        else
            (void)unlink("schedules");
        memo_open(&m, ".");
        assert_int_equal(memo_get(&m, "job:a", 0xff), i == 3 ? 7 : 5);
        assert_int_equal(memo_get(&m, "job:b", 0xee), 6);
        assert_true(m.dirty);
        memo_close(&m);
    }
}

static void set_age(const char *path, time_t seconds)
{
    const struct timespec times[2] = {{.tv_sec = time(NULL) - seconds},
                                      {.tv_sec = time(NULL) - seconds}};
    assert_int_equal(utimensat(AT_FDCWD, path, times, 0), 0);
}

static void put(int64_t seen)
{
    struct memo m;
    memo_open(&m, ".");
    memo_put(&m, "job:a", 1, seen);
    memo_close(&m);
}

/* What stays beside it is what has reached the disk by now. */
static void what_was_before_stays(void **state)
{
    (void)state;
    (void)unlink("schedules");
    (void)unlink("schedules.old");
    put(1);
    set_age("schedules", 100);
    put(2);
    assert_string_equal(slurp("schedules.old"), "1 0000000000000001 job:a\n");
    put(3);
    put(4); /* 2 and 3 were just written */
    assert_string_equal(slurp("schedules.old"), "1 0000000000000001 job:a\n");
    set_age("schedules", 50);
    put(5);
    assert_string_equal(slurp("schedules.old"), "4 0000000000000001 job:a\n");
    set_age("schedules.old", 700); /* however often it changes */
    put(6);
    assert_string_equal(slurp("schedules.old"), "5 0000000000000001 job:a\n");
    struct memo m;
    memo_open(&m, ".");
    memo_begin(&m);
    memo_prune(&m);
    memo_close(&m);
    assert_int_equal(access("schedules", F_OK), -1);
    assert_int_equal(access("schedules.old", F_OK), -1);
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
        cmocka_unit_test(a_power_cut),
        cmocka_unit_test(what_was_before_stays),
        cmocka_unit_test(a_folder_that_is_none),
    };
    log_set_level(LOG_LEVEL_CRITICAL);
    return cmocka_run_group_tests(tests, temp_enter, temp_leave);
}
