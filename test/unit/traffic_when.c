/* Protects the times of log lines: every way nginx writes them, and those that are none. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "traffic/when.h"

#include "dice.h"

static bool read_text(struct when *w, const char *text, struct moment *m)
{
    size_t len = strlen(text);
    char *copy = malloc(len + 1); /* ends where the text does, for the sanitizer */
    assert_non_null(copy);
    memcpy(copy + 1, text, len);
    bool good = when_read(w, (struct span){copy + 1, len}, m);
    free(copy);
    return good;
}

struct time_case {
    const char *text;
    int64_t epoch; /* -1: no time */
    const char *date;
    int hour;
};

// clang-format off
static const struct time_case cases[] = {
    {"21/Nov/2026:07:26:01 +0000", 1795245961, "2026-11-21", 7},
    {"21/Nov/2026:00:30:00 +0100", 1795217400, "2026-11-21", 0},
    {"20/Nov/2026:23:30:00 +0000", 1795217400, "2026-11-20", 23},
    {"20/Nov/2026:14:00:00 -0930", 1795217400, "2026-11-20", 14},
    {"01/Jan/1970:00:00:00 +0000", 0, "1970-01-01", 0},
    {"29/Feb/2024:12:00:00 +0000", 1709208000, "2024-02-29", 12},
    {"31/Dec/2016:23:59:60 +0000", 1483228799, "2016-12-31", 23},
    {"31/Dec/9999:23:59:59 +0000", 253402300799, "9999-12-31", 23},
    {"29/Feb/2023:12:00:00 +0000", -1, "", 0},
    {"29/Feb/2100:12:00:00 +0000", -1, "", 0},
    {"31/Apr/2026:12:00:00 +0000", -1, "", 0},
    {"00/Nov/2026:12:00:00 +0000", -1, "", 0},
    {"21/nov/2026:12:00:00 +0000", -1, "", 0},
    {"21/Nov/1969:12:00:00 +0000", -1, "", 0},
    {"21/Nov/2026:24:00:00 +0000", -1, "", 0},
    {"21/Nov/2026:12:60:00 +0000", -1, "", 0},
    {"21/Nov/2026:12:00:61 +0000", -1, "", 0},
    {"21/Nov/2026:12:00:00 +0060", -1, "", 0},
    {"21/Nov/2026:12:00:00 00000", -1, "", 0},
    {"21/Nov/2026:12:00:00_+0000", -1, "", 0},
    {"21/Nov/2026:1 :00:00 +0000", -1, "", 0},
    {"21/Nov/2026:12:00:00 +000", -1, "", 0},

    {"2026-11-21T07:26:01+00:00", 1795245961, "2026-11-21", 7},
    {"2026-11-21T07:26:01Z", 1795245961, "2026-11-21", 7},
    {"2026-11-21 08:26:01.123456+0100", 1795245961, "2026-11-21", 8},
    {"2026-11-21T07:26:01,5-00:30", 1795247761, "2026-11-21", 7},
    {"2026-11-21T07:26:01", -1, "", 0},
    {"2026-11-31T07:26:01Z", -1, "", 0},
    {"2026-11-21X07:26:01Z", -1, "", 0},
    {"2026-11-21T07:26:01.Z", 1795245961, "2026-11-21", 7},
    {"2026-11-21T07:26:01.5", -1, "", 0},
    {"2026-", -1, "", 0},

    {"1795245961.123", 1795245961, "2026-11-21", 7},
    {"1795245961", 1795245961, "2026-11-21", 7},
    {"1795245961123", 1795245961, "2026-11-21", 7},
    {"0.000", 0, "1970-01-01", 0},
    {"", -1, "", 0},
    {"-", -1, "", 0},
    {".5", -1, "", 0},
    {"1795245961.x", -1, "", 0},
    {"99999999999999999999", -1, "", 0},
    {"now", -1, "", 0},
};
// clang-format on

static void assert_moment(const struct time_case *c, struct when *w)
{
    struct moment m = {0};
    char date[16];
    bool good = read_text(w, c->text, &m);
    if (good != (c->epoch >= 0))
        fail_msg("'%s' is %s", c->text, good ? "a time" : "no time");
    if (!good)
        return;
    int year, month, mday;
    when_date(m.day, &year, &month, &mday);
    (void)snprintf(date, sizeof date, "%04d-%02d-%02d", year, month, mday);
    if (m.epoch != c->epoch || strcmp(date, c->date) != 0 || m.hour != c->hour)
        fail_msg("'%s' is %lld, %s, hour %d", c->text, (long long)m.epoch, date, m.hour);
}

static void every_way_to_write_a_time(void **state)
{
    (void)state;
    struct when kept;
    when_init(&kept);
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct when fresh;
        when_init(&fresh);
        assert_moment(&cases[i], &fresh);
        assert_moment(&cases[i], &kept);
        assert_moment(&cases[i], &kept);
    }
}

/* What is remembered never changes what is read: random neighbours, and garbage in between. */
static void remembering_changes_nothing(void **state)
{
    (void)state;
    static const char *const zones[] = {"+0000", "+0200", "-0930"};
    struct when kept;
    when_init(&kept);
    for (int i = 0; i < 20000; i++) {
        char text[64];
        struct moment a = {0}, b = {0};
        struct when fresh;
        when_init(&fresh);
        (void)snprintf(text, sizeof text, "%02u/Nov/2026:%02u:%02u:%02u %s", 20 + dice(2), dice(26),
                       dice(2) == 0 ? dice(62) : 5, dice(62), zones[dice(3)]);
        if (dice(20) == 0)
            text[dice(26)] = (char)(' ' + (char)dice(90));
        bool first = read_text(&kept, text, &a);
        bool second = read_text(&fresh, text, &b);
        assert_int_equal(first, second);
        assert_int_equal(a.epoch, b.epoch);
        assert_int_equal(a.day, b.day);
        assert_int_equal(a.hour, b.hour);
    }
}

/* $msec has no zone of its own: its day is that of the machine, summer and winter. */
static void seconds_are_of_local_days(void **state)
{
    (void)state;
    struct moment m;
    struct when w;
    assert_int_equal(setenv("TZ", "Europe/Berlin", 1), 0);
    tzset();
    when_init(&w);
    assert_true(read_text(&w, "1774745999.999", &m)); /* 2026-03-29 01:59:59 CET */
    assert_int_equal(m.hour, 1);
    assert_true(read_text(&w, "1774746000.000", &m)); /* 03:00:00 CEST */
    assert_int_equal(m.hour, 3);
    assert_true(read_text(&w, "1795215600.000", &m)); /* 2026-11-21 00:00:00 CET */
    assert_int_equal(m.hour, 0);
    assert_int_equal(m.day, 20778);
    assert_true(read_text(&w, "1795215599.000", &m));
    assert_int_equal(m.hour, 23);
    assert_int_equal(m.day, 20777);
    assert_int_equal(setenv("TZ", "UTC", 1), 0);
    tzset();
}

static void days_go_there_and_back(void **state)
{
    (void)state;
    int32_t expected = 0;
    for (int year = 1970; year < 2500; year++)
        for (int month = 1; month <= 12; month++)
            for (int mday = 1; mday <= 31; mday++) {
                int32_t day;
                int y, m, d;
                if (!when_day(year, month, mday, &day))
                    continue;
                assert_int_equal(day, expected++);
                when_date(day, &y, &m, &d);
                assert_true(y == year && m == month && d == mday);
            }
    int32_t day;
    assert_false(when_day(2026, 13, 1, &day));
    assert_false(when_day(2026, 0, 1, &day));
    assert_false(when_day(10000, 1, 1, &day));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_way_to_write_a_time),
        cmocka_unit_test(remembering_changes_nothing),
        cmocka_unit_test(seconds_are_of_local_days),
        cmocka_unit_test(days_go_there_and_back),
    };
    (void)setenv("TZ", "UTC", 1);
    tzset();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
