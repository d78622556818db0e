/* Protects the note behind a half fetched file: believed only when it is right and of this boot. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "sync/local/partial.h"

enum { SIZE = 100, PART = 30, PARTS = 4, NOTE_BOOT = 24 };

static const struct partial object = {"a/path", "\"tag\"", SIZE, PART};

static int file_of_object(void)
{
    char data[SIZE];
    memset(data, 'd', sizeof data);
    int fd = memfd_create("partial", MFD_CLOEXEC);
    assert_true(fd >= 0);
    assert_int_equal(write(fd, data, sizeof data), sizeof data);
    assert_int_equal(partial_begin(fd, &object), 0);
    return fd;
}

static int64_t size_of(int fd)
{
    struct stat st;
    assert_int_equal(fstat(fd, &st), 0);
    return st.st_size;
}

static void parts_are_kept(void **state)
{
    (void)state;
    unsigned char parts[PARTS] = {9, 9, 9, 9};
    char data[SIZE];
    int fd = file_of_object();
    assert_int_equal(partial_parts(&object), PARTS);
    assert_int_equal(partial_load(fd, &object, parts), 0);
    assert_memory_equal(parts, "\0\0\0\0", PARTS);
    assert_int_equal(partial_mark(fd, &object, 0, true), 0);
    assert_int_equal(partial_mark(fd, &object, 2, true), 0);
    assert_int_equal(partial_mark(fd, &object, 3, true), 0);
    assert_int_equal(partial_mark(fd, &object, 2, false), 0);
    assert_int_equal(partial_load(fd, &object, parts), 0);
    assert_memory_equal(parts, "\1\0\0\1", PARTS);
    assert_int_equal(pread(fd, data, sizeof data, 0), sizeof data);
    for (size_t i = 0; i < sizeof data; i++)
        assert_int_equal(data[i], 'd');
    /* begun anew nothing is there */
    assert_int_equal(partial_begin(fd, &object), 0);
    assert_int_equal(partial_load(fd, &object, parts), 0);
    assert_memory_equal(parts, "\0\0\0\0", PARTS);
    close(fd);
}

static void other_objects(void **state)
{
    (void)state;
    static const struct partial others[] = {
        {"a/path", "\"other\"", SIZE, PART},
        {"a/path", "\"tag", SIZE, PART},
        {"a/other", "\"tag\"", SIZE, PART},
        {"a/path", "\"tag\"", SIZE - 1, PART},
        {"a/path", "\"tag\"", SIZE + 1, PART},
        {"a/path", "\"tag\"", SIZE, PART - 5},
        {"a/path", "", SIZE, PART},
        {"a/path", "\"tag\"", INT64_MAX, INT64_MAX},
    };
    unsigned char parts[SIZE];
    int fd = file_of_object();
    for (size_t i = 0; i < sizeof others / sizeof *others; i++)
        assert_true(partial_load(fd, &others[i], parts) < 0);
    assert_int_equal(partial_load(fd, &object, parts), 0);
    close(fd);
    /* without a tag nobody can tell */
    const struct partial untagged = {"a/path", "", SIZE, PART};
    fd = file_of_object();
    assert_int_equal(partial_begin(fd, &untagged), 0);
    assert_int_equal(partial_load(fd, &untagged, parts), -ESTALE);
    close(fd);
}

/* Cut off anywhere, or with any one byte wrong, it says nothing (or the byte said nothing). */
static void damaged(void **state)
{
    (void)state;
    unsigned char parts[PARTS];
    int fd = file_of_object();
    const int64_t end = size_of(fd);
    for (int64_t at = SIZE; at < end; at++) {
        char was = 0;
        assert_int_equal(pread(fd, &was, 1, at), 1);
        const char bad = (char)(was ^ 0x10);
        assert_int_equal(pwrite(fd, &bad, 1, at), 1);
        assert_int_equal(partial_load(fd, &object, parts), -ESTALE);
        assert_int_equal(pwrite(fd, &was, 1, at), 1);
    }
    assert_int_equal(partial_load(fd, &object, parts), 0);
    for (int64_t cut = end - 1; cut >= SIZE - 1; cut--) {
        assert_int_equal(ftruncate(fd, cut), 0);
        assert_int_equal(partial_load(fd, &object, parts), -ESTALE);
    }
    close(fd);
}

/* The machine crashed: only what was flushed is what was written. */
static void other_boots(void **state)
{
    (void)state;
    unsigned char parts[PARTS];
    int fd = file_of_object();
    assert_int_equal(partial_mark(fd, &object, 1, true), 0);
    assert_int_equal(pwrite(fd, "another-boot-", 13, SIZE + NOTE_BOOT), 13);
    assert_int_equal(partial_load(fd, &object, parts), -ESTALE);
    assert_int_equal(partial_seal(fd, &object), 0);
    assert_int_equal(partial_load(fd, &object, parts), 0);
    assert_memory_equal(parts, "\0\1\0\0", PARTS);
    /* it goes on in this boot, and is not sealed any more */
    assert_int_equal(pwrite(fd, "another-boot-", 13, SIZE + NOTE_BOOT), 13);
    assert_int_equal(partial_load(fd, &object, parts), -ESTALE);
    close(fd);
}

static void too_long(void **state)
{
    (void)state;
    char path[4096];
    unsigned char parts[PARTS];
    memset(path, 'p', sizeof path);
    path[sizeof path - 1] = '\0';
    const struct partial p = {path, "\"tag\"", SIZE, PART};
    int fd = file_of_object();
    assert_int_equal(partial_begin(fd, &p), -ENAMETOOLONG);
    assert_int_equal(partial_load(fd, &p, parts), -ENAMETOOLONG);
    close(fd);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(parts_are_kept), cmocka_unit_test(other_objects),
        cmocka_unit_test(damaged),        cmocka_unit_test(other_boots),
        cmocka_unit_test(too_long),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
