/* Protects the writer: what is given becomes files whole or not at all, in both modes. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <fcntl.h>

#include "written.h"

enum { MIB = 1 << 20, BIG = 21 * MIB + 4321, BIG_PARTS = 3 };

static const enum publish_mode modes[] = {PUBLISH_ATOMIC, PUBLISH_INPLACE};
static const char *const folders[] = {"atomic", "inplace"};
static struct writing w;

static int send_small(struct arrival *a)
{
    writing_put(&w, a);
    return writing_wait(&w, a);
}

static void clean(const char *name)
{
    assert_int_equal(tree_clear(AT_FDCWD, name), 0);
}

static void small_files(void **state)
{
    (void)state;
    for (size_t m = 0; m < 2; m++) {
        clean(folders[m]);
        writing_start(&w, folders[m], modes[m]);
        for (size_t i = 0; i < WRITING_FILES; i++) {
            char path[64];
            (void)snprintf(path, sizeof path, "d%zu/e%zu/f%zu", i % 7, i % 3, i);
            struct arrival *a = writing_file(&w, i, path, (int64_t)(i * 331 % WRITER_CHUNK));
            if (i == 1)
                a->file.size = WRITER_CHUNK;
            if (i % 2)
                writing_tag(a);
            writing_put(&w, a);
        }
        for (size_t i = 0; i < WRITING_FILES; i++) {
            assert_int_equal(writing_wait(&w, &w.files[i]), 0);
            assert_int_equal(w.files[i].told, 1);
            assert_true(writing_is_there(&w, &w.files[i]));
            assert_int_equal(w.files[i].file.sum[0] != '\0', i % 2);
        }
        assert_true(w.rooms > 0);
        assert_int_equal(writing_count(&w, "d0/e0", RELEASE_PARTIAL), 0);
        writing_end(&w);
    }
}

static void large_file(void **state)
{
    (void)state;
    for (size_t m = 0; m < 2; m++) {
        clean(folders[m]);
        writing_start(&w, folders[m], modes[m]);
        struct arrival *a = writing_file(&w, 0, "x/big", BIG);
        writing_tag(a);
        writing_open(&w, a);
        assert_int_equal(a->opened, 0);
        assert_int_equal(a->file.part_count, BIG_PARTS);
        for (size_t i = BIG_PARTS; i-- > 0;) {
            assert_int_equal(a->file.parts[i], 0);
            writing_part(&w, a, i, INT64_MAX);
        }
        assert_int_equal(writing_count(&w, "x", RELEASE_PARTIAL), 1);
        assert_int_equal(writing_count(&w, "x", "big"), 0);
        writer_finish(w.writer, &a->file);
        assert_int_equal(writing_wait(&w, a), 0);
        assert_true(writing_is_there(&w, a));
        assert_int_equal(writing_count(&w, "x", ""), 1);
        assert_int_equal(strlen(a->file.sum), 32);
        writing_end(&w);
    }
}

/* A file in parts, the last first; 0 or what on_done said. */
static int send_parts(struct arrival *a)
{
    for (size_t i = a->file.part_count; i-- > 0;) {
        if (!a->file.parts[i])
            writing_part(&w, a, i, INT64_MAX);
    }
    writer_finish(w.writer, &a->file);
    return writing_wait(&w, a);
}

static int send_large(struct arrival *a)
{
    assert_int_equal(writing_open(&w, a), 0);
    return send_parts(a);
}

static void again(struct arrival *a)
{
    a->rc = a->opened = 1;
    a->text[0] = '\0';
}

/* Every way in which bytes can be compared, for a small and a large file. */
static void sums(void **state)
{
    (void)state;
    static const int64_t sizes[] = {4097, BIG};
    clean("sums");
    writing_start(&w, "sums", PUBLISH_ATOMIC);
    for (size_t i = 0; i < 2; i++) {
        char path[16];
        (void)snprintf(path, sizeof path, "f%zu", i);
        struct arrival *a = writing_file(&w, i, path, sizes[i]);
        int (*const send)(struct arrival *) = i ? send_large : send_small;
        writing_tag(a);
        a->etag[1] = a->etag[1] == '0' ? '1' : '0';
        assert_int_equal(send(a), -EBADMSG);
        assert_string_equal(a->text, "its bytes are not those that were stored (the sum differs)");
        assert_int_equal(strlen(a->file.sum), 32);
        assert_false(a->file.doubtful);
        assert_int_equal(writing_count(&w, "", ""), i);

        again(a); /* the tag is none of the bytes */
        a->file.opaque_etag = true;
        assert_int_equal(send(a), 0);
        assert_true(writing_is_there(&w, a));
        assert_string_equal(a->file.sum, "");

        again(a); /* a checksum wins over the tag */
        (void)snprintf(a->file.checksum, sizeof a->file.checksum, "crc32c:AAAAAA==");
        assert_int_equal(send(a), -EBADMSG);
        assert_int_equal(strlen(a->file.sum), 8);

        again(a); /* parts of a size that nobody told */
        a->file.checksum[0] = '\0';
        a->file.opaque_etag = false;
        (void)snprintf(a->etag, sizeof a->etag, "\"0123456789abcdef0123456789abcdef-3\"");
        assert_int_equal(send(a), -EBADMSG);
        assert_true(a->file.doubtful);

        again(a); /* the same bytes twice are believed */
        assert_int_equal(send(a), 0);
        assert_true(a->file.doubtful);
        assert_true(writing_is_there(&w, a));

        again(a);
        a->file.etag = NULL;
        assert_int_equal(send(a), 0);
        assert_true(writing_is_there(&w, a));
        assert_int_equal(writing_count(&w, "", ""), i + 1);
    }
    writing_end(&w);
}

/* The likeliest size of parts does not fit: all is read once more, and another does. */
static void other_parts(void **state)
{
    (void)state;
    static const int64_t sizes[] = {8 * MIB, 11 * MIB, 7341473};
    for (unsigned mode = 0; mode < 2; mode++) {
        clean(folders[mode]);
        writing_start(&w, folders[mode], modes[mode]);
        for (unsigned i = 0; i < 3; i++) {
            struct arrival *a = writing_file(&w, i, i ? i == 1 ? "b" : "c" : "a", BIG);
            writing_tag_parts(a, sizes[i]);
            assert_int_equal(writing_open(&w, a), 0);
        }
        for (unsigned i = 0; i < 3; i++) {
            assert_int_equal(send_parts(&w.files[i]), 0);
            assert_false(w.files[i].file.doubtful);
            assert_true(writing_is_there(&w, &w.files[i]));
        }
        assert_int_equal(writing_count(&w, "", ""), 3);
        writing_end(&w);
    }
}

/* Parts are summed several at a time, from the first on, whenever so many are there. */
static void groups_of_parts(void **state)
{
    (void)state;
    static const struct {
        int64_t size, told;
        bool doubtful; /* that other bytes are others: a guess may be wrong */
    } uploads[] = {{5 * MIB, 0, true}, {1400001, 1400001, false}, {4 * MIB, 4 * MIB, false}};
    clean("groups");
    writing_start(&w, "groups", PUBLISH_ATOMIC);
    for (unsigned i = 0; i < sizeof uploads / sizeof *uploads; i++) {
        struct arrival *a = writing_file(&w, i, i ? i == 1 ? "b" : "c" : "a", BIG);
        a->file.part_size = uploads[i].told;
        writing_tag_parts(a, uploads[i].size);
        const char first = a->etag[1];
        a->etag[1] = first == '0' ? '1' : '0';
        assert_int_equal(send_large(a), -EBADMSG);
        assert_int_equal(a->file.doubtful, uploads[i].doubtful);

        again(a);
        a->etag[1] = first;
        assert_int_equal(writing_open(&w, a), 0);
        for (unsigned part = 0; part < BIG_PARTS; part++)
            writing_part(&w, a, part, INT64_MAX);
        writer_finish(w.writer, &a->file);
        assert_int_equal(writing_wait(&w, a), 0);
        assert_false(a->file.doubtful);
        assert_true(writing_is_there(&w, a));
    }
    writing_end(&w);
}

static void put_text(const char *path, const char *text)
{
    assert_int_equal(fd_write_file(path, text, strlen(text), 0644, NULL), 0);
}

static void has_text(const char *path, const char *text)
{
    struct buf have = BUF_EMPTY;
    assert_int_equal(fd_read_file(path, 1 << 20, &have, NULL), 0);
    assert_string_equal(buf_str(&have), text);
    buf_close(&have);
}

/* In a new version what a killed run left is ours; the old version must not change by it. */
static void atomic_leftovers(void **state)
{
    (void)state;
    static const char *const paths[] = {"linked", "a/b/file", "folder", "s/t", "big"};
    clean("fresh");
    (void)mkdir("fresh", 0755);
    (void)mkdir("fresh/folder", 0755);
    (void)mkdir("fresh/folder/in", 0755);
    (void)mkdir("fresh/big", 0755);
    (void)mkdir("elsewhere", 0755);
    put_text("old", "old");
    put_text("fresh/a", "a file where a folder must be");
    put_text("fresh/folder/in/file", "in a folder where a file must be");
    put_text("fresh/big/file", "likewise");
    assert_int_equal(link("old", "fresh/linked"), 0);
    assert_int_equal(symlink("../elsewhere", "fresh/s"), 0);
    writing_start(&w, "fresh", PUBLISH_ATOMIC);
    for (size_t i = 0; i < sizeof paths / sizeof *paths; i++) {
        bool big = strcmp(paths[i], "big") == 0;
        struct arrival *a = writing_file(&w, i, paths[i], big ? WRITER_CHUNK + 1 : 77);
        assert_int_equal(big ? send_large(a) : send_small(a), 0);
        assert_true(writing_is_there(&w, a));
    }
    has_text("old", "old");
    assert_int_equal(access("elsewhere/t", F_OK), -1);
    writing_end(&w);
}

// clang-format off
static const struct {
    const char *path;
    int rc;
    const char *text;
} careful[] = {
    {"s/t",     -ENOTDIR, "cannot create its folder: a link or file is where a folder must be"},
    {"file/in", -ENOTDIR, "cannot create its folder: a link or file is where a folder must be"},
    {"folder",  -EISDIR,  "cannot give it its name: a folder is where the file must be"},
    {"link",    0,        ""},
    {"file",    0,        ""},
};
// clang-format on

static void send_careful(bool big)
{
    for (size_t i = 0; i < sizeof careful / sizeof *careful; i++) {
        struct arrival *a = writing_file(&w, i, careful[i].path, big ? WRITER_CHUNK + 1 : 77);
        const int rc = !big ? send_small(a) : writing_open(&w, a) < 0 ? a->opened : send_parts(a);
        assert_int_equal(rc, careful[i].rc);
        assert_string_equal(a->text, careful[i].text);
        assert_int_equal(writing_is_there(&w, a), rc == 0);
    }
}

/* In place nothing is ours but what we bring. */
static void in_place_is_careful(void **state)
{
    (void)state;
    clean("live");
    (void)mkdir("live", 0755);
    (void)mkdir("live/folder", 0755);
    (void)mkdir("elsewhere", 0755);
    put_text("live/file", "old");
    put_text("live/folder/mine", "mine");
    put_text("live/" RELEASE_PARTIAL "0000000000000000", "a killed run's");
    put_text("target", "old");
    assert_int_equal(symlink("../target", "live/link"), 0);
    assert_int_equal(symlink("../elsewhere", "live/s"), 0);
    for (int big = 0; big < 2; big++) {
        writing_start(&w, "live", PUBLISH_INPLACE);
        send_careful(big);
        writing_end(&w);
    }
    has_text("target", "old");
    has_text("live/folder/mine", "mine");
    assert_int_equal(access("elsewhere/t", F_OK), -1);
    assert_int_equal(writing_count(&w, "", RELEASE_PARTIAL), 0);
}

/* A reader of the target sees the old file until the new one is whole. */
static void in_place_is_hidden(void **state)
{
    (void)state;
    clean("live");
    (void)mkdir("live", 0755);
    put_text("live/big", "old");
    writing_start(&w, "live", PUBLISH_INPLACE);
    struct arrival *a = writing_file(&w, 0, "big", BIG);
    writing_open(&w, a);
    for (size_t i = 0; i < BIG_PARTS; i++) {
        writing_part(&w, a, i, INT64_MAX);
        has_text("live/big", "old");
    }
    writer_finish(w.writer, &a->file);
    assert_int_equal(writing_wait(&w, a), 0);
    assert_true(writing_is_there(&w, a));
    writing_end(&w);
}

/* What the owner of a file may get wrong, and a server may make it. */
static void wrong_sizes(void **state)
{
    (void)state;
    clean("sizes");
    writing_start(&w, "sizes", PUBLISH_ATOMIC);
    struct arrival *a = writing_file(&w, 0, "small", 10);
    struct chunk *c = writing_chunk(&w);
    c->len = 9;
    writer_put(w.writer, &a->file, c);
    assert_int_equal(writing_wait(&w, a), -EBADMSG);

    a = writing_file(&w, 1, "parts are missing", BIG);
    writing_open(&w, a);
    writing_part(&w, a, 1, INT64_MAX);
    writing_part(&w, a, 0, MIB); /* and never whole */
    writer_finish(w.writer, &a->file);
    assert_int_equal(writing_wait(&w, a), -EBADMSG);
    assert_string_equal(a->text, "it is shorter than listed");

    static const int64_t beyond[] = {BIG, BIG + 100 * MIB, -1};
    for (size_t i = 0; i < 3; i++) {
        a = writing_file(&w, 2, "too long", BIG);
        writing_open(&w, a);
        c = writing_chunk(&w);
        c->offset = beyond[i];
        c->len = 1;
        writer_write(w.writer, &a->file, c);
        assert_int_equal(writing_wait(&w, a), -EBADMSG);
        assert_string_equal(a->text, "it is longer than listed");
        writer_part(w.writer, &a->file, 0); /* late, and of no use */
        writer_finish(w.writer, &a->file);
    }
    static const int64_t sizes[] = {INT64_MAX, -1, (int64_t)65 << 40};
    for (size_t i = 0; i < 3; i++) {
        a = writing_file(&w, 3, "no size at all", sizes[i]);
        writing_open(&w, a);
        assert_int_equal(a->opened, -EFBIG);
    }
    assert_int_equal(writing_count(&w, "", ""), 0);
    writing_end(&w);
}

static void odd_names_and_times(void **state)
{
    (void)state;
    clean("odd");
    writing_start(&w, "odd", PUBLISH_ATOMIC);
    struct arrival *a = writing_file(&w, 0, "", 1);
    memset(a->path, 'x', 1100);
    assert_int_equal(send_small(a), -ENAMETOOLONG);
    for (size_t i = 0; i < 3; i++)
        a->path[i * 256 + 255] = '/';
    a->path[1023] = '\0';
    again(a);
    assert_int_equal(send_small(a), 0);

    struct stat st;
    a = writing_file(&w, 1, "before 1970", 0);
    a->file.mtime = -1500000001;
    const mode_t mask = umask(027);
    assert_int_equal(send_small(a), 0);
    (void)umask(mask);
    assert_int_equal(lstat("odd/before 1970", &st), 0);
    assert_int_equal(st.st_mode & 07777, 0640);
    assert_int_equal(tree_mtime(&st), -1500000001);
    assert_int_equal(a->file.mtime, -1500000001);

    a = writing_file(&w, 2, "empty", 0); /* as large files go */
    assert_int_equal(send_large(a), 0);
    assert_int_equal(lstat("odd/empty", &st), 0);
    assert_int_equal(st.st_size, 0);
    writing_end(&w);
}

/* Folders that are new get the mode that they have in the old version. */
static void modes_of_folders(void **state)
{
    (void)state;
    struct stat st;
    clean("before");
    clean("after");
    (void)mkdir("before", 0755);
    (void)mkdir("before/private", 0700);
    memset(&w, 0, sizeof w);
    assert_int_equal(uv_loop_init(&w.loop), 0);
    (void)snprintf(w.folder, sizeof w.folder, "after");
    tree_init(&w.release.fresh, writing_folder("after"));
    tree_init(&w.release.old, writing_folder("before"));
    w.writer = writer_new(&w.loop, &w.release, &w, writing_on_room);
    assert_int_equal(send_small(writing_file(&w, 0, "private/f", 1)), 0);
    assert_int_equal(stat("after/private", &st), 0);
    assert_int_equal(st.st_mode & 07777, 0700);
    writing_end(&w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(small_files),
        cmocka_unit_test(large_file),
        cmocka_unit_test(sums),
        cmocka_unit_test(other_parts),
        cmocka_unit_test(groups_of_parts),
        cmocka_unit_test(atomic_leftovers),
        cmocka_unit_test(in_place_is_careful),
        cmocka_unit_test(in_place_is_hidden),
        cmocka_unit_test(wrong_sizes),
        cmocka_unit_test(odd_names_and_times),
        cmocka_unit_test(modes_of_folders),
    };
    char folder[] = "/tmp/mainstay-writer.XXXXXX"; /* a disk, where there is one */
    if (!mkdtemp(folder) || chdir(folder) < 0)
        return 1;
    int rc = cmocka_run_group_tests(tests, NULL, NULL);
    if (chdir("/") < 0 || tree_clear(AT_FDCWD, folder) < 0)
        return 1;
    return rc;
}
