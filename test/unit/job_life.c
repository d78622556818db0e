/* Protects the decisions about the life of jobs: how long retries wait, and when a job is missed. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdlib.h>
#include <time.h>

#include "jobs/backoff.h"
#include "jobs/expect.h"
#include "jobs/record.h"
#include "jobs/say.h"

static void pauses_are_doubled(void **state)
{
    // clang-format off
    static const struct { int64_t delay, most; int64_t failed; int64_t pause; } rows[] = {
        {10000, 3600000, 0, 0},
        {10000, 3600000, 1, 10000},
        {10000, 3600000, 2, 20000},
        {10000, 3600000, 3, 40000},
        {10000, 3600000, 9, 2560000},
        {10000, 3600000, 10, 3600000},
        {10000, 3600000, 1000, 3600000},
        {10000, 10000, 3, 10000},
        {10000, 1000, 3, 10000}, /* never below the first */
        {10000, 0, 3, 10000},
        {0, 3600000, 5, 0},
        {INT64_C(86400000), INT64_C(86400000), 1000, INT64_C(86400000)},
        {1, INT64_C(86400000), 1000, INT64_C(86400000)},
    };
    // clang-format on
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        const struct job_config config = {.retry_delay_ms = rows[i].delay,
                                          .retry_delay_max_ms = rows[i].most};
        assert_int_equal(backoff_pause(&config, rows[i].failed), rows[i].pause);
    }
}

enum { HOUR = 3600 };
#define NOW INT64_C(1795240195)

static void missed_when_it_is_time(void **state)
{
    // clang-format off
    static const struct { int64_t good, since, grace, every; int64_t due; } rows[] = {
        {NOW, 0, 0, 26 * HOUR, NOW + 26 * HOUR},
        {NOW, NOW - HOUR, 0, 26 * HOUR, NOW + 26 * HOUR},   /* it has succeeded since */
        {0, NOW, 0, 26 * HOUR, NOW + 26 * HOUR},            /* it never has */
        {NOW - 60 * HOUR, 0, NOW + HOUR, 26 * HOUR, NOW + HOUR}, /* the machine was off */
        {NOW - 20 * HOUR, 0, NOW + HOUR, 26 * HOUR, NOW + 6 * HOUR},
    };
    // clang-format on
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        const struct job_expect e = {
            .good = rows[i].good, .since = rows[i].since, .grace = rows[i].grace};
        assert_int_equal(expect_due(&e, rows[i].every), rows[i].due);
    }
    assert_int_equal(expect_grace(HOUR, NOW), NOW + 360);
    assert_int_equal(expect_grace(26 * HOUR, NOW), NOW + HOUR);
    assert_int_equal(expect_grace(1, NOW), NOW);
}

/* A clock that was in 1970, or in the future, and is right now: nothing is missed, or forgotten. */
static void wrong_clocks_are_no_reason(void **state)
{
    // clang-format off
    static const struct { struct job_expect was, is; } rows[] = {
        {{.good = NOW - 5}, {.good = NOW - 5}},
        {{.good = 1000}, {.good = NOW}},
        {{.good = NOW + 9}, {.good = NOW}},
        {{.good = NOW + 20000 * INT64_C(3600)}, {.good = NOW}},
        {{.since = 1000}, {.since = NOW}},
        {{.since = NOW - 90000}, {.since = NOW - 90000}},
        {{.good = NOW, .grace = 1300}, {.good = NOW, .grace = NOW + 360}},
        {{.good = NOW, .grace = NOW + 360}, {.good = NOW, .grace = NOW + 360}},
        {{.good = NOW, .grace = NOW - 360}, {.good = NOW, .grace = NOW - 360}},
        {{.good = NOW, .grace = NOW + 10 * INT64_C(3600)}, {.good = NOW, .grace = NOW + 360}},
    };
    // clang-format on
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct job_expect e = rows[i].was;
        expect_adjust(&e, HOUR, NOW);
        assert_int_equal(e.good, rows[i].is.good);
        assert_int_equal(e.since, rows[i].is.since);
        assert_int_equal(e.grace, rows[i].is.grace);
    }
}

/* The day of the next run in words, in the zone of the machine, over a change of its clocks. */
static void days_are_said(void **state)
{
    // clang-format off
    static const struct { int64_t now, at; const char *text; } rows[] = {
        {1795240195, 1795240196, "today 06:49"},    /* Sat 21 Nov 2026 06:49:55 */
        {1795240195, 1795301999, "today 23:59"},
        {1795240195, 1795302000, "tomorrow 00:00"},
        {1795301999, 1795302000, "tomorrow 00:00"},
        {1795240195, 1795312800, "tomorrow 03:00"},
        {1795240195, 1795399200, "Mon 03:00"},
        {1795240195, 1795744800, "Fri 03:00"},
        {1795240195, 1795831200, "2026-11-28 03:00"},
        {1795240195, 1830045600, "2027-12-29 03:00"},
        {1795240195, 1795200000, "2026-11-20 19:40"}, /* past: the clock was set back */
        {1774738799, 1774738800, "tomorrow 00:00"},   /* into the day of 23 hours */
        {1774738800, 1774821600, "tomorrow 00:00"},
    };
    // clang-format on
    (void)state;
    assert_int_equal(setenv("TZ", "CET-1CEST,M3.5.0,M10.5.0/3", 1), 0);
    tzset();
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        char text[32];
        say_coming(rows[i].at, rows[i].now, text, sizeof text);
        assert_string_equal(text, rows[i].text);
    }
}

/* What an earlier daemon's history tells, line by line: of the last attempt, and only of attempts
 * and runs. */
static void the_history_is_recalled(void **state)
{
    // clang-format off
    static const struct { struct history_fact fact; const char *words; } rows[] = {
        {{.result = "expected", .why = "to succeed", .start = 5000, .end = 5000}, ""},
        {{.result = "", .attempt = 1, .start = 10000},
         "last begun at 1970-01-01 01:00:10, and has no end: the daemon or the machine went down"},
        {{.result = "failed", .why = "exit status 3", .attempt = 1, .start = 10000, .end = 12000},
         "last failed at 1970-01-01 01:00:12: exit status 3"},
        {{.result = "skipped", .why = "it runs", .start = 13000, .end = 13000},
         "last failed at 1970-01-01 01:00:12: exit status 3"},
        {{.result = "", .attempt = 2, .start = 20000},
         "last begun at 1970-01-01 01:00:20, and has no end: the daemon or the machine went down"},
        {{.result = "succeeded", .attempt = 2, .start = 20000, .end = 23000},
         "last succeeded at 1970-01-01 01:00:23, took 3.0 s"},
        {{.result = "failed", .why = "'data' has failed", .start = 30000, .end = 30000},
         "last failed at 1970-01-01 01:00:30: 'data' has failed"},
    };
    // clang-format on
    struct job_record r = {0};
    (void)state;
    assert_int_equal(setenv("TZ", "CET-1", 1), 0);
    tzset();
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct history_fact fact = rows[i].fact;
        struct buf words = BUF_EMPTY;
        fact.why = fact.why ? fact.why : "";
        record_recall(&r, &fact);
        assert_int_equal(record_describe(&r, &words), *rows[i].words != '\0');
        assert_string_equal(buf_str(&words), rows[i].words);
        buf_close(&words);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(pauses_are_doubled),         cmocka_unit_test(missed_when_it_is_time),
        cmocka_unit_test(wrong_clocks_are_no_reason), cmocka_unit_test(days_are_said),
        cmocka_unit_test(the_history_is_recalled),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
