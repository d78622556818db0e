/* Protects what a killed sync is resumed from: lists of files and of what is done in the end. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/mem.h"
#include "sync/local/boot.h"
#include "sync/local/manifest.h"
#include "sync/local/spool.h"

#define SOURCE "http://s3.example bucket prefix/"

static char folder_name[] = "/tmp/mainstay-manifest-XXXXXX";
static int folder = -1;

static int make_folder(void **state)
{
    (void)state;
    assert_non_null(mkdtemp(folder_name));
    folder = open(folder_name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    return folder < 0;
}

static int remove_folder(void **state)
{
    (void)state;
    (void)unlinkat(folder, "m", 0);
    fd_close(&folder);
    return rmdir(folder_name);
}

static void put(const char *text, size_t len)
{
    int fd = openat(folder, "m", O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    assert_true(fd >= 0);
    assert_int_equal(fd_write_all(fd, text, len), 0);
    fd_close(&fd);
}

static void open_reader(struct manifest_reader *x, const char *source)
{
    struct err e;
    assert_int_equal(manifest_open(x, folder, "m", source, &e), 0);
}

static void expect(struct manifest_reader *x, const struct manifest_entry *want)
{
    const struct manifest_entry *got = manifest_look(x);
    assert_non_null(got);
    assert_string_equal(got->path, want->path);
    if (want->etag)
        assert_string_equal(got->etag, want->etag);
    else
        assert_null(got->etag);
    assert_int_equal(got->size, want->size);
    assert_int_equal(got->mtime, want->mtime);
    assert_int_equal(got->state, want->state);
    assert_ptr_equal(manifest_look(x), got);
    manifest_next(x);
}

static const struct manifest_entry rows[] = {
    {"a b\nc", "\"t g\"", 5, 123456789012345678, MANIFEST_WANTED},
    {"a-b", NULL, 0, -1, MANIFEST_THERE},
    {"a/b", "", INT64_MAX, INT64_MIN, MANIFEST_KEPT},
    {"a", "\"e\"", 1, INT64_MAX, MANIFEST_THERE},
};
enum { ROWS = sizeof rows / sizeof *rows };

static void write_rows(struct manifest_writer *w, int64_t *ids)
{
    struct err e;
    assert_int_equal(manifest_create(w, folder, "m", SOURCE, 0600, &e), 0);
    for (size_t i = 0; i < ROWS; i++)
        assert_int_equal(manifest_add(w, &rows[i], &ids[i], &e), 0);
    assert_int_equal(w->count, ROWS);
}

static void entries_come_back(void **state)
{
    (void)state;
    struct manifest_writer w;
    struct manifest_reader r;
    struct err e;
    int64_t ids[ROWS];
    write_rows(&w, ids);
    /* marked while it waits to be written, and afterwards */
    assert_int_equal(manifest_mark(&w, ids[0], MANIFEST_THERE, -77, &e), 0);
    assert_int_equal(manifest_flush(&w, &e), 0);
    assert_int_equal(manifest_mark(&w, ids[2], MANIFEST_THERE, 88, &e), 0);
    manifest_abandon(&w);
    open_reader(&r, SOURCE);
    assert_true(r.exists && !r.foreign && !r.durable && r.current);
    struct manifest_entry want[ROWS];
    memcpy(want, rows, sizeof want);
    want[0].state = want[2].state = MANIFEST_THERE;
    want[0].mtime = -77;
    want[2].mtime = 88;
    want[2].etag = NULL;
    for (size_t i = 0; i < ROWS; i++)
        expect(&r, &want[i]);
    assert_null(manifest_look(&r));
    assert_false(r.foreign);
    assert_int_equal(r.count, ROWS);
    manifest_close(&r);
}

static void a_seal_stays(void **state)
{
    (void)state;
    struct manifest_writer w;
    struct manifest_reader r;
    struct err e;
    int64_t ids[ROWS];
    write_rows(&w, ids);
    assert_int_equal(manifest_seal(&w, &e), 0);
    manifest_abandon(&w);
    open_reader(&r, SOURCE);
    assert_true(r.durable && !r.foreign);
    manifest_close(&r);
}

/* What was written before the machine crashed is not what is there now. */
static void another_boot(void **state)
{
    (void)state;
    static const char text[] = "mainstay-sync manifest 1 - 11111111-2222-3333-4444-555555555555 s";
    struct manifest_reader r;
    put(text, sizeof text);
    open_reader(&r, "s");
    assert_true(r.exists && !r.foreign && !r.current && !r.durable);
    manifest_close(&r);
    assert_true(boot_is_this(boot_id()));
    assert_false(boot_is_this("-"));
}

static void missing_is_empty(void **state)
{
    (void)state;
    struct manifest_reader r;
    struct err e;
    assert_int_equal(manifest_open(&r, folder, "nothing", SOURCE, &e), 0);
    assert_true(!r.exists && !r.foreign);
    assert_null(manifest_look(&r));
    manifest_close(&r);
    assert_int_equal(manifest_open(&r, -1, "nothing", SOURCE, &e), 0);
    assert_null(manifest_look(&r));
    manifest_close(&r);
    assert_int_equal(symlinkat("manifest", folder, "link"), 0);
    assert_int_equal(manifest_open(&r, folder, "link", SOURCE, &e), -ELOOP);
    assert_int_equal(unlinkat(folder, "link", 0), 0);
    manifest_close(&r);
}

static void another_source(void **state)
{
    (void)state;
    struct manifest_writer w;
    struct manifest_reader r;
    struct err e;
    int64_t ids[ROWS];
    write_rows(&w, ids);
    assert_int_equal(manifest_seal(&w, &e), 0);
    manifest_abandon(&w);
    open_reader(&r, SOURCE "x");
    assert_true(r.exists && r.foreign && !r.durable && !r.current);
    assert_null(manifest_look(&r));
    manifest_close(&r);
}

/* A kill may cut it anywhere: what is whole before is as it was, and nothing is made up. */
static void cut_anywhere(void **state)
{
    (void)state;
    struct manifest_writer w;
    struct err e;
    int64_t ids[ROWS];
    struct buf all = BUF_EMPTY;
    write_rows(&w, ids);
    assert_int_equal(manifest_flush(&w, &e), 0);
    manifest_abandon(&w);
    char *path = mem_printf("%s/m", folder_name);
    assert_int_equal(fd_read_file(path, 1 << 20, &all, &e), 0);
    mem_free(path);
    for (size_t len = 0; len < all.len; len++) {
        struct manifest_reader r;
        put(all.data, len);
        open_reader(&r, SOURCE);
        assert_int_equal(r.foreign, (int64_t)len < ids[0]);
        size_t whole = 0;
        while (whole + 1 < ROWS && (int64_t)len >= ids[whole + 1])
            whole++;
        for (size_t i = 0; i < whole; i++) {
            assert_non_null(manifest_look(&r));
            assert_string_equal(manifest_look(&r)->path, rows[i].path);
            manifest_next(&r);
        }
        assert_null(manifest_look(&r));
        assert_int_equal(r.foreign, (int64_t)len < ids[0]);
        manifest_close(&r);
    }
    buf_close(&all);
}

static void odd_entries_are_foreign(void **state)
{
    (void)state;
#define HEAD "mainstay-sync manifest 1 S boot s\0"
#define TIME "00000000000000000002"
    // clang-format off
    static const struct { const char *text; size_t len; } odd[] = {
#define ROW(t) {HEAD t, sizeof(HEAD t) - 1}
        ROW("\0\0\0\0"), ROW("x " TIME " 1 a\0\0"), ROW("+" TIME " 1 a\0\0"), ROW("+ 2 1 a\0\0"),
        ROW("+ " TIME "  1 a\0\0"), ROW("+ " TIME " -1 a\0\0"), ROW("+ " TIME " a\0\0"),
        ROW("+ " TIME " 1 \0\0"), ROW("+ " TIME " 99999999999999999999 a\0\0"),
        ROW("+ 000000000000000000x2 1 a\0\0"), ROW("+\0\0"), ROW("+ \0\0"), ROW("+ " TIME "\0\0"),
        ROW("+ " TIME " 1 b\0\0+ " TIME " 1 a\0\0"), ROW("+ " TIME " 1 a\0\0+ " TIME " 1 a\0\0"),
        ROW("+ " TIME " 1 a\0\0+ " TIME " 1 a/b\0\0"),
    };
    // clang-format on
    for (size_t i = 0; i < sizeof odd / sizeof *odd; i++) {
        struct manifest_reader r;
        put(odd[i].text, odd[i].len);
        open_reader(&r, "s");
        assert_false(r.foreign);
        while (manifest_look(&r))
            manifest_next(&r);
        if (!r.foreign || r.count > 1)
            fail_msg("row %zu", i);
        manifest_close(&r);
    }
    static const char *const heads[] = {
        "", "mainstay-sync manifest 1 ", "mainstay-sync manifest 1 S",
        "mainstay-sync manifest 1 S s", "mainstay-sync manifest 2 S boot s"};
    for (size_t i = 0; i < sizeof heads / sizeof *heads; i++) {
        struct manifest_reader r;
        put(heads[i], strlen(heads[i]) + 1);
        open_reader(&r, "s");
        assert_true(r.foreign);
        manifest_close(&r);
    }
    char *zeros = mem_alloc(1 << 20);
    memcpy(zeros, HEAD, sizeof HEAD - 1);
    memset(zeros + sizeof HEAD - 1, 'x', (1 << 20) - sizeof HEAD);
    struct manifest_reader r;
    put(zeros, 1 << 20);
    open_reader(&r, "s");
    assert_null(manifest_look(&r));
    assert_true(r.foreign);
    assert_true(r.text.room < 1 << 18);
    manifest_close(&r);
    mem_free(zeros);
}

/* Beyond every buffer, marked in any order. */
static void many(void **state)
{
    (void)state;
    enum { MANY = 20000 };
    struct manifest_writer w;
    struct manifest_reader r;
    struct err e;
    int64_t *ids = mem_array(MANY, sizeof *ids);
    char path[64];
    assert_int_equal(manifest_create(&w, folder, "m", SOURCE, 0600, &e), 0);
    for (int i = 0; i < MANY; i++) {
        (void)snprintf(path, sizeof path, "folder/%06d", i);
        const struct manifest_entry entry = {path, "\"tag\"", i, i, MANIFEST_WANTED};
        assert_int_equal(manifest_add(&w, &entry, &ids[i], &e), 0);
        if (i % 3 == 0)
            assert_int_equal(manifest_mark(&w, ids[i / 2], MANIFEST_THERE, 7, &e), 0);
    }
    assert_int_equal(manifest_flush(&w, &e), 0);
    for (int i = MANY - 1; i >= 0; i--)
        assert_int_equal(manifest_mark(&w, ids[i], MANIFEST_THERE, -i, &e), 0);
    manifest_abandon(&w);
    open_reader(&r, SOURCE);
    for (int i = 0; i < MANY; i++) {
        (void)snprintf(path, sizeof path, "folder/%06d", i);
        expect(&r, &(struct manifest_entry){path, "\"tag\"", i, -i, MANIFEST_THERE});
    }
    assert_null(manifest_look(&r));
    assert_false(r.foreign);
    manifest_close(&r);
    mem_free(ids);
}

static void too_long_is_refused(void **state)
{
    (void)state;
    struct manifest_writer w;
    struct err e;
    char *etag = mem_alloc(20000);
    memset(etag, 'e', 19999);
    assert_int_equal(manifest_create(&w, folder, "m", SOURCE, 0600, &e), 0);
    const struct manifest_entry entry = {"a", etag, 1, 1, MANIFEST_KEPT};
    assert_int_equal(manifest_add(&w, &entry, NULL, &e), -E2BIG);
    assert_int_equal(w.count, 0);
    manifest_abandon(&w);
    mem_free(etag);
}

/* /dev/full is a full disk. */
static void a_full_disk_is_told(void **state)
{
    (void)state;
    struct manifest_writer w = {.fd = open("/dev/full", O_RDWR | O_CLOEXEC)};
    struct err e;
    assert_int_equal(manifest_add(&w, &rows[0], NULL, &e), 0);
    assert_int_equal(manifest_flush(&w, &e), -ENOSPC);
    assert_non_null(strstr(e.text, "No space left"));
    assert_int_equal(manifest_seal(&w, &e), -ENOSPC);
    manifest_abandon(&w);
}

static void a_spool_comes_back(void **state)
{
    (void)state;
    enum { MANY = 30000 };
    static const enum spool_what whats[] = {SPOOL_CARRY, SPOOL_REMOVE, SPOOL_PARTIAL};
    struct spool s;
    struct err e;
    enum spool_what what;
    const char *path = NULL;
    char text[64];
    assert_int_equal(spool_open(&s, folder, &e), 0);
    for (int i = 0; i < MANY; i++) {
        (void)snprintf(text, sizeof text, "some folder\n/%d", i);
        assert_int_equal(spool_add(&s, whats[i % 3], text, &e), 0);
    }
    assert_int_equal(s.counts[0] + s.counts[1] + s.counts[2], MANY);
    assert_int_equal(s.counts[1], MANY / 3);
    for (int pass = 0; pass < 2; pass++) {
        assert_int_equal(spool_rewind(&s, &e), 0);
        for (int i = 0; i < MANY; i++) {
            (void)snprintf(text, sizeof text, "some folder\n/%d", i);
            assert_int_equal(spool_next(&s, &what, &path, &e), 1);
            assert_int_equal(what, whats[i % 3]);
            assert_string_equal(path, text);
        }
        assert_int_equal(spool_next(&s, &what, &path, &e), 0);
        assert_int_equal(spool_next(&s, &what, &path, &e), 0);
        assert_int_equal(spool_rewind(&s, &e), 0);
        assert_int_equal(spool_next(&s, &what, &path, &e), 1);
    }
    spool_close(&s);
    assert_int_equal(spool_open(&s, folder, &e), 0);
    assert_int_equal(spool_rewind(&s, &e), 0);
    assert_int_equal(spool_next(&s, &what, &path, &e), 0);
    spool_close(&s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(entries_come_back),
        cmocka_unit_test(a_seal_stays),
        cmocka_unit_test(another_boot),
        cmocka_unit_test(missing_is_empty),
        cmocka_unit_test(another_source),
        cmocka_unit_test(cut_anywhere),
        cmocka_unit_test(odd_entries_are_foreign),
        cmocka_unit_test(many),
        cmocka_unit_test(too_long_is_refused),
        cmocka_unit_test(a_full_disk_is_told),
        cmocka_unit_test(a_spool_comes_back),
    };
    return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
