/* Protects counting: exact routes, the limit on found paths, and the JSON that comes out. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/buf.h"
#include "base/mem.h"
#include "traffic/count.h"
#include "traffic/report.h"

static void ask(struct count *c, const char *path, int times)
{
    for (int i = 0; i < times; i++)
        count_path(c, path, strlen(path));
}

static void assert_json(struct count *c, const char *expected)
{
    struct buf json = BUF_EMPTY;
    report_json(c, &json);
    assert_string_equal(buf_str(&json), expected);
    buf_close(&json);
}

static void only_given_routes_are_counted(void **state)
{
    (void)state;
    struct count *c = mem_alloc(sizeof *c);
    count_init(c);
    assert_true(count_add(c, "/sample/related"));
    assert_true(count_add(c, "/"));
    assert_true(count_add(c, "/sample"));
    assert_true(count_add(c, "/"));
    ask(c, "/sample/related", 2);
    ask(c, "/sample", 3);
    ask(c, "/sample/", 1);
    ask(c, "/sampler", 1);
    assert_int_equal(c->other, 2);
    assert_json(c, "{\n  \"/sample/related\": 2,\n  \"/\": 0,\n  \"/sample\": 3\n}\n");
    count_close(c);
    mem_free(c);
}

static void found_paths_are_sorted(void **state)
{
    (void)state;
    struct count *c = mem_alloc(sizeof *c);
    count_init(c);
    assert_json(c, "{}\n");
    ask(c, "/b", 1);
    ask(c, "/c", 2);
    ask(c, "/a", 1);
    ask(c, "/\"\\", 3);
    ask(c, "/\xff", 1); /* JSON cannot name it */
    count_path(c, "/a\0b", 4);
    assert_json(c, "{\n  \"/\\\"\\\\\": 3,\n  \"/c\": 2,\n  \"/a\": 1,\n  \"/b\": 1,\n"
                   "  \"other\": 2\n}\n");
    count_close(c);
    mem_free(c);
}

static void found_paths_have_a_limit(void **state)
{
    (void)state;
    struct count *c = mem_alloc(sizeof *c);
    char path[COUNT_PATH_MAX + 2];
    count_init(c);
    for (int i = 0; i < COUNT_ROUTES_MAX + 7; i++) {
        (void)snprintf(path, sizeof path, "/%d", i);
        ask(c, path, 2);
    }
    assert_int_equal(c->route_count, COUNT_ROUTES_MAX);
    assert_int_equal(c->other, 14);
    assert_int_equal(c->routes[COUNT_ROUTES_MAX - 1].requests, 2);
    assert_false(count_add(c, "/one-more"));
    count_close(c);

    memset(path, 'x', sizeof path);
    path[0] = '/';
    count_path(c, path, COUNT_PATH_MAX);
    count_path(c, path, COUNT_PATH_MAX + 1);
    assert_int_equal(c->route_count, 1);
    assert_int_equal(c->other, 1);
    path[COUNT_PATH_MAX + 1] = '\0';
    assert_false(count_add(c, path));
    assert_false(count_add(c, "/\xff"));
    count_close(c);
    mem_free(c);
}

static void names_follow_the_day(void **state)
{
    (void)state;
    struct tm day = {.tm_year = 126, .tm_mon = 10, .tm_mday = 21};
    struct err e;
    char *name = NULL;
    assert_int_equal(report_name("/var/log/requests_%Y-%m-%d", &day, &name, &e), 0);
    assert_string_equal(name, "/var/log/requests_2026-11-21");
    mem_free(name);
    name = NULL;
    assert_int_equal(report_name("", &day, &name, &e), -EINVAL);
    char pattern[8192];
    memset(pattern, 'x', sizeof pattern);
    pattern[sizeof pattern - 1] = '\0';
    assert_int_equal(report_name(pattern, &day, &name, &e), -ENAMETOOLONG);
    assert_null(name);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(only_given_routes_are_counted),
        cmocka_unit_test(found_paths_are_sorted),
        cmocka_unit_test(found_paths_have_a_limit),
        cmocka_unit_test(names_follow_the_day),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
