/* Protects the source as a stream of files: names, faults and order, against a naive model. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "dice.h"
#include "listing_text.h"
#include "sync/remote.h"
#include "wire_fake.h"

enum { OBJECTS = 64 };

static struct s3_place place = {
    .base = (char *)(uintptr_t) "/b",
    .bucket = (char *)(uintptr_t) "b",
    .prefix = (char *)(uintptr_t) "p/",
};

struct thing {
    char key[1200];
    size_t len;
    long size;
    enum s3key_fault fault;
    bool seen;
};

struct model {
    struct thing things[OBJECTS];
    size_t count;
    size_t at; /* that goes into the next page */
};

static void on_change(struct lister *l)
{
    (void)l;
}

/* Answers what was asked with the next `count` objects. */
static void give(struct model *m, size_t count)
{
    struct buf b = BUF_EMPTY;
    char token[16];
    listing_open(&b);
    for (; count > 0 && m->at < m->count; count--, m->at++) {
        const struct thing *t = &m->things[m->at];
        listing_object(&b, t->key, t->len, t->size);
    }
    (void)snprintf(token, sizeof token, "t%zu", m->at);
    listing_end(&b, m->at < m->count ? token : NULL);
    assert_int_equal(fake_answer(b.data, b.len, 1000), 0);
    buf_close(&b);
}

static void add(struct model *m, const char *key, size_t len, long size)
{
    struct thing *t = &m->things[m->count++];
    memcpy(t->key, key, len);
    t->len = len;
    t->size = size;
}

struct row {
    const char *key;
    size_t len; /* 0: strlen */
    long size;
    enum s3key_fault fault;
};

/* Gives all, in pages of `page`; compares with the rows in the order in which they must come. */
static void expect(struct model *m, size_t page, const struct row *rows, size_t count)
{
    struct lister l;
    struct remote r;
    struct filter f = {0};
    struct err e;
    const struct remote_file *file;
    assert_int_equal(filter_add(&f, false, "*.tmp", &e), 0);
    fake_waiting = NULL;
    m->at = 0;
    lister_start(&l, NULL, &place, "p/");
    l.on_change = on_change;
    remote_init(&r, &l, &f);
    for (size_t i = 0; i < count; i++) {
        enum lister_state state;
        while ((state = remote_look(&r, &file)) == LISTER_WAIT)
            give(m, page);
        assert_int_equal(state, LISTER_READY);
        assert_string_equal(file->path, rows[i].key);
        assert_int_equal(file->path_len, rows[i].len ? rows[i].len : strlen(rows[i].key));
        assert_int_equal(file->key_len, file->path_len + 2);
        assert_int_equal(file->fault, rows[i].fault);
        assert_int_equal(file->size, rows[i].size);
        assert_int_equal(file->etag[1], 'e');
        assert_ptr_equal(file->key + 2, file->path);
        remote_next(&r);
    }
    while (remote_look(&r, &file) == LISTER_WAIT)
        give(m, page);
    assert_int_equal(remote_look(&r, &file), LISTER_END);
    assert_int_equal(r.excluded, 1);
    remote_close(&r);
    lister_close(&l);
    filter_close(&f);
}

static void keys_become_files(void **state)
{
    (void)state;
    struct model m = {.count = 0};
    // clang-format off
    static const struct row objects[] = {
        {"p/", 0, 0, 0}, {"p/..//", 0, 0, 0}, {"p/../x", 0, 1, 0}, {"p/.mainstay", 0, 1, 0},
        {"p/.mainstay/lock", 0, 1, 0}, {"p/.mainstays", 0, 2, 0}, {"p//abs", 0, 3, 0},
        {"p/a", 0, 4, 0}, {"p/a\0b", 5, 5, 0}, {"p/a-b", 0, 6, 0}, {"p/a/", 0, 0, 0},
        {"p/a/.mainstay-get-1", 0, 1, 0}, {"p/a/b", 0, 7, 0}, {"p/data/", 0, 8, 0},
        {"p/dir", 0, 9, 0}, {"p/dir/", 0, 0, 0}, {"p/dir/x.tmp", 0, 1, 0}, {"p/x//y", 0, 1, 0},
        {"p/z", 0, 1, 0},
    };
    static const struct row files[] = {
        {"..//", 0, 0, KEY_DOTS}, {"../x", 0, 1, KEY_DOTS}, {".mainstay", 0, 1, KEY_RESERVED},
        {".mainstay/lock", 0, 1, KEY_RESERVED}, {".mainstays", 0, 2, KEY_OK},
        {"/abs", 0, 3, KEY_ABSOLUTE}, {"a\0b", 3, 5, KEY_NUL}, {"a-b", 0, 6, KEY_OK},
        {"a/.mainstay-get-1", 0, 1, KEY_RESERVED}, {"a/b", 0, 7, KEY_OK},
        {"a", 0, 4, KEY_IS_FOLDER}, {"data/", 0, 8, KEY_FOLDER_DATA},
        {"dir", 0, 9, KEY_OK}, /* neither a marker nor what is left out makes it a folder */
        {"x//y", 0, 1, KEY_EMPTY}, {"z", 0, 1, KEY_OK},
    };
    // clang-format on
    for (size_t i = 0; i < sizeof objects / sizeof *objects; i++)
        add(&m, objects[i].key, objects[i].len ? objects[i].len : strlen(objects[i].key),
            objects[i].size);
    for (size_t page = 1; page < 8; page++)
        expect(&m, page, files, sizeof files / sizeof *files);
}

/* Names of a hostile server: each begins the next. What is held stays small. */
static void long_chain(void **state)
{
    (void)state;
    struct lister l;
    struct remote r;
    struct buf b = BUF_EMPTY;
    char key[8100] = "p/";
    const struct filter f = {0};
    const struct remote_file *file;
    fake_waiting = NULL;
    lister_start(&l, NULL, &place, "p/");
    l.on_change = on_change;
    remote_init(&r, &l, &f);
    listing_open(&b);
    for (size_t len = 2; len < 2000; len++) {
        key[len] = len % 200 == 100 ? '/' : 'a';
        if (key[len] != '/')
            listing_object(&b, key, len + 1, 1);
    }
    listing_end(&b, NULL);
    assert_int_equal(fake_answer(b.data, b.len, 4096), 0);
    size_t long_ones = 0;
    char last[2048] = "";
    for (; remote_look(&r, &file) == LISTER_READY; remote_next(&r)) {
        if (file->fault == KEY_TOO_LONG) {
            long_ones++;
            continue;
        }
        assert_true(!*last || path_order(last, file->path) < 0);
        (void)snprintf(last, sizeof last, "%s", file->path);
    }
    assert_true(long_ones > 900);
    assert_true(r.held_room <= 1024 + 8);
    remote_close(&r);
    lister_close(&l);
    buf_close(&b);
}

// --- random walks --------------------------------------------------------------------------------

static int by_key(const void *a, const void *b)
{
    return strcmp(((const struct thing *)a)->key, ((const struct thing *)b)->key);
}

static int by_path(const void *a, const void *b)
{
    return path_order(((const struct thing *)a)->key, ((const struct thing *)b)->key);
}

static bool is_usable(const struct thing *t)
{
    return t->fault == KEY_OK || t->fault == KEY_IS_FOLDER;
}

/* What must become of each, found by looking at all pairs. */
static void judge(struct model *m)
{
    for (size_t i = 0; i < m->count; i++) {
        struct thing *t = &m->things[i];
        const char *path = t->key + 2;
        size_t len = t->len - 2;
        t->fault = s3key_check(path, len);
        if (path[len - 1] == '/' && s3key_check(path, len - 1) == KEY_OK)
            t->fault = KEY_FOLDER_DATA;
    }
    for (size_t i = 0; i < m->count; i++) {
        struct thing *t = &m->things[i];
        for (size_t j = 0; j < m->count && is_usable(t); j++) {
            if (is_usable(&m->things[j]) && s3key_inside(m->things[j].key, t->key))
                t->fault = KEY_IS_FOLDER;
        }
    }
}

static void make_model(struct model *m)
{
    *m = (struct model){.count = 0};
    size_t wanted = dice(OBJECTS);
    for (size_t i = 0; i < wanted; i++) {
        char key[16] = "p/";
        size_t len = 3 + dice(7);
        for (size_t j = 2; j < len; j++)
            key[j] = "ab-/.\xff"[dice(6)];
        add(m, key, len, 1);
    }
    qsort(m->things, m->count, sizeof *m->things, by_key);
    size_t kept = 0;
    for (size_t i = 0; i < m->count; i++) {
        if (kept == 0 || strcmp(m->things[kept - 1].key, m->things[i].key) != 0)
            m->things[kept++] = m->things[i];
    }
    m->count = kept;
    judge(m);
}

static struct thing *find(struct model *m, const char *key)
{
    for (size_t i = 0; i < m->count; i++) {
        if (strcmp(m->things[i].key, key) == 0)
            return &m->things[i];
    }
    abort(); /* nobody gave that key */
}

/* Every object comes once with its fault; those that are files come in order. */
static void walk_once(struct model *m, const struct filter *f)
{
    struct lister l;
    struct remote r;
    enum lister_state state;
    const struct remote_file *file;
    struct thing last = {.len = 0};
    fake_waiting = NULL;
    lister_start(&l, NULL, &place, "p/");
    l.on_change = on_change;
    remote_init(&r, &l, f);
    while ((state = remote_look(&r, &file)) != LISTER_END) {
        if (state == LISTER_WAIT) {
            give(m, 1 + dice(9));
            continue;
        }
        struct thing *t = find(m, file->key);
        assert_false(t->seen);
        assert_int_equal(t->fault, file->fault);
        assert_true(!is_usable(t) || last.len == 0 || by_path(&last, t) < 0);
        t->seen = true;
        if (is_usable(t))
            last = *t;
        remote_next(&r);
    }
    for (size_t i = 0; i < m->count; i++)
        assert_true(m->things[i].seen);
    remote_close(&r);
    lister_close(&l);
}

static void as_the_model(void **state)
{
    (void)state;
    static struct model m;
    const struct filter f = {0};
    for (int i = 0; i < 1000; i++) {
        make_model(&m);
        walk_once(&m, &f);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(keys_become_files),
        cmocka_unit_test(long_chain),
        cmocka_unit_test(as_the_model),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
