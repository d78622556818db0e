/* Protects what a sync decides: which objects are files, what is unchanged, what filters say. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/mem.h"
#include "sync/plan.h"

struct row {
    const char *key;
    int64_t size;
};

static void add(struct listing *l, const char *key, int64_t size, int64_t mtime, const char *etag)
{
    l->objects = mem_grow(l->objects, l->count + 1, sizeof *l->objects);
    l->objects[l->count++] = (struct object){.key = arena_strdup(&l->arena, key),
                                             .key_len = strlen(key),
                                             .etag = etag,
                                             .size = size,
                                             .mtime = mtime};
}

static void keys_become_files(void **state)
{
    (void)state;
    static const struct row rows[] = {{"p/z", 1},
                                      {"p/a", 1},
                                      {"p/a/b", 1},
                                      {"p/a-b", 1},
                                      {"p/", 0},
                                      {"p/dir/", 0},
                                      {"p/data/", 5},
                                      {"p/../x", 1},
                                      {"p//abs", 1},
                                      {"p/x//y", 1},
                                      {"p/.mainstay/lock", 1},
                                      {"p/..//", 0},
                                      {"p/.mainstays", 1}};
    struct listing l;
    struct plan p;
    struct err e;
    const struct filter none = {0};
    listing_init(&l, "p/");
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        add(&l, rows[i].key, rows[i].size, 0, NULL);
    assert_int_equal(plan_make(&p, &l, &none, ".mainstay", &e), 0);
    static const char *const want[] = {".mainstays", "a/b", "a-b", "z"};
    assert_int_equal(p.count, 4);
    for (size_t i = 0; i < p.count; i++)
        assert_string_equal(p.items[i].path, want[i]);
    // clang-format off
    static const struct { const char *key; enum s3key_fault fault; } rejects[] = {
        {"p/data/", KEY_FOLDER_DATA}, {"p/../x", KEY_DOTS}, {"p//abs", KEY_ABSOLUTE},
        {"p/x//y", KEY_EMPTY}, {"p/.mainstay/lock", KEY_RESERVED}, {"p/..//", KEY_DOTS},
        {"p/a", KEY_IS_FOLDER},
    };
    // clang-format on
    assert_int_equal(p.reject_count, sizeof rejects / sizeof *rejects);
    for (size_t i = 0; i < p.reject_count; i++) {
        assert_string_equal(p.rejects[i].object->key, rejects[i].key);
        assert_int_equal(p.rejects[i].fault, rejects[i].fault);
    }
    assert_int_equal(p.to_fetch, 4);
    assert_int_equal(p.to_fetch_bytes, 4);
    assert_non_null(plan_find(&p, "a/b"));
    assert_null(plan_find(&p, "a"));
    assert_non_null(plan_find_inside(&p, "a"));
    assert_null(plan_find_inside(&p, "a-b"));
    plan_close(&p);
    listing_close(&l);
}

static void twice_is_no_listing(void **state)
{
    (void)state;
    struct listing l;
    struct plan p;
    struct err e;
    const struct filter none = {0};
    listing_init(&l, "");
    add(&l, "x", 1, 0, NULL);
    add(&l, "a", 1, 0, NULL);
    add(&l, "x", 2, 0, NULL);
    assert_int_equal(plan_make(&p, &l, &none, NULL, &e), -EBADMSG);
    listing_close(&l);
}

/* Every way in which a file may or may not be what the source has. */
static void unchanged_or_not(void **state)
{
    (void)state;
    // clang-format off
    static const struct {
        const char *what;
        struct local_file file;
        const char *known_etag; int64_t known_size, known_mtime; bool foreign;
        const char *etag; int64_t mtime;
        bool fetch;
        bool unnamed; /* there is an index, but it does not name the file */
    } rows[] = {
        {"missing", {false, 0, 0}, NULL, 0, 0, false, "\"a\"", 5, true},
        {"no index, same time", {true, 7, 5}, NULL, 0, 0, false, "\"a\"", 5, false},
        {"no index, object newer", {true, 7, 5}, NULL, 0, 0, false, "\"a\"", 6, true},
        {"no index, file newer", {true, 7, 6}, NULL, 0, 0, false, "\"a\"", 5, true},
        {"no index, size", {true, 8, 5}, NULL, 0, 0, false, "\"a\"", 5, true},
        {"known", {true, 7, 5}, "\"a\"", 7, 5, false, "\"a\"", 5, false},
        {"known, stored again unchanged", {true, 7, 5}, "\"a\"", 7, 5, false, "\"a\"", 9, false},
        {"known, other tag, same size and time", {true, 7, 5}, "\"a\"", 7, 5, false, "\"b\"", 5, true},
        {"known, file touched", {true, 7, 6}, "\"a\"", 7, 5, false, "\"a\"", 5, true},
        {"known, file touched back to the object's time", {true, 7, 5}, "\"a\"", 7, 4, false, "\"a\"", 5, true},
        {"known, server gives no tags, same time", {true, 7, 5}, "\"a\"", 7, 5, false, NULL, 5, false},
        {"known, server gives no tags, newer", {true, 7, 5}, "\"a\"", 7, 5, false, NULL, 6, true},
        {"not in the index, same time", {true, 7, 5}, NULL, 0, 0, false, "\"a\"", 5, true, true},
        {"index of another source", {true, 7, 5}, NULL, 0, 0, true, "\"a\"", 5, true},
    };
    // clang-format on
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct index_entry known = {"f", rows[i].known_etag, rows[i].known_size,
                                    rows[i].known_mtime};
        struct index x = {.entries = &known,
                          .count = rows[i].known_size ? 1 : 0,
                          .exists = rows[i].known_size || rows[i].foreign || rows[i].unnamed,
                          .foreign = rows[i].foreign};
        struct listing l;
        struct plan p;
        struct err e;
        const struct filter none = {0};
        listing_init(&l, "");
        add(&l, "f", 7, rows[i].mtime, rows[i].etag);
        assert_int_equal(plan_make(&p, &l, &none, NULL, &e), 0);
        plan_compare(&p, &p.items[0], &rows[i].file, &x);
        if (p.items[0].fetch != rows[i].fetch)
            fail_msg("%s", rows[i].what);
        assert_int_equal(p.to_fetch, rows[i].fetch ? 1 : 0);
        assert_int_equal(p.to_fetch_bytes, rows[i].fetch ? 7 : 0);
        assert_int_equal(p.items[0].mtime, rows[i].fetch ? rows[i].mtime : rows[i].file.mtime);
        plan_close(&p);
        listing_close(&l);
    }
}

/* Writes `text` to a file and reads it as an index of "src". */
static void read_index(struct index *x, const char *text, size_t len)
{
    char path[] = "/tmp/mainstay-index-XXXXXX";
    struct err e;
    int fd = mkstemp(path);
    assert_true(fd >= 0);
    assert_int_equal(fd_write_all(fd, text, len), 0);
    fd_close(&fd);
    assert_int_equal(index_read(x, path, "src", &e), 0);
    assert_int_equal(unlink(path), 0);
}

static void index_comes_back(void **state)
{
    (void)state;
    struct buf b = BUF_EMPTY;
    struct index x;
    index_begin(&b, "src");
    index_add(&b, &(struct index_entry){"a b\nc", "\"t\"", 5, 123456789012345678});
    index_add(&b, &(struct index_entry){"z", NULL, 0, -1});
    read_index(&x, b.data, b.len);
    assert_false(x.foreign);
    assert_int_equal(x.count, 2);
    const struct index_entry *entry = index_find(&x, "a b\nc");
    assert_non_null(entry);
    assert_string_equal(entry->etag, "\"t\"");
    assert_int_equal(entry->mtime, 123456789012345678);
    assert_null(index_find(&x, "z")->etag);
    assert_int_equal(index_find(&x, "z")->mtime, -1);
    assert_null(index_find(&x, "q"));
    index_close(&x);
    /* cut anywhere, it is an index of nothing that we know */
    for (size_t len = 1; len < b.len; len++) {
        read_index(&x, b.data, len);
        assert_true(x.foreign || b.data[len - 1] == '\0');
        if (x.foreign)
            assert_int_equal(x.count, 0);
        index_close(&x);
    }
    buf_close(&b);
}

static void odd_indexes_are_foreign(void **state)
{
    (void)state;
    // clang-format off
#define HEAD "mainstay-sync index 1 src\0"
    static const struct { const char *text; size_t len; } rows[] = {
#define ROW(t) {(t), sizeof(t)}
        ROW("mainstay-sync index 1 other"), ROW("mainstay-sync index 2 src"), ROW(""),
        ROW(HEAD "1 2 - b\0" "1 2 - a"), ROW(HEAD "1 2 - a\0" "1 2 - a"), ROW(HEAD "1 2 -"),
        ROW(HEAD "x 2 - a"), ROW(HEAD "1  - a"), ROW(HEAD "1 2  a"), ROW(HEAD "99999999999999999999 2 - a"),
        ROW(HEAD "1 2 - "),
    };
    // clang-format on
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct index x;
        read_index(&x, rows[i].text, rows[i].len);
        if (!x.foreign)
            fail_msg("row %zu", i);
        assert_null(index_find(&x, "a"));
        index_close(&x);
    }
    struct index x;
    struct err e;
    assert_int_equal(index_read(&x, "/nonexistent/index", "src", &e), 0);
    assert_false(x.foreign);
    index_close(&x);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(keys_become_files),       cmocka_unit_test(twice_is_no_listing),
        cmocka_unit_test(unchanged_or_not),        cmocka_unit_test(index_comes_back),
        cmocka_unit_test(odd_indexes_are_foreign),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
