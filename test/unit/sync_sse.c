/* Protects the headers of server-side encryption and the file of a customer's key. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/fd.h"
#include "sync/s3/sse.h"

static const char raw[] = "0123456789abcdefghijklmnopqrstuv";
/* both by Python's base64 and hashlib */
static const char key64[] = "MDEyMzQ1Njc4OWFiY2RlZmdoaWprbG1ub3BxcnN0dXY=";
static const char sum64[] = "qkvGcbTBx6OOKYAPUO9jRg==";

/* What sse_init says of a file with this content. */
static int with_file(struct sse *s, const char *data, size_t len, mode_t mode, struct err *e)
{
    char path[] = "/tmp/mainstay-unit.XXXXXX";
    int fd = mkstemp(path);
    assert_true(fd >= 0);
    assert_int_equal(fd_write_all(fd, data, len), 0);
    assert_int_equal(fchmod(fd, mode), 0);
    fd_close(&fd);
    const struct sse_query q = {.key_file = path};
    int rc = sse_init(s, &q, e);
    assert_int_equal(unlink(path), 0);
    return rc;
}

static void keys_of_ours(void **state)
{
    (void)state;
    struct sse s;
    struct err e;
    char line[64];
    (void)snprintf(line, sizeof line, "%s\n", key64);
    const char *const files[] = {raw, key64, line};
    for (size_t i = 0; i < 3; i++) {
        assert_int_equal(with_file(&s, files[i], strlen(files[i]), 0600, &e), 0);
        assert_string_equal(s.object[0].value, "AES256");
        assert_string_equal(s.object[1].name, "x-amz-server-side-encryption-customer-key");
        assert_string_equal(s.object[1].value, key64);
        assert_string_equal(s.object[2].value, sum64);
        assert_null(s.object[3].name);
        assert_null(s.store[0].name);
        sse_close(&s);
    }
}

static void files_that_are_none(void **state)
{
    (void)state;
    struct sse s;
    struct err e;
    assert_int_equal(with_file(&s, raw, 31, 0600, &e), -EINVAL);
    assert_int_equal(with_file(&s, raw, 0, 0600, &e), -EINVAL);
    assert_int_equal(with_file(&s, key64, 40, 0600, &e), -EINVAL);
    assert_null(strstr(e.text, "MDEy")); /* not even half a key gets into a sentence */
    assert_int_equal(with_file(&s, raw, 32, 0640, &e), -EINVAL);
    assert_non_null(strstr(e.text, "chmod 600"));
    const struct sse_query missing = {.key_file = "/nonexistent/key"};
    assert_int_equal(sse_init(&s, &missing, &e), -ENOENT);
    const struct sse_query folder = {.key_file = "/tmp"};
    assert_true(sse_init(&s, &folder, &e) < 0);
    sse_close(&s);
}

static void keys_of_the_server(void **state)
{
    (void)state;
    struct sse s;
    struct err e;
    const struct sse_query none = {0};
    assert_int_equal(sse_init(&s, &none, &e), 0);
    assert_null(s.store[0].name);
    assert_null(s.object[0].name);
    const struct sse_query kms = {.how = "aws:kms", .kms_key_id = "arn:x"};
    assert_int_equal(sse_init(&s, &kms, &e), 0);
    assert_string_equal(s.store[0].name, "x-amz-server-side-encryption");
    assert_string_equal(s.store[0].value, "aws:kms");
    assert_string_equal(s.store[1].name, "x-amz-server-side-encryption-aws-kms-key-id");
    assert_string_equal(s.store[1].value, "arn:x");
    assert_null(s.store[2].name);
    assert_null(s.object[0].name);
    sse_close(&s);
}

/* Where others can listen, a key of ours is not said. */
static void where_a_key_may_go(void **state)
{
    (void)state;
    static const struct {
        const char *origin;
        int rc;
    } cases[] = {
        {"https://s3.example.com", 0},     {"http://127.0.0.1:9000", 0},
        {"http://[::1]:9000", 0},          {"http://localhost", 0},
        {"http://s3.example.com", -EPERM}, {"http://127.0.0.1.example.com:9000", -EPERM},
        {"http://169.254.170.2", -EPERM},
    };
    struct sse s;
    struct err e;
    assert_int_equal(with_file(&s, raw, 32, 0600, &e), 0);
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        assert_int_equal(sse_allows(&s, cases[i].origin, &e), cases[i].rc);
    assert_null(strstr(e.text, key64));
    sse_close(&s);
    assert_int_equal(sse_allows(&s, "http://s3.example.com", &e), 0); /* there is no key */
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(keys_of_ours),
        cmocka_unit_test(files_that_are_none),
        cmocka_unit_test(keys_of_the_server),
        cmocka_unit_test(where_a_key_may_go),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
