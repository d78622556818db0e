/* Protects filters: aws's and rclone's patterns, checked against fnmatch and regular expressions. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <errno.h>
#include <fnmatch.h>
#include <regex.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "dice.h"
#include "sync/filter.h"

static void last_match_decides(void **state)
{
    (void)state;
    struct filter f = {0};
    struct err e;
    const struct filter none = {0};
    assert_int_equal(filter_add(&f, false, "*", &e), 0);
    assert_int_equal(filter_add(&f, true, "*.json", &e), 0);
    assert_int_equal(filter_add(&f, false, "old/*", &e), 0);
    assert_int_equal(filter_add(&f, true, "old/keep.json", &e), 0);
    assert_true(filter_wants(&none, "x"));
    assert_false(filter_wants(&f, "a.txt"));
    assert_true(filter_wants(&f, "a/b/c.json")); /* * matches slashes, as in aws s3 sync */
    assert_false(filter_wants(&f, "old/a.json"));
    assert_true(filter_wants(&f, "old/keep.json"));
    assert_int_equal(filter_add_rule(&f, "+ x", &e), -EINVAL);
    assert_non_null(strstr(e.text, "cannot be mixed"));
    filter_close(&f);
}

static void first_match_decides(void **state)
{
    (void)state;
    struct filter f = {0};
    struct err e;
    assert_int_equal(filter_add_lines(&f,
                                      "# what is kept\n\n- old/\r\n  + *.json  \n"
                                      ";+ *.txt\n+ /top/**\n- **",
                                      &e),
                     0);
    assert_int_equal(f.count, 4);
    assert_true(filter_wants(&f, "a/b.json"));
    assert_false(filter_wants(&f, "x/old/b.json"));
    assert_false(filter_wants(&f, "old/b.json"));
    assert_true(filter_wants(&f, "older/b.json"));
    assert_false(filter_wants(&f, "a.txt"));
    assert_true(filter_wants(&f, "top/deep/a.txt"));
    assert_false(filter_wants(&f, "x/top/a.txt"));
    assert_int_equal(filter_add_rule(&f, "!", &e), 0);
    assert_true(filter_wants(&f, "a.txt"));
    assert_int_equal(filter_add(&f, true, "x", &e), 0);
    filter_close(&f);
}

struct row {
    enum glob_style style;
    const char *pattern;
    const char *path;
    bool matches;
};

static void patterns(void **state)
{
    (void)state;
    // clang-format off
    static const struct row rows[] = {
        {GLOB_AWS,    "a*c",               "a/b/c",         true},
        {GLOB_AWS,    "a?c",               "a/c",           true},
        {GLOB_AWS,    "[!a]",              "/",             true},
        {GLOB_AWS,    "{a,b}",             "a",             false},
        {GLOB_AWS,    "{a,b}",             "{a,b}",         true},
        {GLOB_AWS,    "[x",                "[x",            true},
        {GLOB_AWS,    "\\*",               "*",             true},
        {GLOB_AWS,    "\\*",               "x",             false},
        {GLOB_AWS,    "caf?",              "caf\xc3\xa9",   true},
        {GLOB_AWS,    "caf?",              "caf\xe9",       true},
        {GLOB_AWS,    "caf[\xc3\xa0-\xc3\xaf]", "caf\xc3\xa9", true},
        {GLOB_AWS,    "[[:digit:]_]x",     "7x",            true},
        {GLOB_AWS,    "[[:digit:]_]x",     "ax",            false},
        {GLOB_AWS,    "[]a]",              "]",             true},
        {GLOB_AWS,    "[a-]",              "-",             true},
        {GLOB_RCLONE, "*.jpg",             "a/b.jpg",       true},
        {GLOB_RCLONE, "/*.jpg",            "a/b.jpg",       false},
        {GLOB_RCLONE, "/*.jpg",            "b.jpg",         true},
        {GLOB_RCLONE, "a*c",               "a/c",           false},
        {GLOB_RCLONE, "a**c",              "a/b/c",         true},
        {GLOB_RCLONE, "file.jpg",          "myfile.jpg",    false},
        {GLOB_RCLONE, "file.jpg",          "x/file.jpg",    true},
        {GLOB_RCLONE, "dir/",              "x/dir/y/z",     true},
        {GLOB_RCLONE, "dir/",              "dir",           false},
        {GLOB_RCLONE, "/dir/**",           "dir/a",         true},
        {GLOB_RCLONE, "*.{png,jp{e,}g}",   "x.jpg",         true},
        {GLOB_RCLONE, "*.{png,jp{e,}g}",   "x.jpeg",        true},
        {GLOB_RCLONE, "*.{png,jp{e,}g}",   "x.jp",          false},
        {GLOB_RCLONE, "{a}b",              "ab",            true},
        {GLOB_RCLONE, "a,b",               "a,b",           true},
        {GLOB_RCLONE, "\\{a,b\\}",         "{a,b}",         true},
        {GLOB_RCLONE, "a[^b]c",            "a/c",           false},
        {GLOB_RCLONE, "a?c",               "a/c",           false},
        {GLOB_RCLONE, "/",                 "x/y",           true},
    };
    // clang-format on
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct glob g;
        struct err e;
        assert_int_equal(glob_compile(&g, rows[i].style, rows[i].pattern, &e), 0);
        if (glob_matches(&g, rows[i].path) != rows[i].matches)
            fail_msg("%s on %s", rows[i].pattern, rows[i].path);
        glob_close(&g);
    }
}

static void wrong_patterns(void **state)
{
    (void)state;
    static const char *const wrong[] = {"", "[a", "{a", "a}", "a***b", "{{a+}}", "[]", "[a-"};
    struct glob g;
    struct err e;
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        e.text[0] = '\0';
        if (glob_compile(&g, GLOB_RCLONE, wrong[i], &e) != -EINVAL || !e.text[0])
            fail_msg("%s is accepted", wrong[i]);
    }
    char deep[3000];
    memset(deep, '{', sizeof deep - 1);
    deep[sizeof deep - 1] = '\0';
    assert_int_equal(glob_compile(&g, GLOB_RCLONE, deep + 2000, &e), -EINVAL);
    memset(deep, 'a', sizeof deep - 1);
    assert_int_equal(glob_compile(&g, GLOB_AWS, deep, &e), -EINVAL);
    struct filter f = {0};
    assert_int_equal(filter_add_rule(&f, "*.json", &e), -EINVAL);
    assert_int_equal(filter_add_rule(&f, "+", &e), -EINVAL);
    assert_int_equal(filter_add_rule(&f, "+ ", &e), -EINVAL);
    assert_int_equal(filter_add_lines(&f, "+ a\n\nx\n", &e), -EINVAL);
    assert_non_null(strstr(e.text, "line 3"));
    filter_close(&f);
}

/* What takes a backtracking matcher longer than the universe lasts. */
static void stars_without_end(void **state)
{
    (void)state;
    struct glob g;
    struct err e;
    char path[1025];
    memset(path, 'a', sizeof path - 1);
    path[sizeof path - 1] = '\0';
    assert_int_equal(glob_compile(&g, GLOB_AWS, "*a*a*a*a*a*a*a*a*a*a*a*a*a*a*a*a*a*b", &e), 0);
    assert_false(glob_matches(&g, path));
    path[sizeof path - 2] = 'b';
    assert_true(glob_matches(&g, path));
    glob_close(&g);
}

static void random_text(char *text, size_t max, const char *alphabet)
{
    size_t len = 1 + dice((unsigned)max);
    for (size_t i = 0; i < len; i++)
        text[i] = alphabet[dice((unsigned)strlen(alphabet))];
    text[len] = '\0';
}

static void as_fnmatch(void **state)
{
    (void)state;
    for (int i = 0; i < 60000; i++) {
        char pattern[16];
        char path[16];
        struct glob g;
        struct err e;
        random_text(pattern, 8, i % 2 ? "ab*?/" : "ab[]!-*");
        random_text(path, 8, "aabb/-");
        assert_int_equal(glob_compile(&g, GLOB_AWS, pattern, &e), 0);
        if (glob_matches(&g, path) != (fnmatch(pattern, path, 0) == 0))
            fail_msg("%s on %s", pattern, path);
        glob_close(&g);
    }
}

/* Pieces of rclone's patterns, and of POSIX's extended regular expressions. */
// clang-format off
static const struct { const char *glob; const char *regex; } pieces[] = {
    {"a", "a"}, {"b", "b"}, {"/", "/"}, {"*", "[^/]*"}, {"**", ".*"}, {"?", "[^/]"},
    {"{a,b}", "(a|b)"}, {"{/a,b*,}", "(/a|b[^/]*|)"},
};
// clang-format on

static void make_pattern(struct buf *glob, struct buf *regex)
{
    bool top = dice(3) == 0;
    buf_text(glob, top ? "/" : "");
    buf_text(regex, top ? "^" : "^(.*/)?");
    size_t start = glob->len;
    for (unsigned n = 1 + dice(4); n > 0; n--) {
        unsigned i = dice(sizeof pieces / sizeof *pieces);
        bool begins = glob->len == start && pieces[i].glob[0] == '/';
        bool stars = pieces[i].glob[0] == '*' && glob->len && glob->data[glob->len - 1] == '*';
        if (begins || stars)
            i = 0; /* a slash in front means something else; *** means nothing */
        buf_text(glob, pieces[i].glob);
        buf_text(regex, pieces[i].regex);
    }
    buf_text(regex, glob->data[glob->len - 1] == '/' ? ".*$" : "$");
}

static void as_regex(void **state)
{
    (void)state;
    for (int i = 0; i < 20000; i++) {
        struct buf pattern = BUF_EMPTY;
        struct buf text = BUF_EMPTY;
        char path[16];
        struct glob g;
        struct err e;
        regex_t regex;
        make_pattern(&pattern, &text);
        random_text(path, 8, "aabb/");
        assert_int_equal(regcomp(&regex, buf_str(&text), REG_EXTENDED | REG_NOSUB), 0);
        assert_int_equal(glob_compile(&g, GLOB_RCLONE, buf_str(&pattern), &e), 0);
        if (glob_matches(&g, path) != (regexec(&regex, path, 0, NULL, 0) == 0))
            fail_msg("%s (%s) on %s", buf_str(&pattern), buf_str(&text), path);
        glob_close(&g);
        regfree(&regex);
        buf_close(&text);
        buf_close(&pattern);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(last_match_decides), cmocka_unit_test(first_match_decides),
        cmocka_unit_test(patterns),           cmocka_unit_test(wrong_patterns),
        cmocka_unit_test(stars_without_end),  cmocka_unit_test(as_fnmatch),
        cmocka_unit_test(as_regex),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
