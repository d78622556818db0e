/* Protects the reading of one access log line: which day, which path, or that it has none. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "traffic/logformat.h"

#define T "[21/Nov/2026:07:26:01 +0000]"
#define HEAD "127.0.0.1 - - " T " "
#define TAIL " 200 12 \"-\" \"curl/7.88.1\""

struct line_case {
    const char *line;
    enum logformat_kind kind;
    const char *path; /* for LINE_PATH */
};

// clang-format off
static const struct line_case cases[] = {
    /* the formats: combined, ViewBovis with $host, common, with more quoted fields */
    {HEAD "\"GET /sample HTTP/1.1\"" TAIL, LINE_PATH, "/sample"},
    {"10.0.0.1, 10.0.0.2 - - " T " \"view.test\" \"GET /sample HTTP/1.1\" 200 3 \"-\" \"x\" 0.001", LINE_PATH, "/sample"},
    {HEAD "\"GET / HTTP/2.0\" 200 12", LINE_PATH, "/"},
    {HEAD "\"GET / HTTP/2.0\" 200", LINE_PATH, "/"},
    {HEAD "\"host\" \"upstream\" \"POST /a HTTP/1.1\" 201 0", LINE_PATH, "/a"},
    {"\"first\" - - " T " \"GET /a HTTP/1.1\" 200 0", LINE_PATH, "/a"},
    {"::1 - - " T " \"GET /a HTTP/1.1\" 200 0", LINE_PATH, "/a"},
    {"unix: - - " T " \"GET /a HTTP/1.1\" 200 0", LINE_PATH, "/a"},
    {"h - - [21/Nov/2026:23:59:60 -0930] \"GET /a HTTP/1.1\" 200 0", LINE_PATH, "/a"},

    /* exact paths, without the query, as they were sent */
    {HEAD "\"GET /sample?id=1&x=/sample/related HTTP/1.1\"" TAIL, LINE_PATH, "/sample"},
    {HEAD "\"GET /sample/related?x HTTP/1.1\"" TAIL, LINE_PATH, "/sample/related"},
    {HEAD "\"GET /sample#top HTTP/1.1\"" TAIL, LINE_PATH, "/sample"},
    {HEAD "\"GET /sample/ HTTP/1.1\"" TAIL, LINE_PATH, "/sample/"},
    {HEAD "\"GET /%73ample HTTP/1.1\"" TAIL, LINE_PATH, "/%73ample"},
    {HEAD "\"GET //sample HTTP/1.1\"" TAIL, LINE_PATH, "//sample"},
    {HEAD "\"GET /a\\x22b HTTP/1.1\" 404 1", LINE_PATH, "/a\\x22b"},
    {HEAD "\"GET /sample HTTP/1.1\" 404 1", LINE_PATH, "/sample"},
    {HEAD "\"get /a HTTP/1.1\" 400 1", LINE_PATH, "/a"},
    {HEAD "\"GET /a b c HTTP/1.1\" 400 1", LINE_PATH, "/a b c"},
    {HEAD "\"GET http://view.test/sample?x HTTP/1.1\"" TAIL, LINE_PATH, "/sample"},
    {HEAD "\"GET HTTPS://view.test HTTP/1.1\"" TAIL, LINE_PATH, "/"},
    {HEAD "\"GET http://view.test?x=/a HTTP/1.1\"" TAIL, LINE_PATH, "/"},

    /* HTTP/0.9 has no version; a request that was cut has none either, and a guessed path */
    {HEAD "\"GET /\" 200 12", LINE_PATH, "/"},
    {HEAD "\"GET /slow\" 408 0", LINE_NO_PATH, NULL},
    {HEAD "\"GET /slow\" 400 0", LINE_NO_PATH, NULL},

    /* requests without a path */
    {HEAD "\"\" 408 0 \"-\" \"-\"", LINE_NO_PATH, NULL},
    {HEAD "\"-\" 400 0 \"-\" \"-\"", LINE_NO_PATH, NULL},
    {HEAD "\"\\x16\\x03\\x01\\x02\\x00\" 400 157 \"-\" \"-\"", LINE_NO_PATH, NULL},
    {HEAD "\"PRI * HTTP/2.0\" 400 157", LINE_NO_PATH, NULL},
    {HEAD "\"OPTIONS * HTTP/1.1\" 200 0", LINE_NO_PATH, NULL},
    {HEAD "\"CONNECT a:443 HTTP/1.1\" 400 0", LINE_NO_PATH, NULL},
    {HEAD "\"GET\" 400 0", LINE_NO_PATH, NULL},
    {HEAD "\"GET \" 400 0", LINE_NO_PATH, NULL},
    {HEAD "\"GET  /a HTTP/1.1\" 400 0", LINE_NO_PATH, NULL},
    {HEAD "\"GET ?x HTTP/1.1\" 400 0", LINE_NO_PATH, NULL},

    /* $remote_user comes from the client: brackets, blanks, a false time */
    {"127.0.0.1 - x [01/Jan/2020 " T " \"GET /a HTTP/1.1\" 200 0", LINE_PATH, "/a"},
    {"h - [01/Jan/2020:00:00:00 +0000] " T " \"GET /a HTTP/1.1\" 200 0", LINE_PATH, "/a"},
    {"h - j doe " T " \"GET / HTTP/2.0\" 401 0", LINE_PATH, "/"},

    /* what a client can write into later fields changes nothing */
    {HEAD "\"GET /a HTTP/1.1\" 200 0 \"-\" \"" T " \\x22GET /sample HTTP/1.1\\x22 200\"", LINE_PATH, "/a"},
    {HEAD "\"GET /a HTTP/1.1\" 200 0 \"-\" \"x " T " \"GET /sample HTTP/1.1\" 200", LINE_PATH, "/a"},

    /* the other way of escaping: Apache, gunicorn, escape=json */
    {HEAD "\"GET /a\\\"b HTTP/1.1\" 200 0", LINE_PATH, "/a\\\"b"},
    {HEAD "\"GET /a\\\\\" 200 0", LINE_PATH, "/a\\\\"},
    {HEAD "\"GET /a\\\" 200 0 \\\"x HTTP/1.1\" 200 0", LINE_PATH, "/a\\\" 200 0 \\\"x"},

    /* other days */
    {"h - - [20/Nov/2026:23:59:59 +0000] \"GET /a HTTP/1.1\" 200 0", LINE_OTHER_DAY, NULL},
    {"h - - [21/Nov/2025:07:26:01 +0000] \"\" 408 0", LINE_OTHER_DAY, NULL},

    /* no lines of such a log */
    {"", LINE_UNREADABLE, NULL},
    {"\"", LINE_UNREADABLE, NULL},
    {"GET /sample HTTP/1.1", LINE_UNREADABLE, NULL},
    {"h - - [21/Nov/2026:07:26:01] \"GET /a HTTP/1.1\" 200 0", LINE_UNREADABLE, NULL},
    {"h - - [2026-11-21T07:26:01+00:00] \"GET /a HTTP/1.1\" 200 0", LINE_UNREADABLE, NULL},
    {"h - - (21/Nov/2026:07:26:01 +0000) \"GET /a HTTP/1.1\" 200 0", LINE_UNREADABLE, NULL},
    {T " \"GET /a HTTP/1.1\"", LINE_UNREADABLE, NULL},
    {T " \"GET /a HTTP/1.1\" 20", LINE_UNREADABLE, NULL},
    {T " \"GET /a HTTP/1.1\" 2000 1", LINE_UNREADABLE, NULL},
    {T " \"GET /a HTTP/1.1", LINE_UNREADABLE, NULL},
    {T " \"GET /a HTTP/1.1\\\" 200 0", LINE_UNREADABLE, NULL},
    {T " \"", LINE_UNREADABLE, NULL},
    {T " \"a\" \"", LINE_UNREADABLE, NULL},
    {HEAD "\"1\" \"2\" \"3\" \"4\" \"5\" \"6\" \"7\" \"8\" \"GET /a HTTP/1.1\" 200 0", LINE_UNREADABLE, NULL},
};
// clang-format on

/* Every line is read from memory that ends where the line does, so that sanitizers see more. */
static enum logformat_kind read_exactly(const char *line, char *path, size_t size)
{
    size_t len = strlen(line);
    char *copy = malloc(len + 1);
    struct span found = {0};
    assert_non_null(copy);
    memcpy(copy + 1, line, len);
    copy[0] = '\\'; /* what stands before a line is no part of it */
    enum logformat_kind kind = logformat_read(copy + 1, len, "21/Nov/2026", &found);
    (void)snprintf(path, size, "%.*s", (int)found.len, found.text ? found.text : "");
    free(copy);
    return kind;
}

static void every_kind_of_line(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char path[256];
        enum logformat_kind kind = read_exactly(cases[i].line, path, sizeof path);
        const char *expected = cases[i].path ? cases[i].path : "";
        if (kind != cases[i].kind || strcmp(path, expected) != 0)
            fail_msg("%s\n  is kind %d, path '%s'", cases[i].line, (int)kind, path);
    }
}

static void no_prefix_of_a_line_is_read_beyond(void **state)
{
    (void)state;
    static const char whole[] =
        "10.0.0.1 - - " T " \"host\" \"GET /sample?x HTTP/1.1\" 200 3 \"-\"";
    char line[sizeof whole];
    char path[256];
    for (size_t len = 0; len < sizeof whole; len++) {
        (void)snprintf(line, sizeof line, "%.*s", (int)len, whole);
        enum logformat_kind kind = read_exactly(line, path, sizeof path);
        /* only a line that has its status is one: the last of a live log may be half written */
        const char *status = strstr(line, "\" 200");
        assert_int_equal(kind, status ? LINE_PATH : LINE_UNREADABLE);
    }
}

static void days_are_english(void **state)
{
    (void)state;
    char day[LOGFORMAT_DAY_LEN + 1];
    logformat_day(2026, 11, 1, day);
    assert_string_equal(day, "01/Nov/2026");
    logformat_day(2024, 2, 29, day);
    assert_string_equal(day, "29/Feb/2024");
    logformat_day(1999, 12, 31, day);
    assert_string_equal(day, "31/Dec/1999");
    logformat_day(2027, 1, 9, day);
    assert_string_equal(day, "09/Jan/2027");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_kind_of_line),
        cmocka_unit_test(no_prefix_of_a_line_is_read_beyond),
        cmocka_unit_test(days_are_english),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
