/* Protects what waits on disk: order, the limit and what is said of it, restarts, odd files. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <errno.h>
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/mem.h"
#include "net/outbox.h"

static char folder[] = "outbox.XXXXXX";

static void begin(struct outbox *o, const char *name, size_t limit)
{
    struct err e;
    char *path = name ? mem_printf("%s/%s/below", folder, name) : NULL;
    assert_int_equal(outbox_open(o, path, limit, &e), 0);
    mem_free(path);
}

static void add(struct outbox *o, int from, int to)
{
    struct err e;
    for (int i = from; i < to; i++) {
        char text[16];
        (void)snprintf(text, sizeof text, "%d", i);
        assert_int_equal(outbox_add(o, text, strlen(text), &e), 0);
    }
}

/* All that waits, which is gone afterwards. */
static void assert_waits(struct outbox *o, const char *wanted)
{
    struct buf all = BUF_EMPTY, text = BUF_EMPTY;
    struct err e;
    while (outbox_first(o, &text, &e) > 0) {
        buf_printf(&all, "%s ", buf_str(&text));
        outbox_done(o, true);
    }
    assert_string_equal(buf_str(&all), wanted);
    buf_close(&all);
    buf_close(&text);
}

static void what_waits_outlives_its_owner(void **state)
{
    (void)state;
    struct outbox o;
    begin(&o, "order", 100);
    add(&o, 0, 12);
    outbox_close(&o);
    begin(&o, "order", 100);
    assert_int_equal(o.count, 12);
    add(&o, 12, 14);
    assert_waits(&o, "0 1 2 3 4 5 6 7 8 9 10 11 12 13 ");
    outbox_close(&o);
    begin(&o, "order", 100);
    assert_int_equal(o.count, 0);
    outbox_close(&o);
}

static void the_oldest_go(void **state)
{
    (void)state;
    static const char *const places[] = {"limit", NULL};
    for (size_t i = 0; i < 2; i++) {
        struct outbox o;
        struct err e;
        struct buf text = BUF_EMPTY;
        begin(&o, places[i], 3);
        add(&o, 0, 1);
        assert_int_equal(outbox_first(&o, &text, &e), 1); /* under way: not that one */
        add(&o, 1, 6);
        assert_int_equal(o.dropped, 2);
        outbox_done(&o, false); /* it has had its chance */
        assert_int_equal(o.dropped, 3);
        assert_int_equal(o.count, 3);
        if (places[i]) { /* the count is on disk, too */
            outbox_close(&o);
            begin(&o, places[i], 3);
            assert_int_equal(o.dropped, 3);
        }
        assert_waits(&o, "3 4 5 ");
        outbox_forgive(&o, 3);
        outbox_close(&o);
        begin(&o, places[i], 3);
        assert_int_equal(o.dropped, 0);
        outbox_close(&o);
        buf_close(&text);
    }
}

static void a_smaller_limit_holds_at_once(void **state)
{
    (void)state;
    struct outbox o;
    begin(&o, "smaller", 10);
    add(&o, 0, 10);
    outbox_close(&o);
    begin(&o, "smaller", 4);
    assert_int_equal(o.dropped, 6);
    assert_waits(&o, "6 7 8 9 ");
    outbox_close(&o);
}

static void one_under_way_may_be_all_there_is_room_for(void **state)
{
    (void)state;
    struct outbox o;
    struct err e;
    struct buf text = BUF_EMPTY;
    begin(&o, "one", 1);
    add(&o, 0, 1);
    assert_int_equal(outbox_first(&o, &text, &e), 1);
    add(&o, 1, 4); /* of those the newest stays, beside the one that is held */
    outbox_done(&o, true);
    assert_waits(&o, "3 ");
    outbox_close(&o);
    buf_close(&text);
}

static void odd_files_do_no_harm(void **state)
{
    (void)state;
    struct outbox o;
    struct err e;
    struct stat st;
    begin(&o, "odd", 10);
    add(&o, 0, 2);
    char *half = mem_printf("%s/0000000000000009.abcdef", o.folder);
    char *other = mem_printf("%s/README", o.folder);
    char *large = mem_printf("%s/0000000000000000", o.folder);
    char *dir = mem_printf("%s/0000000000000007", o.folder);
    assert_int_equal(fd_write_file(half, "x", 1, 0600, &e), 0);
    assert_int_equal(fd_write_file(other, "x", 1, 0600, &e), 0);
    assert_int_equal(fd_write_file(large, "x", 1, 0600, &e), 0);
    assert_int_equal(mkdir(dir, 0700), 0);
    outbox_close(&o);
    begin(&o, "odd", 10);
    assert_int_equal(stat(half, &st), -1);
    assert_int_equal(stat(other, &st), 0);
    add(&o, 2, 3);
    assert_waits(&o, "0 1 2 ");
    outbox_close(&o);
    mem_free(half);
    mem_free(other);
    mem_free(large);
    mem_free(dir);
}

static void without_a_folder_it_works_too(void **state)
{
    (void)state;
    struct outbox o;
    struct err e;
    struct stat st;
    struct buf text = BUF_EMPTY;
    char *file = mem_printf("%s/file", folder);
    char *below = mem_printf("%s/file/below", folder);
    assert_int_equal(fd_write_file(file, "", 0, 0600, &e), 0);
    assert_true(outbox_open(&o, below, 10, &e) < 0);
    assert_non_null(strstr(e.text, below));
    add(&o, 0, 3);
    assert_waits(&o, "0 1 2 ");
    outbox_close(&o);

    begin(&o, "becomes", 10); /* it was missing only for a while */
    add(&o, 0, 2);
    char *becomes = mem_strdup(o.folder);
    outbox_close(&o);
    begin(&o, NULL, 10);
    add(&o, 2, 4);
    outbox_lose(&o, 7);
    assert_int_equal(outbox_first(&o, &text, &e), 1);
    assert_false(outbox_retry(&o, becomes)); /* not while one is under way */
    outbox_done(&o, false);
    assert_false(outbox_retry(&o, below));
    assert_true(outbox_retry(&o, becomes));
    outbox_close(&o);
    begin(&o, "becomes", 10);
    assert_int_equal(o.dropped, 7);
    assert_waits(&o, "0 1 2 3 ");
    outbox_close(&o);
    mem_free(becomes);
    buf_close(&text);

    begin(&o, "gone", 10); /* somebody takes the folder away */
    add(&o, 0, 1);
    char *from = mem_printf("%s/gone", folder);
    char *to = mem_printf("%s/away", folder);
    assert_int_equal(rename(from, to), 0);
    assert_true(outbox_add(&o, "later", 5, &e) < 0);
    assert_waits(&o, "later ");
    outbox_close(&o);
    assert_int_equal(stat(file, &st), 0);
    mem_free(from);
    mem_free(to);
    mem_free(file);
    mem_free(below);
}

/* What cannot be read is no reason to forget it, nor to stand still: its loss is told. */
static void what_cannot_be_read(void **state)
{
    (void)state;
    struct outbox o;
    struct err e;
    struct buf text = BUF_EMPTY;
    struct rlimit all, few;
    begin(&o, "unreadable", 10);
    add(&o, 0, 4);
    assert_int_equal(getrlimit(RLIMIT_NOFILE, &all), 0);
    few = (struct rlimit){0, all.rlim_max};
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &few), 0);
    const int rc = outbox_first(&o, &text, &e);
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &all), 0);
    assert_int_equal(rc, -EMFILE);
    assert_int_equal(o.count, 4);
    char *first = mem_printf("%s/%016x", o.folder, 1);
    char *second = mem_printf("%s/%016x", o.folder, 2);
    assert_int_equal(unlink(first), 0); /* by somebody's hand */
    assert_int_equal(truncate(second, OUTBOX_TEXT_MAX + 1), 0);
    assert_waits(&o, "2 3 ");
    assert_int_equal(o.dropped, 1);
    outbox_close(&o);
    mem_free(first);
    mem_free(second);
    buf_close(&text);
}

/* What had to stay in memory goes to disk as soon as there is room again. */
static void memory_is_for_a_while(void **state)
{
    (void)state;
    struct outbox o;
    struct err e;
    begin(&o, "while", 10);
    add(&o, 0, 1);
    char *away = mem_printf("%s.away", o.folder);
    assert_int_equal(rename(o.folder, away), 0);
    assert_true(outbox_add(&o, "1", 1, &e) < 0);
    assert_int_equal(outbox_settle(&o), 1);
    assert_int_equal(rename(away, o.folder), 0);
    add(&o, 2, 3);
    assert_int_equal(outbox_settle(&o), 0);
    outbox_close(&o);
    begin(&o, "while", 10);
    assert_waits(&o, "0 1 2 ");
    outbox_close(&o);
    mem_free(away);
}

static void bytes_are_limited_too(void **state)
{
    (void)state;
    enum { TEXT = 1 << 20, COUNT = 70 };
    struct outbox o;
    struct err e;
    char *text = mem_alloc(TEXT);
    memset(text, 'x', TEXT);
    begin(&o, NULL, 1000);
    for (int i = 0; i < COUNT; i++)
        assert_int_equal(outbox_add(&o, text, TEXT, &e), 0);
    assert_int_equal(o.count, OUTBOX_BYTES_MAX / TEXT);
    assert_int_equal(o.bytes, OUTBOX_BYTES_MAX);
    assert_int_equal(o.dropped, COUNT - OUTBOX_BYTES_MAX / TEXT);
    outbox_lose(&o, 5);
    outbox_forgive(&o, 4);
    assert_int_equal(o.dropped, COUNT - OUTBOX_BYTES_MAX / TEXT + 1);
    outbox_close(&o);
    mem_free(text);
}

static int set_up(void **state)
{
    (void)state;
    return mkdtemp(folder) ? 0 : -1;
}

static int remove_one(const char *path, const struct stat *st, int type, struct FTW *at)
{
    (void)st;
    (void)type;
    (void)at;
    return remove(path);
}

static int tear_down(void **state)
{
    (void)state;
    return nftw(folder, remove_one, 8, FTW_DEPTH | FTW_PHYS);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_waits_outlives_its_owner),
        cmocka_unit_test(the_oldest_go),
        cmocka_unit_test(a_smaller_limit_holds_at_once),
        cmocka_unit_test(one_under_way_may_be_all_there_is_room_for),
        cmocka_unit_test(odd_files_do_no_harm),
        cmocka_unit_test(without_a_folder_it_works_too),
        cmocka_unit_test(what_cannot_be_read),
        cmocka_unit_test(memory_is_for_a_while),
        cmocka_unit_test(bytes_are_limited_too),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
