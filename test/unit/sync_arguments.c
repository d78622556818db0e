/* Protects the command line of mainstay-sync. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "sync/arguments.h"

static int parse(struct arguments *o, struct err *e, const char *text)
{
    static char copy[512];
    char *argv[32] = {(char *)(uintptr_t) "mainstay-sync"};
    int argc = 1;
    (void)snprintf(copy, sizeof copy, "%s", text);
    for (char *word = strtok(copy, " "); word; word = strtok(NULL, " "))
        argv[argc++] = word;
    return arguments_parse(o, argc, argv, e);
}

static void command_lines(void **state)
{
    (void)state;
    struct arguments o;
    struct err e;
    assert_int_equal(parse(&o, &e, "--exclude * s3://b/p --include=*.json --publish inplace -- -t"),
                     0);
    assert_string_equal(o.source, "s3://b/p");
    assert_string_equal(o.target, "-t");
    assert_int_equal(o.publish, PUBLISH_INPLACE);
    assert_int_equal(o.concurrency, 16);
    assert_int_equal(o.filter.count, 2);
    assert_false(o.filter.rules[0].include);
    assert_true(filter_wants(&o.filter, "a/b.json"));
    assert_false(filter_wants(&o.filter, "a/b"));
    arguments_close(&o);
    assert_int_equal(parse(&o, &e, "s3://b t --concurrency=8 --stall-timeout 5s --delete"), 0);
    assert_int_equal(o.concurrency, 8);
    assert_int_equal(o.stall_ms, 5000);
    assert_true(o.delete);
    arguments_close(&o);
    assert_int_equal(parse(&o, &e, "--help"), 0);
    // clang-format off
    static const char *const wrong[] = {
        "", "s3://b", "s3://b t u", "s3://b t --concurrency 0", "s3://b t --concurrency 257",
        "s3://b t --concurrency x", "s3://b t --concurrency", "s3://b t --publish both",
        "s3://b t --delete=yes", "s3://b t --endpoint=", "s3://b t --tries=0", "s3://b t -x",
    };
    // clang-format on
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        if (parse(&o, &e, wrong[i]) != -EINVAL)
            fail_msg("accepted: %s", wrong[i]);
    }
    assert_int_equal(parse(&o, &e, "s3://b t --delet"), -EINVAL);
    assert_non_null(strstr(e.text, "did you mean --delete?"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(command_lines),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
