/* Protects what an upload decides: what is sent, compared, kept, deleted or left alone. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <string.h>
#include <sys/stat.h>

#include "sync/push.h"
#include "sync/upload.h"

struct side {
    int64_t size;
    int64_t mtime;
    int64_t ctime;
};

static enum push_do decide(const struct arguments *o, const struct side *here,
                           const struct side *there)
{
    const struct walk_entry local = {.path = "a/b",
                                     .type = S_IFREG,
                                     .size = here ? here->size : 0,
                                     .mtime = here ? here->mtime : 0,
                                     .ctime = here ? here->ctime : 0};
    const struct remote_file remote = {.path = "a/b",
                                       .etag = "\"e\"",
                                       .size = there ? there->size : 0,
                                       .mtime = there ? there->mtime : 0};
    return push_decide(o, there ? &remote : NULL, here ? &local : NULL);
}

static void sizes_and_times_decide(void **state)
{
    (void)state;
    const struct arguments plain = {0};
    const struct arguments delete = {.delete = true};
    const struct arguments size_only = {.size_only = true};
    const struct arguments checksum = {.checksum = true};
    const int64_t second = 1000000000;
    const struct side object = {10, 100, 0};
    assert_int_equal(decide(&plain, &(struct side){10, 50, 60}, NULL), PUSH_SEND);
    assert_int_equal(decide(&plain, &(struct side){11, 50, 60}, &object), PUSH_SEND);
    assert_int_equal(decide(&plain, &(struct side){10, 50, 60}, &object), PUSH_KEEP);
    assert_int_equal(decide(&plain, &(struct side){10, 100 + second, 0}, &object), PUSH_SEND);
    assert_int_equal(decide(&plain, &(struct side){10, 99 + second, 0}, &object), PUSH_CHECK);
    assert_int_equal(decide(&plain, &(struct side){10, 50, 101}, &object), PUSH_CHECK);
    assert_int_equal(decide(&size_only, &(struct side){10, 100 + second, 0}, &object), PUSH_KEEP);
    assert_int_equal(decide(&size_only, &(struct side){9, 50, 60}, &object), PUSH_SEND);
    assert_int_equal(decide(&checksum, &(struct side){10, 50, 60}, &object), PUSH_CHECK);
    assert_int_equal(decide(&plain, NULL, &object), PUSH_PASS);
    assert_int_equal(decide(&delete, NULL, &object), PUSH_DELETE);
}

static void what_is_no_file_or_no_key(void **state)
{
    (void)state;
    struct arguments o = {.delete = true};
    struct err e;
    struct walk_entry link = {.path = "a", .type = S_IFLNK};
    struct walk_entry folder = {.path = "a/", .type = S_IFDIR};
    struct walk_entry latin = {.path = "caf\xe9", .type = S_IFREG};
    struct walk_entry partial = {.path = "x/.mainstay-get-0123456789abcdef", .type = S_IFREG};
    struct walk_entry left_out = {.path = "x/y.tmp", .type = S_IFREG};
    const struct remote_file odd = {.path = "a//b", .fault = KEY_EMPTY};
    char path[1100];
    memset(path, 'p', sizeof path);
    path[1024] = '\0';
    struct walk_entry fits = {.path = path, .type = S_IFREG};
    assert_int_equal(push_decide(&o, NULL, &fits), PUSH_SEND);
    path[1024] = 'p';
    path[1025] = '\0';
    assert_int_equal(push_decide(&o, NULL, &fits), PUSH_SKIP);
    assert_int_equal(push_decide(&o, NULL, &link), PUSH_SKIP);
    assert_int_equal(push_decide(&o, NULL, &folder), PUSH_PASS);
    assert_int_equal(push_decide(&o, NULL, &latin), PUSH_SKIP);
    assert_int_equal(push_decide(&o, NULL, &partial), PUSH_PASS);
    assert_int_equal(push_decide(&o, &odd, NULL), PUSH_PASS);
    assert_int_equal(filter_add(&o.filter, false, "*.tmp", &e), 0);
    assert_int_equal(push_decide(&o, NULL, &left_out), PUSH_PASS);
    filter_close(&o.filter);
}

static void parts_fit(void **state)
{
    (void)state;
    const int64_t mib = 1 << 20;
    assert_int_equal(upload_part_size(0), 0);
    assert_int_equal(upload_part_size(16 * mib), 0);
    assert_int_equal(upload_part_size(16 * mib + 1), 8 * mib);
    assert_int_equal(upload_part_size(80000 * mib), 8 * mib);
    assert_int_equal(upload_part_size(80000 * mib + 1), 9 * mib);
    for (int64_t size = 5 * 1024 * 1024 * mib; size > 16 * mib; size -= size / 7) {
        int64_t part = upload_part_size(size);
        assert_true((size + part - 1) / part <= 10000);
        assert_int_equal(part % mib, 0);
    }
}

static void names_tell_types(void **state)
{
    (void)state;
    assert_string_equal(upload_content_type("a/b.html"), "text/html");
    assert_string_equal(upload_content_type("B.JSON"), "application/json");
    assert_string_equal(upload_content_type("x.d/plain"), "application/octet-stream");
    assert_string_equal(upload_content_type("x.unknown"), "application/octet-stream");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(sizes_and_times_decide),
        cmocka_unit_test(what_is_no_file_or_no_key),
        cmocka_unit_test(parts_fit),
        cmocka_unit_test(names_tell_types),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
