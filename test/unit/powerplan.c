/* Protects the planned power-off: when it comes, who is told before, who may put it off for how
 * long, and what people may ask for; with clocks that are set in both directions. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "jobs/powerplan.h"

enum { SEC = 1000, MIN = 60 * SEC, HOUR = 60 * MIN };
#define DAY (INT64_C(24) * HOUR)

static struct arena arena;
static struct power_config config;
static struct power_plan plan;
static struct power_clock now;

static int64_t utc_offset(const struct calendar_zone *z, int64_t at)
{
    (void)z;
    (void)at;
    return 0;
}

static const struct calendar_zone utc = {utc_offset};

/* "2026-11-21 22:00:00", UTC, in ms. */
static int64_t at(const char *text)
{
    struct tm tm = {0};
    const char *end = strptime(text, "%Y-%m-%d %H:%M:%S", &tm);
    assert_true(end && !*end);
    return (int64_t)timegm(&tm) * 1000;
}

static void configure(const char *schedule, const char *warns, const char *inhibit, int64_t max)
{
    struct err e;
    config = (struct power_config){.postpone_max_ms = max};
    assert_int_equal(schedules_parse(schedule, &arena, &config.schedule, &e), 0);
    assert_int_equal(power_warns_parse(warns, &arena, &config, &e), 0);
    assert_int_equal(power_inhibitors_parse(inhibit, &arena, &config, &e), 0);
}

/* Every night at ten; it is so late. */
static void begin(const char *wall)
{
    configure("0 22 * * *", "10m,1m", "jobs", 3 * (int64_t)HOUR);
    powerplan_init(&plan);
    now = (struct power_clock){at(wall), 5000000};
    powerplan_settle(&plan, &config, &utc, now);
}

/* Time goes on, on both clocks. */
static void pass(int64_t ms)
{
    now.wall += ms;
    now.now += ms;
    powerplan_settle(&plan, &config, &utc, now);
}

/* Somebody sets the clock. */
static void set_clock(const char *wall)
{
    now.wall = at(wall);
    powerplan_settle(&plan, &config, &utc, now);
}

static struct power_verdict look(void)
{
    return powerplan_look(&plan, &config, now.wall);
}

static void expect_wait(const char *until)
{
    struct power_verdict v = look();
    assert_int_equal(v.deed, POWER_WAIT);
    assert_int_equal(v.at, until ? at(until) : -1);
}

static void expect_warn(int64_t left)
{
    struct power_verdict v = look();
    assert_int_equal(v.deed, POWER_WARN);
    assert_int_equal(v.left, left);
}

/* Its moment comes, and the warnings have been given. */
static void expect_asked(void)
{
    plan.warned = MIN;
    assert_int_equal(look().deed, POWER_ASK);
}

static void expect_deed(enum power_deed deed)
{
    assert_int_equal(look().deed, deed);
}

/* --- A day --------------------------------------------------------------------------------- */

static void test_night(void **unused)
{
    (void)unused;
    begin("2026-11-21 08:00:00");
    assert_int_equal(powerplan_due(&plan), at("2026-11-21 22:00:00"));
    expect_wait("2026-11-21 21:50:00");
    pass(13 * HOUR + 50 * MIN);
    expect_warn(10 * MIN);
    expect_wait("2026-11-21 21:59:00");
    pass(9 * MIN);
    expect_warn(MIN);
    expect_wait("2026-11-21 22:00:00");
    pass(MIN);
    expect_deed(POWER_ASK);
    powerplan_done(&plan, now.wall);
    pass(0);
    assert_int_equal(powerplan_due(&plan), at("2026-11-22 22:00:00"));
}

/* The loop was busy, or the clock jumped a little: one warning is enough. */
static void test_warnings_that_are_late(void **unused)
{
    (void)unused;
    begin("2026-11-21 21:49:00");
    pass(10 * MIN + 30 * SEC);
    expect_warn(30 * SEC);
    expect_wait("2026-11-21 22:00:00");
    begin("2026-11-21 21:55:00"); /* started among the warnings */
    expect_warn(5 * MIN);
    expect_wait("2026-11-21 21:59:00");
    configure("0 22 * * *", "", "", 0);
    expect_wait("2026-11-21 22:00:00");
}

/* Started just behind it: the next one is tomorrow's. */
static void test_started_behind_it(void **unused)
{
    (void)unused;
    begin("2026-11-21 22:00:01");
    expect_wait("2026-11-22 21:50:00");
}

static void test_no_plan(void **unused)
{
    struct err e;
    (void)unused;
    configure("", "10m", "", HOUR);
    powerplan_init(&plan);
    now = (struct power_clock){at("2026-11-21 08:00:00"), 0};
    pass(0);
    expect_wait(NULL);
    assert_true(powerplan_postpone(&plan, HOUR, now, &e) < 0);
    assert_string_equal(e.text, "nothing is planned");
    assert_true(powerplan_cancel(&plan, now.wall, &e) < 0);
}

/* --- Who puts it off ----------------------------------------------------------------------- */

static void test_held(void **unused)
{
    (void)unused;
    begin("2026-11-21 21:00:00");
    pass(HOUR);
    expect_asked();
    assert_true(powerplan_held(&plan, &config, now.wall));
    expect_wait("2026-11-21 22:01:00");
    for (int asked = 0; asked < 179; asked++) {
        pass(MIN);
        expect_deed(POWER_ASK);
        assert_true(powerplan_held(&plan, &config, now.wall));
    }
    assert_int_equal(now.wall, at("2026-11-22 00:59:00"));
    assert_int_equal(powerplan_due(&plan), at("2026-11-21 22:00:00"));
    expect_wait("2026-11-22 01:00:00");
    pass(MIN);
    expect_deed(
        POWER_ASK); /* they are asked once more, so that the log knows whom it was against */
    assert_false(powerplan_held(&plan, &config, now.wall));
}

static void test_held_by_no_means(void **unused)
{
    (void)unused;
    begin("2026-11-21 21:00:00");
    config.postpone_max_ms = 0;
    pass(HOUR);
    expect_asked();
    assert_false(powerplan_held(&plan, &config, now.wall));
}

/* A short time is asked for more often. */
static void test_held_shortly(void **unused)
{
    (void)unused;
    begin("2026-11-21 22:00:00");
    config.postpone_max_ms = 40 * SEC;
    powerplan_set(&plan, now.wall, false, now);
    expect_deed(POWER_ASK);
    assert_true(powerplan_held(&plan, &config, now.wall));
    expect_wait("2026-11-21 22:00:02");
    pass(39 * SEC + 500);
    assert_true(powerplan_held(&plan, &config, now.wall));
    expect_wait("2026-11-21 22:00:40");
}

/* The machine sleeps while somebody holds it up. */
static void test_held_overnight(void **unused)
{
    (void)unused;
    begin("2026-11-21 21:00:00");
    pass(HOUR);
    assert_true(powerplan_held(&plan, &config, now.wall));
    set_clock("2026-11-22 08:00:00");
    expect_deed(POWER_LATE);
}

/* --- Clocks -------------------------------------------------------------------------------- */

static void test_slept_over(void **unused)
{
    (void)unused;
    begin("2026-11-21 21:00:00");
    set_clock("2026-11-21 22:09:00");
    expect_asked(); /* nine minutes are nothing */
    begin("2026-11-21 21:00:00");
    set_clock("2026-11-22 08:00:00");
    expect_deed(POWER_LATE);
    powerplan_done(&plan, now.wall);
    pass(0);
    expect_wait("2026-11-22 21:50:00");
}

/* The clock is set beyond it before anybody was told: they have a last minute. */
static void test_unwarned(void **unused)
{
    (void)unused;
    begin("2026-11-21 21:49:00");
    config.postpone_max_ms = 0;
    set_clock("2026-11-21 22:09:59");
    expect_warn(MIN);
    expect_wait("2026-11-21 22:10:59");
    assert_false(powerplan_missed(&plan, now.wall));
    pass(MIN);
    expect_deed(POWER_ASK);
    set_clock("2026-11-21 21:55:00"); /* and back: everybody knows */
    expect_wait("2026-11-21 22:00:00");
    begin("2026-11-21 21:59:50");
    configure("0 22 * * *", "2s", "", 0);
    set_clock("2026-11-21 22:00:00");
    expect_warn(2 * SEC);
    begin("2026-11-21 21:59:50");
    configure("0 22 * * *", "", "", 0); /* nobody wants to be told */
    set_clock("2026-11-21 22:00:00");
    expect_deed(POWER_ASK);
    begin("2026-11-21 12:00:00");
    powerplan_set(&plan, now.wall, true, now); /* at once, by hand */
    expect_deed(POWER_ASK);
}

static void test_set_back(void **unused)
{
    struct err e;
    (void)unused;
    begin("2026-11-21 21:00:00");
    pass(HOUR);
    assert_int_equal(powerplan_cancel(&plan, now.wall, &e), 0);
    set_clock("2026-11-21 21:30:00");
    expect_wait("2026-11-22 21:50:00"); /* not again */
    set_clock("2026-11-20 12:00:00");
    expect_wait("2026-11-20 21:50:00"); /* it was wrong before */
    pass(10 * HOUR);
    assert_true(powerplan_held(&plan, &config, now.wall));
    set_clock("2026-11-20 21:58:00"); /* back in front of it: it is told again */
    plan.warned = 10 * MIN;
    expect_wait("2026-11-20 21:59:00");
}

static void test_1970(void **unused)
{
    (void)unused;
    begin("1970-01-01 21:59:59");
    assert_int_equal(powerplan_due(&plan), -1);
    expect_wait("2020-01-01 00:00:00");
    set_clock("2026-11-21 12:00:00");
    expect_wait("2026-11-21 21:50:00");
    set_clock("1970-01-02 00:00:00");
    assert_int_equal(powerplan_due(&plan), -1);
    set_clock("2026-11-21 12:00:10");
    expect_wait("2026-11-21 21:50:00");
}

/* What is to be in half an hour is in half an hour. */
static void test_in_by_a_wrong_clock(void **unused)
{
    (void)unused;
    begin("1970-01-01 00:10:00");
    powerplan_set(&plan, now.wall + 30 * MIN, true, now);
    pass(0);
    expect_wait("1970-01-01 00:30:00");
    pass(10 * MIN);
    set_clock("2026-11-21 12:00:00");
    expect_wait("2026-11-21 12:10:00");
    pass(20 * MIN);
    expect_asked();
}

/* --- By hand ------------------------------------------------------------------------------- */

static void test_when(void **unused)
{
    // clang-format off
    static const struct { const char *text, *at; bool in; } good[] = {
        {"22:30", "2026-11-21 22:30:00", false},
        {"08:00", "2026-11-22 08:00:00", false},
        {"12:00", "2026-11-22 12:00:00", false}, /* it is just that */
        {"2026-11-22 06:05", "2026-11-22 06:05:00", false},
        {"2026-12-01 00:00", "2026-12-01 00:00:00", false},
        {"+30m", "2026-11-21 12:30:00", true},
        {"+90", "2026-11-21 12:01:30", true},
        {"+0", "2026-11-21 12:00:00", true},
    };
    static const char *const bad[] = {
        "", "now", "24:00", "22:60", "22", "22:30x", "2026-11-21 11:00", "2025-11-22 06:00",
        "2026-11-31 06:00", "2027-11-21 06:00", "2027-03-01 06:00", "+", "+-5m", "+31d", "30m",
    };
    // clang-format on
    int64_t wall = at("2026-11-21 12:00:00");
    int64_t got = 0;
    bool in = false;
    struct err e;
    (void)unused;
    for (size_t i = 0; i < sizeof good / sizeof *good; i++) {
        assert_int_equal(powerplan_when(good[i].text, &utc, wall, &got, &in, &e), 0);
        assert_int_equal(got, at(good[i].at));
        assert_int_equal(in, good[i].in);
    }
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        if (powerplan_when(bad[i], &utc, wall, &got, &in, &e) == 0)
            fail_msg("'%s' is understood", bad[i]);
        assert_true(*e.text);
    }
}

/* It takes the place of the scheduled one, which comes back when it is cancelled. */
static void test_by_hand(void **unused)
{
    struct err e;
    (void)unused;
    begin("2026-11-21 20:00:00");
    powerplan_set(&plan, at("2026-11-21 23:30:00"), false, now);
    plan.action = POWER_REBOOT;
    pass(0);
    assert_int_equal(powerplan_action(&plan, &config), POWER_REBOOT);
    expect_wait("2026-11-21 23:20:00");
    assert_int_equal(powerplan_cancel(&plan, now.wall, &e), 0);
    pass(0);
    assert_int_equal(powerplan_action(&plan, &config), POWER_OFF);
    expect_wait("2026-11-21 21:50:00");
    powerplan_set(&plan, at("2026-11-21 23:30:00"), false, now);
    pass(3 * HOUR);
    assert_int_equal(powerplan_cancel(&plan, now.wall, &e), 0);
    pass(0);
    expect_wait("2026-11-22 21:50:00"); /* that of ten is over */
}

static void test_cancel_scheduled(void **unused)
{
    struct err e;
    (void)unused;
    begin("2026-11-21 21:55:00");
    assert_int_equal(powerplan_cancel(&plan, now.wall, &e), 0);
    pass(0);
    expect_wait("2026-11-22 21:50:00");
    pass(10 * MIN);
    expect_wait("2026-11-22 21:50:00");
}

/* In the morning: it is hours away, and that is no clock that was wrong. */
static void test_cancel_early(void **unused)
{
    struct err e;
    (void)unused;
    begin("2026-11-21 08:00:00");
    assert_int_equal(powerplan_cancel(&plan, now.wall, &e), 0);
    pass(0);
    expect_wait("2026-11-22 21:50:00");
    assert_int_equal(powerplan_cancel(&plan, now.wall, &e), 0); /* and tomorrow's, too */
    pass(0);
    expect_wait("2026-11-23 21:50:00");
    pass(30 * (int64_t)HOUR);
    expect_wait("2026-11-23 21:50:00");
    set_clock("2026-11-22 13:30:00"); /* set back a little */
    expect_wait("2026-11-23 21:50:00");
    set_clock("2026-11-20 12:00:00"); /* it was wrong when that was said */
    expect_wait("2026-11-20 21:50:00");
    begin("2026-11-21 08:00:00");
    assert_int_equal(powerplan_postpone(&plan, HOUR, now, &e), 0);
    pass(0);
    expect_wait("2026-11-21 22:50:00");
    assert_int_equal(powerplan_cancel(&plan, now.wall, &e), 0);
    pass(0);
    expect_wait("2026-11-22 21:50:00"); /* what was put off is cancelled, and not back at ten */
}

static void test_postpone(void **unused)
{
    struct err e;
    (void)unused;
    begin("2026-11-21 21:55:00");
    expect_warn(5 * MIN);
    assert_int_equal(powerplan_postpone(&plan, HOUR, now, &e), 0);
    pass(0);
    expect_wait("2026-11-21 22:50:00"); /* everybody is told anew */
    assert_int_equal(powerplan_postpone(&plan, 30 * MIN, now, &e), 0);
    pass(0);
    expect_wait("2026-11-21 23:20:00");
    assert_int_equal(powerplan_cancel(&plan, now.wall, &e), 0);
    pass(0);
    expect_wait("2026-11-22 21:50:00");
    assert_true(powerplan_postpone(&plan, 0, now, &e) < 0);
    assert_true(powerplan_postpone(&plan, 40 * DAY, now, &e) < 0);
}

/* While somebody holds it up, from now on; and their time begins anew. */
static void test_postpone_what_is_held(void **unused)
{
    struct err e;
    (void)unused;
    begin("2026-11-21 21:00:00");
    pass(HOUR);
    assert_true(powerplan_held(&plan, &config, now.wall));
    pass(30 * MIN);
    assert_int_equal(powerplan_postpone(&plan, HOUR, now, &e), 0);
    pass(0);
    expect_wait("2026-11-21 23:20:00");
    pass(HOUR);
    expect_asked();
    assert_int_equal(powerplan_limit(&plan, &config), at("2026-11-22 02:30:00"));
}

/* Another schedule is read: what was asked for stays. */
static void test_another_schedule(void **unused)
{
    (void)unused;
    begin("2026-11-21 20:00:00");
    expect_wait("2026-11-21 21:50:00");
    configure("30 20 * * *", "10m", "", HOUR);
    pass(0);
    expect_wait("2026-11-21 20:20:00");
    powerplan_set(&plan, at("2026-11-21 21:00:00"), false, now);
    configure("0 23 * * *", "10m", "", HOUR);
    pass(0);
    expect_wait("2026-11-21 20:50:00");
    configure("", "", "", HOUR);
    pass(0);
    expect_wait("2026-11-21 21:00:00");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_night),
        cmocka_unit_test(test_warnings_that_are_late),
        cmocka_unit_test(test_started_behind_it),
        cmocka_unit_test(test_no_plan),
        cmocka_unit_test(test_held),
        cmocka_unit_test(test_held_by_no_means),
        cmocka_unit_test(test_held_shortly),
        cmocka_unit_test(test_held_overnight),
        cmocka_unit_test(test_slept_over),
        cmocka_unit_test(test_unwarned),
        cmocka_unit_test(test_set_back),
        cmocka_unit_test(test_1970),
        cmocka_unit_test(test_in_by_a_wrong_clock),
        cmocka_unit_test(test_when),
        cmocka_unit_test(test_by_hand),
        cmocka_unit_test(test_cancel_scheduled),
        cmocka_unit_test(test_cancel_early),
        cmocka_unit_test(test_postpone),
        cmocka_unit_test(test_postpone_what_is_held),
        cmocka_unit_test(test_another_schedule),
    };
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    arena_close(&arena);
    return failed;
}
