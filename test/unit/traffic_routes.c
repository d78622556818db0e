/* Protects routes: which one a request belongs to, and what is refused. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "traffic/routes.h"

#include "dice.h"

static struct record request(const char *method, const char *path, int status)
{
    struct record r = {.have = FIELD_BIT(FIELD_METHOD) | FIELD_BIT(FIELD_STATUS), .status = status};
    r.field[FIELD_METHOD] = (struct span){method, strlen(method)};
    if (path != NULL) {
        r.have |= FIELD_BIT(FIELD_PATH);
        r.field[FIELD_PATH] = (struct span){path, strlen(path)};
    }
    return r;
}

static void must_add(struct routes *s, const char *text)
{
    struct err e = {0};
    if (routes_add(s, text, &e) < 0)
        fail_msg("%s", e.text);
}

static void belongs(struct routes *s, const char *method, const char *path, int status,
                    const char *name)
{
    struct record r = request(method, path, status);
    int found = routes_find(s, &r);
    const char *is = found == ROUTES_NONE ? "none" : routes_name(s, (size_t)found);
    if (strcmp(is, name) != 0)
        fail_msg("%s %s %d belongs to %s, not %s", method, path ? path : "-", status, is, name);
}

static void exact_then_longest_then_first(void **state)
{
    (void)state;
    struct routes s;
    routes_init(&s);
    must_add(&s, "~^/sample/[0-9]+$");
    must_add(&s, "~[0-9]");
    must_add(&s, "/sample/*");
    must_add(&s, "/sample");
    must_add(&s, "/");
    must_add(&s, "/sample/related");
    must_add(&s, "/sam*");
    must_add(&s, "~*\\.HTML$");
    must_add(&s, "/sample"); /* twice the same is one */
    assert_int_equal(s.count, 8);
    belongs(&s, "GET", "/", 200, "/");
    belongs(&s, "GET", "/sample", 200, "/sample");
    belongs(&s, "GET", "/sample/related", 200, "/sample/related");
    belongs(&s, "GET", "/sample/", 200, "/sample/*");
    belongs(&s, "GET", "/sample/1", 200, "/sample/*");
    belongs(&s, "GET", "/sampler", 200, "/sam*");
    belongs(&s, "GET", "/sam", 200, "/sam*");
    belongs(&s, "GET", "/x1", 200, "~[0-9]");
    belongs(&s, "GET", "/x/a.html", 200, "~*\\.HTML$");
    belongs(&s, "GET", "/x", 200, "none");
    belongs(&s, "GET", "/sa", 200, "none");
    belongs(&s, "GET", NULL, 400, "none");
    assert_int_equal(routes_fields(&s), FIELD_BIT(FIELD_PATH));
    routes_close(&s);
}

static void methods_and_statuses(void **state)
{
    (void)state;
    struct routes s;
    routes_init(&s);
    must_add(&s, "GET,HEAD /a 2xx,304");
    must_add(&s, "POST /a");
    must_add(&s, "/a 500-599");
    must_add(&s, "/a*");
    must_add(&s, "~^/b c$ 404"); /* a path may have blanks in it */
    must_add(&s, "/b c");
    must_add(&s, "/b 20");
    belongs(&s, "GET", "/a", 200, "GET,HEAD /a 2xx,304");
    belongs(&s, "HEAD", "/a", 304, "GET,HEAD /a 2xx,304");
    belongs(&s, "GET", "/a", 301, "/a*");
    belongs(&s, "POST", "/a", 503, "POST /a");
    belongs(&s, "PUT", "/a", 503, "/a 500-599");
    belongs(&s, "get", "/a", 200, "/a*");
    belongs(&s, "GET", "/b c", 404, "/b c");
    belongs(&s, "GET", "/b 20", 200, "/b 20");
    belongs(&s, "GET", "/b", 200, "none");
    unsigned all = FIELD_BIT(FIELD_PATH) | FIELD_BIT(FIELD_METHOD) | FIELD_BIT(FIELD_STATUS);
    assert_int_equal(routes_fields(&s), all);
    routes_close(&s);
}

static void refuse(const char *text, const char *sentence)
{
    struct routes s;
    struct err e = {0};
    routes_init(&s);
    assert_int_equal(routes_add(&s, text, &e), -EINVAL);
    assert_string_equal(e.text, sentence);
    assert_int_equal(s.count, 0);
    routes_close(&s);
}

static void what_is_no_route_is_said(void **state)
{
    (void)state;
    char longest[ROUTES_TEXT_MAX + 2];
    refuse("sample", "the route 'sample' does not begin with / or ~");
    refuse("", "the route '' does not begin with / or ~");
    refuse("GET sample", "the route 'GET sample' does not begin with / or ~");
    refuse("G1T /a", "the route 'G1T /a' begins with neither a method nor / or ~");
    refuse("/a?x", "the route '/a?x' has a query string; paths are counted without");
    refuse("/a/*/b", "the route '/a/*/b' has a * before its end; write a regular expression: "
                     "~^/a/[^/]+/b$");
    refuse("~(", "the route '~(': is no regular expression at byte 1: missing closing parenthesis");
    refuse("/\xff", "a route is no UTF-8, so that no report could name it");
    memset(longest, 'x', sizeof longest - 1);
    longest[0] = '/';
    longest[sizeof longest - 1] = '\0';
    struct err e;
    struct routes s;
    routes_init(&s);
    assert_int_equal(routes_add(&s, longest, &e), -EINVAL);
    longest[ROUTES_TEXT_MAX] = '\0';
    must_add(&s, longest);
    belongs(&s, "GET", longest, 200, longest);
    for (int i = 1; i < ROUTES_MAX; i++) {
        char text[16];
        (void)snprintf(text, sizeof text, "/%d", i);
        must_add(&s, text);
    }
    assert_int_equal(routes_add(&s, "/more", &e), -E2BIG);
    assert_string_equal(e.text, "more than 1000 routes were given");
    routes_close(&s);
}

/* A regular expression that would never end gives up, and says how often. */
static void no_path_holds_us_up(void **state)
{
    (void)state;
    struct routes s;
    routes_init(&s);
    must_add(&s, "~^(/a+)+$");
    char *path = mem_alloc(ROUTES_SUBJECT_MAX + 2);
    memset(path, 'a', ROUTES_SUBJECT_MAX + 1);
    path[0] = '/';
    for (size_t i = 1; i < 4000; i += 2)
        path[i] = '/';
    path[ROUTES_SUBJECT_MAX] = '\0';
    must_add(&s, "~(x+x+)+[yz]");
    memset(path + 1, 'x', ROUTES_SUBJECT_MAX - 1);
    belongs(&s, "GET", path, 200, "none");
    assert_true(s.given_up > 0);
    uint64_t before = s.given_up;
    path[ROUTES_SUBJECT_MAX] = 'y'; /* one byte more is not looked at */
    belongs(&s, "GET", path, 200, "none");
    assert_int_equal(s.given_up, before);
    mem_free(path);
    routes_close(&s);
}

/* Against the rule in its plainest form. */
static const char *plain_find(const struct routes *s, const char *path)
{
    const char *best = "none";
    size_t longest = 0;
    for (size_t i = 0; i < s->count; i++) {
        const char *name = routes_name(s, i);
        size_t len = strlen(name);
        if (strcmp(name, path) == 0)
            return name;
        if (name[len - 1] == '*' && strncmp(name, path, len - 1) == 0 && len > longest) {
            best = name;
            longest = len;
        }
    }
    return best;
}

static void random_routes(void **state)
{
    (void)state;
    for (int round = 0; round < 60; round++) {
        struct routes s;
        char text[32];
        routes_init(&s);
        for (unsigned i = 0; i < 60; i++) {
            (void)snprintf(text, sizeof text, "/%.*s%u%s", (int)dice(12), "abababababab", dice(5),
                           dice(3) == 0 ? "*" : "");
            must_add(&s, text);
        }
        for (unsigned i = 0; i < 300; i++) {
            (void)snprintf(text, sizeof text, "/%.*s%u%.*s", (int)dice(12), "abababababab", dice(5),
                           (int)dice(3), "xx");
            belongs(&s, "GET", text, 200, plain_find(&s, text));
        }
        routes_close(&s);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(exact_then_longest_then_first),
        cmocka_unit_test(methods_and_statuses),
        cmocka_unit_test(what_is_no_route_is_said),
        cmocka_unit_test(no_path_holds_us_up),
        cmocka_unit_test(random_routes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
