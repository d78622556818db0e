/* Protects the command line of mainstay-traffic: values, sentences, what fits together; days. */
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
#include "traffic/day.h"
#include "traffic/options.h"
#include "traffic/place.h"

enum { TODAY = 20778, WORDS_MAX = 40 }; /* 2026-11-21 */

static struct options o; /* too large for a stack */

/* Words with blanks between them; returns what options_parse does. */
static int parse(const char *words, struct err *e)
{
    static char text[512];
    static char name[] = "mainstay-traffic";
    char *argv[WORDS_MAX] = {name};
    int argc = 1;
    (void)snprintf(text, sizeof text, "%s", words);
    for (char *word = strtok(text, " "); word != NULL; word = strtok(NULL, " "))
        argv[argc++] = word;
    argv[argc] = NULL;
    return options_parse(&o, argv, TODAY, e);
}

static void without_options_it_is_today_as_json(void **state)
{
    (void)state;
    assert_int_equal(parse("--log a", NULL), 0);
    assert_int_equal(o.log_count, 1);
    assert_string_equal(o.logs[0], "a");
    assert_string_equal(o.format, "auto");
    assert_int_equal(o.days, DAYS_ONE);
    assert_int_equal(o.day, TODAY);
    assert_int_equal(o.outputs, 1U << OUTPUT_JSON);
    assert_null(o.out);
    assert_false(o.json_stdout || o.quiet);
}

static void all_options_are_taken(void **state)
{
    (void)state;
    assert_int_equal(parse("--log a --log=b --format combined --day 2026-02-28 --state s --route / "
                           "--route=/x* --out o --name n --report html,text --quiet --json-stdout",
                           NULL),
                     0);
    assert_int_equal(o.log_count, 2);
    assert_string_equal(o.logs[1], "b");
    assert_int_equal(o.route_count, 2);
    assert_string_equal(o.routes[1], "/x*");
    assert_string_equal(o.format, "combined");
    assert_string_equal(o.state, "s");
    assert_string_equal(o.out, "o");
    assert_string_equal(o.name, "n");
    assert_int_equal(o.outputs, 1U << OUTPUT_HTML | 1U << OUTPUT_TEXT);
    assert_int_equal(o.day, 20512);
    assert_true(o.quiet && o.json_stdout);
    assert_int_equal(parse("--log a --day all --compat viewbovis", NULL), 0);
    assert_int_equal(o.days, DAYS_ALL);
    assert_int_equal(o.compat, COMPAT_VIEWBOVIS);
    assert_int_equal(parse("--log a --date today", NULL), 0); /* as it was called before */
    assert_int_equal(o.day, TODAY);
    assert_int_equal(parse("--help", NULL), 0);
    assert_true(o.help);
    assert_int_equal(parse("--version", NULL), 0);
    assert_true(o.version);
}

static void what_is_wrong_has_its_sentence(void **state)
{
    (void)state;
    // clang-format off
    static const struct { const char *words, *sentence; } cases[] = {
        {"", "no log was given; --log FILE names one"},
        {"x.log", "'x.log' is no option; logs are given with --log"},
        {"--lag x", "unknown option '--lag', did you mean --log? --help lists them"},
        {"-xy", "unknown option '-xy'; --help lists them"},
        {"--log", "--log needs a value: FILE"},
        {"--log=", "--log must not be empty"},
        {"--quiet=1", "--quiet takes no value"},
        {"--log x --day 2026-02-30", "--day: '2026-02-30' is no day; write YYYY-mm-dd, today or all"},
        {"--log x --date 21.11.26", "--date: '21.11.26' is no day; write YYYY-mm-dd, today or all"},
        {"--log x --report pdf", "--report: 'pdf' is not json, text or html, or some of them"},
        {"--log x --report json,", "--report: 'json,' is not json, text or html, or some of them"},
        {"--log x --compat apache", "--compat: 'apache' is not viewbovis"},
        {"--log x --compat viewbovis --report text",
         "--compat viewbovis is a shape of JSON; leave --report out"},
        {"--log x --name a/b --out o", "--name: 'a/b' is a path; --out names the folder"},
        {"--log x --name a", "--name is for the files in a folder; --out names it"},
    };
    // clang-format on
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct err e = {0};
        assert_int_equal(parse(cases[i].words, &e), -EINVAL);
        assert_string_equal(e.text, cases[i].sentence);
    }
}

static void lists_have_an_end(void **state)
{
    (void)state;
    static char route[] = "--route", log[] = "--log", path[] = "/";
    static char *argv[2 * OPTIONS_ROUTES_MAX + 8] = {log};
    struct err e = {0};
    for (int i = 1; i < 2 * OPTIONS_ROUTES_MAX + 4; i += 2) {
        argv[i] = route;
        argv[i + 1] = path;
    }
    assert_int_equal(options_parse(&o, argv, TODAY, &e), -EINVAL);
    assert_string_equal(e.text, "--route: at most 1000 can be given");
    for (int i = 1; i < 2 * OPTIONS_LOGS_MAX + 4; i += 2)
        argv[i] = log;
    assert_int_equal(options_parse(&o, argv, TODAY, &e), -EINVAL);
    assert_string_equal(e.text, "--log: at most 64 logs can be given");
}

/* --help has every option, and none of its lines is wider than a terminal with room. */
static void help_has_all_options(void **state)
{
    (void)state;
    struct buf text = BUF_EMPTY;
    options_help(&text);
    for (const char *at = buf_str(&text); *at != '\0';) {
        size_t len = strcspn(at, "\n");
        assert_true(len <= 104);
        at += len + 1;
    }
    assert_non_null(strstr(buf_str(&text), "\n  --state FILE        remember"));
    assert_null(strstr(buf_str(&text), "--date"));
    buf_close(&text);
}

static void days_are_those_of_the_calendar(void **state)
{
    (void)state;
    // clang-format off
    static const struct { const char *text; int32_t day; } cases[] = {
        {"1970-01-01", 0}, {"1970-01-02", 1}, {"1969-12-31", -1}, {"2000-02-29", 11016},
        {"2026-11-21", TODAY}, {"9999-12-31", 2932896}, {"2011-12-30", 15338},
    };
    static const char *const none[] = {
        "2026-02-29", "2026-13-01", "2026-1-1", "", "2026-11-21x", "x026-11-21", "2026/11/21",
    };
    // clang-format on
    char text[DAY_TEXT_SIZE];
    int32_t day = 77;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        assert_int_equal(day_parse(cases[i].text, &day, NULL), 0);
        assert_int_equal(day, cases[i].day);
        assert_string_equal(day_text(day, text), cases[i].text);
    }
    for (size_t i = 0; i < sizeof none / sizeof *none; i++) {
        struct err e;
        assert_int_equal(day_parse(none[i], &day, &e), -EINVAL);
    }
    assert_int_equal(setenv("TZ", "XXX+11", 1), 0);
    tzset();
    assert_int_equal(day_today(TODAY * 86400 + 3600 * 10), TODAY - 1);
    assert_int_equal(day_today(TODAY * 86400 + 3600 * 12), TODAY);
    assert_int_equal(setenv("TZ", "XXX-13", 1), 0);
    tzset();
    assert_int_equal(day_today(TODAY * 86400 + 3600 * 12), TODAY + 1);
}

/* What --out means: a file, one for each day, or a folder, which is made when / says that it is. */
static void places(void **state)
{
    (void)state;
    char folder[] = "/tmp/traffic-target-XXXXXX";
    struct place t;
    struct err e;
    assert_non_null(mkdtemp(folder));
    for (int i = 0; i < 4; i++) {
        static const char *const behind[] = {"/x", "/x_%Y-%m-%d", "", "/made/"};
        char out[64];
        (void)snprintf(out, sizeof out, "%s%s", folder, behind[i]);
        struct options given = {.logs = {"/var/log/web.log"}, .log_count = 1, .out = out};
        assert_int_equal(place_init(&t, &given, &e), 0);
        assert_int_equal(t.folder, i >= 2);
        assert_int_equal(t.by_day, i >= 1);
        assert_string_equal(t.name, "web");
        struct buf text = BUF_EMPTY;
        buf_text(&text, "{}\n");
        assert_int_equal(place_write(&t, TODAY, OUTPUT_HTML, &text, &e), 0);
        buf_close(&text);
        place_close(&t);
    }
    static const char *const files[] = {
        "/x", "/x_2026-11-21", "/web_2026-11-21.html", "/made/web_2026-11-21.html", "/made", ""};
    for (size_t i = 0; i < sizeof files / sizeof *files; i++) {
        char *path = mem_printf("%s%s", folder, files[i]);
        assert_int_equal(remove(path), 0);
        mem_free(path);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(without_options_it_is_today_as_json),
        cmocka_unit_test(all_options_are_taken),
        cmocka_unit_test(what_is_wrong_has_its_sentence),
        cmocka_unit_test(lists_have_an_end),
        cmocka_unit_test(help_has_all_options),
        cmocka_unit_test(days_are_those_of_the_calendar),
        cmocka_unit_test(places),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
