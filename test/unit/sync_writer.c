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

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(small_files),
        cmocka_unit_test(large_file),
    };
    char folder[] = "/dev/shm/mainstay-writer.XXXXXX";
    if (!mkdtemp(folder) || chdir(folder) < 0)
        return 1;
    int rc = cmocka_run_group_tests(tests, NULL, NULL);
    if (chdir("/") < 0 || tree_clear(AT_FDCWD, folder) < 0)
        return 1;
    return rc;
}
