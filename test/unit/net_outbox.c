/* Protects what waits on disk: order, the limit and what is said of it, restarts, odd files. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
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
    uint64_t id;
    while ((id = outbox_first(o, &text)) != 0) {
        buf_printf(&all, "%s ", buf_str(&text));
        outbox_done(o, id, true);
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
        struct buf text = BUF_EMPTY;
        begin(&o, places[i], 3);
        add(&o, 0, 1);
        uint64_t id = outbox_first(&o, &text); /* under way: not that one */
        add(&o, 1, 6);
        assert_int_equal(o.dropped, 2);
        outbox_done(&o, id, false); /* it has had its chance */
        assert_int_equal(o.dropped, 3);
        assert_int_equal(o.count, 3);
        if (places[i]) { /* the count is on disk, too */
            outbox_close(&o);
            begin(&o, places[i], 3);
            assert_int_equal(o.dropped, 3);
        }
        assert_waits(&o, "3 4 5 ");
        outbox_forgive(&o);
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
    struct buf text = BUF_EMPTY;
    begin(&o, "one", 1);
    add(&o, 0, 1);
    uint64_t id = outbox_first(&o, &text);
    add(&o, 1, 4); /* of those the newest stays, beside the one that is held */
    outbox_done(&o, id, true);
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
    char *file = mem_printf("%s/file", folder);
    char *below = mem_printf("%s/file/below", folder);
    assert_int_equal(fd_write_file(file, "", 0, 0600, &e), 0);
    assert_true(outbox_open(&o, below, 10, &e) < 0);
    assert_non_null(strstr(e.text, below));
    add(&o, 0, 3);
    assert_waits(&o, "0 1 2 ");
    outbox_close(&o);

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
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
