/* Protects schedules: what is understood and what is refused, and when they come, in zones of all
 * kinds, also in hours that clocks skip or show twice; against a slow and simple one. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "jobs/zones.h"

static struct arena arena;

static struct schedules parse(const char *text)
{
    struct schedules s;
    struct err e;
    if (schedules_parse(text, &arena, &s, &e) < 0)
        fail_msg("'%s' is refused: %s", text, e.text);
    return s;
}

static void set_zone(const char *zone)
{
    char path[128];
    (void)snprintf(path, sizeof path, "/usr/share/zoneinfo/%s", zone);
    assert_int_equal(setenv("TZ", path, 1), 0);
    tzset();
}

/* "2026-03-29 01:59:00 +0100" */
static const char *shown(int64_t at)
{
    static char text[64];
    struct tm tm;
    time_t when = (time_t)at;
    if (at < 0)
        return "never";
    assert_non_null(localtime_r(&when, &tm));
    (void)strftime(text, sizeof text, "%Y-%m-%d %H:%M:%S %z", &tm);
    return text;
}

/* The same, back. */
static int64_t moment(const char *text)
{
    struct tm tm = {0};
    int hours = 0;
    char sign = '+';
    int minutes = 0;
    int got = sscanf(text, "%d-%d-%d %d:%d:%d %c%2d%2d", &tm.tm_year, &tm.tm_mon, &tm.tm_mday,
                     &tm.tm_hour, &tm.tm_min, &tm.tm_sec, &sign, &hours, &minutes);
    assert_int_equal(got, 9);
    tm.tm_year -= 1900;
    tm.tm_mon--;
    int64_t ahead = (hours * 60 + minutes) * 60;
    return (int64_t)timegm(&tm) - (sign == '-' ? -ahead : ahead);
}

/* --- What is understood -------------------------------------------------------------------- */

// clang-format off
static const struct { const char *text, *why; } refused[] = {
    {"* * * *",           "it has fewer than five fields"},
    {"* * * * * *",       "it has more than five fields"},
    {"0 0 * * * root",    "more than five fields"},
    {"60 * * * *",        "the minute '60' is not between 0 and 59"},
    {"* 24 * * *",        "the hour '24' is not between 0 and 23"},
    {"* * 0 * *",         "the day of the month '0' is not between 1 and 31"},
    {"* * 32 * *",        "the day of the month '32' is not between"},
    {"* * * 13 *",        "the month '13' is not between 1 and 12"},
    {"* * * * 8",         "the day of the week '8' is not between 0 and 7"},
    {"* * * jam *",       "the month 'jam' is no number and no name"},
    {"* * * january *",   "the month 'january' is no number"},
    {"* * * * tues",      "the day of the week 'tues'"},
    {"mon * * * *",       "the minute 'mon' is no number"},
    {"-1 * * * *",        "the minute '' is no number"},
    {"1- * * * *",        "the minute '' is no number"},
    {"5-1 * * * *",       "the minute '5-1' goes backwards"},
    {"* 22-4 * * *",      "the hour '22-4' goes backwards"},
    {"1,,2 * * * *",      "the minute '1,,2' has a comma too many"},
    {"1, * * * *",        "has a comma too many"},
    {",1 * * * *",        "has a comma too many"},
    {"*/0 * * * *",       "has a step that is no number above 0"},
    {"*/ * * * *",        "has a step that is no number above 0"},
    {"*/x * * * *",       "has a step that is no number above 0"},
    {"*5 * * * *",        "the minute '*5' is no number"},
    {"5/15 * * * *",      "has a step without a range: write 5-59/15"},
    {"1.5 * * * *",       "is no number"},
    {"99999999999 * * * *", "is no number"},
    {"@often",            "there is @hourly"},
    {"@",                 "there is @hourly"},
    {"@every 5m",         "there is @hourly"},
    {"0 0 30 2 *",        "it never comes"},
    {"0 0 30,31 feb *",   "it never comes"},
    {"0 0 31 4,6,9,11 *", "it never comes"},
    {"0 0 * * *\n* * *",  "'* * *': it has fewer"},
};

static const char *const accepted[] = {
    "* * * * *", "  0\t0  1 1 * ", "*/90 * * * *", "0-59/7 */2 1-31/2 jan-dec sun-sat", "\n\n",
    "0 0 29 2 *", "0 0 31 4 mon", "0 0 * * 7", "0 0 * * sat-sun", "0 0 * * FRI,Mon", "@DAILY",
    "0 0 1 1,Feb,12 *", "@reboot", "@reboot\n@hourly\n", "1-5,7-9/2,11 * * * *", "0 0 */31 2 *",
};
// clang-format on

static void nonsense_is_refused(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof refused / sizeof *refused; i++) {
        struct schedules s;
        struct err e;
        if (schedules_parse(refused[i].text, &arena, &s, &e) == 0)
            fail_msg("'%s' is understood", refused[i].text);
        if (!strstr(e.text, refused[i].why))
            fail_msg("'%s': \"%s\" lacks \"%s\"", refused[i].text, e.text, refused[i].why);
    }
}

static void sense_is_understood(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof accepted / sizeof *accepted; i++)
        (void)parse(accepted[i]);
    struct schedules s = parse("@reboot\n1-9/4,59 0 * JAN sat-sun\n@hourly");
    assert_true(s.at_boot);
    assert_int_equal(s.count, 2);
    assert_int_equal(s.items[0].minutes, UINT64_C(1) << 59 | 1 << 1 | 1 << 5 | 1 << 9);
    assert_int_equal(s.items[0].hours, 1);
    assert_int_equal(s.items[0].months, 1 << 1);
    assert_int_equal(s.items[0].weekdays, 1 << 6 | 1);
    assert_false(s.items[0].often);
    assert_true(s.items[1].often);
    assert_int_equal(parse("").count, 0);
}

static void lines_are_bounded(void **state)
{
    (void)state;
    static const char line[] = "@hourly\n";
    static char text[(SCHEDULE_LINES_MAX + 1) * sizeof line];
    struct schedules s;
    struct err e;
    for (size_t i = 0; i < SCHEDULE_LINES_MAX; i++)
        memcpy(text + i * (sizeof line - 1), line, sizeof line);
    assert_int_equal(parse(text).count, SCHEDULE_LINES_MAX);
    memcpy(text + SCHEDULE_LINES_MAX * (sizeof line - 1), line, sizeof line);
    assert_true(schedules_parse(text, &arena, &s, &e) < 0);
    assert_non_null(strstr(e.text, "more than 100 lines"));
}

/* --- When it comes ------------------------------------------------------------------------- */

#define BERLIN "Europe/Berlin"
#define YORK "America/New_York"
#define HOWE "Australia/Lord_Howe"

// clang-format off
static const struct row { const char *zone, *schedule, *after; const char *next[4]; } rows[] = {
    /* as the fields say */
    {"UTC", "* * * * *",        "2026-11-21 08:00:00 +0000", {"2026-11-21 08:01:00 +0000", "2026-11-21 08:02:00 +0000"}},
    {"UTC", "* * * * *",        "2026-11-21 08:00:59 +0000", {"2026-11-21 08:01:00 +0000"}},
    {"UTC", "*/7 * * * *",      "2026-11-21 08:50:00 +0000", {"2026-11-21 08:56:00 +0000", "2026-11-21 09:00:00 +0000"}},
    {"UTC", "19 0,12 * * *",    "2026-11-21 08:00:00 +0000", {"2026-11-21 12:19:00 +0000", "2026-11-22 00:19:00 +0000"}},
    {"UTC", "0 22 * * *",       "2026-11-21 22:00:00 +0000", {"2026-11-22 22:00:00 +0000"}},
    {"UTC", "0 22 * * *",       "2026-11-21 21:59:59 +0000", {"2026-11-21 22:00:00 +0000"}},
    {"UTC", "@hourly",          "2026-12-31 23:30:00 +0000", {"2027-01-01 00:00:00 +0000"}},
    {"UTC", "@daily",           "2026-02-28 12:00:00 +0000", {"2026-03-01 00:00:00 +0000"}},
    {"UTC", "@weekly",          "2026-11-21 08:00:00 +0000", {"2026-11-22 00:00:00 +0000", "2026-11-29 00:00:00 +0000"}},
    {"UTC", "@monthly",         "2026-12-02 08:00:00 +0000", {"2027-01-01 00:00:00 +0000"}},
    {"UTC", "@yearly",          "2026-01-01 00:00:00 +0000", {"2027-01-01 00:00:00 +0000"}},
    {"UTC", "0 0 29 2 *",       "2026-01-01 00:00:00 +0000", {"2028-02-29 00:00:00 +0000", "2032-02-29 00:00:00 +0000"}},
    {"UTC", "0 0 29 2 *",       "2096-03-01 00:00:00 +0000", {"2104-02-29 00:00:00 +0000"}},
    {"UTC", "0 0 31 * *",       "2026-01-31 00:00:00 +0000", {"2026-03-31 00:00:00 +0000", "2026-05-31 00:00:00 +0000"}},
    {"UTC", "0 0 * * 1-5",      "2026-11-20 00:00:00 +0000", {"2026-11-23 00:00:00 +0000"}},
    {"UTC", "0 0 * * 7",        "2026-11-20 00:00:00 +0000", {"2026-11-22 00:00:00 +0000"}},
    {"UTC", "0 0 * jul *",      "2026-11-20 00:00:00 +0000", {"2027-07-01 00:00:00 +0000"}},
    {"UTC", "59 23 31 12 *",    "2026-12-31 23:59:00 +0000", {"2027-12-31 23:59:00 +0000"}},
    /* both day fields: one of them will do, unless one begins with an asterisk */
    {"UTC", "0 0 13 * fri",     "2026-11-01 00:00:00 +0000", {"2026-11-06 00:00:00 +0000", "2026-11-13 00:00:00 +0000", "2026-11-20 00:00:00 +0000"}},
    {"UTC", "0 0 1 * mon",      "2026-11-21 00:00:00 +0000", {"2026-11-23 00:00:00 +0000", "2026-11-30 00:00:00 +0000", "2026-12-01 00:00:00 +0000"}},
    {"UTC", "0 0 31 4 mon",     "2026-01-01 00:00:00 +0000", {"2026-04-06 00:00:00 +0000", "2026-04-13 00:00:00 +0000"}},
    {"UTC", "0 0 */2 * mon",    "2026-11-21 00:00:00 +0000", {"2026-11-23 00:00:00 +0000", "2026-12-07 00:00:00 +0000"}},
    {"UTC", "0 0 13 * */5",     "2026-11-01 00:00:00 +0000", {"2026-11-13 00:00:00 +0000", "2026-12-13 00:00:00 +0000"}},
    {"UTC", "0 0 29 2 */6",     "2026-01-01 00:00:00 +0000", {"2032-02-29 00:00:00 +0000"}},
    /* several lines: whichever is first */
    {"UTC", "0 8 * * *\n30 7 * * *\n", "2026-11-21 07:00:00 +0000", {"2026-11-21 07:30:00 +0000", "2026-11-21 08:00:00 +0000", "2026-11-22 07:30:00 +0000"}},
    /* zones without summer time, with odd offsets, beyond the date line */
    {"Asia/Kolkata", "0 6 * * *",        "2026-11-21 00:00:00 +0530", {"2026-11-21 06:00:00 +0530"}},
    {"Asia/Kathmandu", "15 0 * * *",     "2026-11-21 00:14:59 +0545", {"2026-11-21 00:15:00 +0545"}},
    {"Pacific/Kiritimati", "0 0 1 1 *",  "2026-12-31 12:00:00 +1400", {"2027-01-01 00:00:00 +1400"}},
    {"Pacific/Pago_Pago", "0 0 1 1 *",   "2026-12-31 12:00:00 -1100", {"2027-01-01 00:00:00 -1100"}},
    {"Asia/Tokyo", "*/30 * * * *",       "2026-11-21 23:45:00 +0900", {"2026-11-22 00:00:00 +0900", "2026-11-22 00:30:00 +0900"}},
    {"America/Phoenix", "30 2 * * *",    "2026-03-08 00:00:00 -0700", {"2026-03-08 02:30:00 -0700"}},
    /* clocks are put forward: what they skip comes once, right after */
    {BERLIN, "30 2 * * *",      "2026-03-28 03:00:00 +0100", {"2026-03-29 03:00:00 +0200", "2026-03-30 02:30:00 +0200"}},
    {BERLIN, "0 2 * * *",       "2026-03-28 03:00:00 +0100", {"2026-03-29 03:00:00 +0200", "2026-03-30 02:00:00 +0200"}},
    {BERLIN, "0,15,30,45 2 * * *", "2026-03-28 03:00:00 +0100", {"2026-03-29 03:00:00 +0200", "2026-03-30 02:00:00 +0200"}},
    {BERLIN, "0 2,3 * * *",     "2026-03-29 00:00:00 +0100", {"2026-03-29 03:00:00 +0200", "2026-03-30 02:00:00 +0200"}},
    {BERLIN, "30 2,3 * * *",    "2026-03-29 00:00:00 +0100", {"2026-03-29 03:00:00 +0200", "2026-03-29 03:30:00 +0200", "2026-03-30 02:30:00 +0200"}},
    {BERLIN, "59 1 * * *",      "2026-03-29 00:00:00 +0100", {"2026-03-29 01:59:00 +0100", "2026-03-30 01:59:00 +0200"}},
    {BERLIN, "0 3 * * *",       "2026-03-29 01:59:59 +0100", {"2026-03-29 03:00:00 +0200", "2026-03-30 03:00:00 +0200"}},
    {BERLIN, "30 2 29 3 *",     "2026-01-01 00:00:00 +0100", {"2026-03-29 03:00:00 +0200", "2027-03-29 02:30:00 +0200"}},
    {BERLIN, "30 2 * * sun",    "2026-03-23 00:00:00 +0100", {"2026-03-29 03:00:00 +0200", "2026-04-05 02:30:00 +0200"}},
    {BERLIN, "30 2 30 3 *",     "2026-03-29 00:00:00 +0100", {"2026-03-30 02:30:00 +0200"}},
    {YORK, "30 2 * * *",        "2026-03-08 00:00:00 -0500", {"2026-03-08 03:00:00 -0400", "2026-03-09 02:30:00 -0400"}},
    {YORK, "0 0 * * *",         "2026-03-07 12:00:00 -0500", {"2026-03-08 00:00:00 -0500", "2026-03-09 00:00:00 -0400"}},
    {HOWE, "15 2 * * *",        "2026-10-04 00:00:00 +1030", {"2026-10-04 02:30:00 +1100", "2026-10-05 02:15:00 +1100"}},
    {HOWE, "45 2 * * *",        "2026-10-04 00:00:00 +1030", {"2026-10-04 02:45:00 +1100"}},
    {"America/Santiago", "30 0 * * *", "2026-09-05 12:00:00 -0400", {"2026-09-06 01:00:00 -0300", "2026-09-07 00:30:00 -0300"}},
    {"America/Santiago", "@daily",     "2026-09-05 12:00:00 -0400", {"2026-09-06 01:00:00 -0300", "2026-09-07 00:00:00 -0300"}},
    {"Asia/Beirut", "@daily",   "2026-03-28 12:00:00 +0200", {"2026-03-29 01:00:00 +0300", "2026-03-30 00:00:00 +0300"}},
    {"Pacific/Apia", "0 9 * * *", "2011-12-29 09:00:00 -1000", {"2011-12-31 00:00:00 +1400", "2011-12-31 09:00:00 +1400"}},
    /* ... and what comes in every hour goes on as time does */
    {BERLIN, "30 * * * *",      "2026-03-29 01:00:00 +0100", {"2026-03-29 01:30:00 +0100", "2026-03-29 03:30:00 +0200", "2026-03-29 04:30:00 +0200"}},
    {BERLIN, "*/20 * * * *",    "2026-03-29 01:30:00 +0100", {"2026-03-29 01:40:00 +0100", "2026-03-29 03:00:00 +0200", "2026-03-29 03:20:00 +0200"}},
    {HOWE, "0 * * * *",         "2026-10-04 01:00:00 +1030", {"2026-10-04 03:00:00 +1100"}},
    {HOWE, "45 * * * *",        "2026-10-04 01:45:00 +1030", {"2026-10-04 02:45:00 +1100"}},
    {BERLIN, "0 * 29 3 *",      "2026-01-01 00:00:00 +0100", {"2026-03-29 00:00:00 +0100", "2026-03-29 01:00:00 +0100", "2026-03-29 03:00:00 +0200"}},
    /* clocks are put back: what they show twice comes in the first hour */
    {BERLIN, "30 2 * * *",      "2026-10-24 03:00:00 +0200", {"2026-10-25 02:30:00 +0200", "2026-10-26 02:30:00 +0100"}},
    {BERLIN, "30 2 * * *",      "2026-10-25 02:45:00 +0200", {"2026-10-26 02:30:00 +0100"}},
    {BERLIN, "30 2 * * *",      "2026-10-25 02:15:00 +0100", {"2026-10-26 02:30:00 +0100"}},
    {BERLIN, "0 2 * * *",       "2026-10-25 01:00:00 +0200", {"2026-10-25 02:00:00 +0200", "2026-10-26 02:00:00 +0100"}},
    {BERLIN, "0 3 * * *",       "2026-10-25 01:00:00 +0200", {"2026-10-25 03:00:00 +0100", "2026-10-26 03:00:00 +0100"}},
    {BERLIN, "*/30 2 * * *",    "2026-10-25 00:00:00 +0200", {"2026-10-25 02:00:00 +0200", "2026-10-25 02:30:00 +0200", "2026-10-26 02:00:00 +0100"}},
    {YORK, "30 1 * * *",        "2026-10-31 12:00:00 -0400", {"2026-11-01 01:30:00 -0400", "2026-11-02 01:30:00 -0500"}},
    {YORK, "30 1 * * *",        "2026-11-01 01:30:00 -0500", {"2026-11-02 01:30:00 -0500"}},
    {HOWE, "45 1 * * *",        "2026-04-05 00:00:00 +1100", {"2026-04-05 01:45:00 +1100", "2026-04-06 01:45:00 +1030"}},
    {HOWE, "15 1 * * *",        "2026-04-05 00:00:00 +1100", {"2026-04-05 01:15:00 +1100", "2026-04-06 01:15:00 +1030"}},
    {"America/Havana", "30 0 * * *", "2026-10-31 12:00:00 -0400", {"2026-11-01 00:30:00 -0400", "2026-11-02 00:30:00 -0500"}},
    {"America/Havana", "@daily",     "2026-10-31 12:00:00 -0400", {"2026-11-01 00:00:00 -0400", "2026-11-02 00:00:00 -0500"}},
    /* ... and what comes in every hour comes in both */
    {BERLIN, "30 * * * *",      "2026-10-25 02:00:00 +0200", {"2026-10-25 02:30:00 +0200", "2026-10-25 02:30:00 +0100", "2026-10-25 03:30:00 +0100"}},
    {BERLIN, "*/20 * * * *",    "2026-10-25 02:30:00 +0200", {"2026-10-25 02:40:00 +0200", "2026-10-25 02:00:00 +0100", "2026-10-25 02:20:00 +0100"}},
    {YORK, "@hourly",           "2026-11-01 00:30:00 -0400", {"2026-11-01 01:00:00 -0400", "2026-11-01 01:00:00 -0500", "2026-11-01 02:00:00 -0500"}},
    {HOWE, "*/15 * * * *",      "2026-04-05 01:40:00 +1100", {"2026-04-05 01:45:00 +1100", "2026-04-05 01:30:00 +1030", "2026-04-05 01:45:00 +1030"}},
};
// clang-format on
_Static_assert(sizeof rows / sizeof *rows >= 60, "at least so many");

/* With the zone as the machine's, or as timezone= of a job on a machine that is elsewhere. */
static void check_row(const struct row *row, const struct calendar_zone *zone)
{
    struct schedules s = parse(row->schedule);
    int64_t at = moment(row->after);
    for (size_t k = 0; k < 4 && row->next[k]; k++) {
        int64_t before = at;
        set_zone(zone == &calendar_local ? row->zone : "Pacific/Chatham");
        at = calendar_next_of(&s, zone, at);
        assert_int_equal(calendar_last_of(&s, zone, before, at), at);
        assert_int_equal(calendar_last_of(&s, zone, before, at - 1), -1);
        set_zone(row->zone);
        if (strcmp(shown(at), row->next[k]) != 0)
            fail_msg("%s, '%s' after %s: number %zu is %s, not %s", row->zone, row->schedule,
                     row->after, k + 1, shown(at), row->next[k]);
    }
}

static void comes_when_it_should(void **state)
{
    (void)state;
    struct zones zones = {0};
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        check_row(&rows[i], &calendar_local);
        check_row(&rows[i], zones_get(&zones, rows[i].zone));
    }
    zones_close(&zones);
}

static void nothing_never_comes(void **state)
{
    (void)state;
    struct schedules s = parse("");
    struct schedule impossible = {.minutes = 1, .hours = 1, .days = UINT64_C(1) << 30};
    impossible.months = 1 << 2;
    impossible.weekdays = 0x7f;
    assert_int_equal(calendar_next_of(&s, &calendar_local, 1800000000), -1);
    assert_int_equal(calendar_next(&impossible, &calendar_local, 1800000000), -1);
}

/* --- Against one that looks at every minute ------------------------------------------------ */

static bool suits(const struct schedule *s, int64_t minute)
{
    time_t as_utc = (time_t)minute * 60;
    struct tm tm;
    assert_non_null(gmtime_r(&as_utc, &tm));
    bool date = s->days >> tm.tm_mday & 1;
    bool weekday = s->weekdays >> tm.tm_wday & 1;
    return (s->minutes >> tm.tm_min & 1) && (s->hours >> tm.tm_hour & 1) &&
           (s->months >> (tm.tm_mon + 1) & 1) && (s->either ? date || weekday : date && weekday);
}

static int64_t offset(int64_t at)
{
    return calendar_local.offset(&calendar_local, at);
}

/* Does it come in the minute that begins now? All offsets here are whole minutes. */
static bool slow_comes(const struct schedule *s, int64_t at)
{
    int64_t minute = (at + offset(at)) / 60;
    int64_t before = (at - 60 + offset(at - 60)) / 60;
    if (s->often)
        return suits(s, minute);
    for (int64_t skipped = before + 1; skipped < minute; skipped++) {
        if (suits(s, skipped))
            return true;
    }
    int64_t earlier = offset(at - 3 * 3600) - offset(at);
    bool again = earlier > 0 && offset(at - earlier) == offset(at) + earlier;
    return suits(s, minute) && !again;
}

static int64_t slow_next(const struct schedule *s, int64_t after, int64_t until)
{
    for (int64_t at = after - after % 60 + 60; at <= until; at += 60) {
        if (slow_comes(s, at))
            return at;
    }
    return -1;
}

static uint64_t dice = 20261121;

static unsigned draw(unsigned below)
{
    dice = dice * 6364136223846793005u + 1442695040888963407u;
    return (unsigned)(((dice >> 32) * below) >> 32);
}

static void draw_field(char *text, size_t size, unsigned least, unsigned most)
{
    unsigned low = least + draw(most - least + 1);
    unsigned high = low + draw(most - low + 1);
    size_t len = strlen(text);
    switch (draw(6)) {
    case 0:
        (void)snprintf(text + len, size - len, "%u ", low);
        break;
    case 1:
        (void)snprintf(text + len, size - len, "%u-%u ", low, high);
        break;
    case 2:
        (void)snprintf(text + len, size - len, "*/%u ", 1 + draw(most / 2 + 1));
        break;
    case 3:
        (void)snprintf(text + len, size - len, "%u,%u-%u/2 ", least + draw(most - least + 1), low,
                       high);
        break;
    default:
        (void)snprintf(text + len, size - len, "* ");
    }
}

static void compare(const struct schedule *s, const char *text, int64_t at)
{
    int64_t until = at + 5 * 86400;
    const struct schedules all = {.items = &(struct schedule){0}, .count = 1};
    *all.items = *s;
    for (int k = 0; k < 8; k++) {
        int64_t slow = slow_next(s, at, until);
        int64_t next = calendar_next(s, &calendar_local, at);
        if (slow < 0 ? next >= 0 && next <= until : slow != next)
            fail_msg("%s '%s' after %lld: %lld, not %lld", getenv("TZ"), text, (long long)at,
                     (long long)next, (long long)slow);
        if (slow < 0)
            return;
        assert_int_equal(calendar_last_of(&all, &calendar_local, at, slow + draw(60)), slow);
        at = slow;
    }
}

static void as_a_slow_one(void **state)
{
    (void)state;
    static const char *const zones[] = {
        BERLIN, YORK, HOWE, "America/Santiago", "Asia/Beirut", "America/Havana", "Asia/Kathmandu"};
    /* around the changes of 2026, where there are some */
    static const int64_t days[] = {1774742400, 1772928000, 1792886400, 1793491200,
                                   1775343600, 1788652800, 1791043200};
    for (int i = 0; i < 300; i++) {
        char text[200] = "";
        struct schedules s;
        draw_field(text, sizeof text, 0, 59);
        draw_field(text, sizeof text, 0, 23);
        draw_field(text, sizeof text, 1, 31);
        draw_field(text, sizeof text, 1, 12);
        draw_field(text, sizeof text, 0, 7);
        set_zone(zones[draw(sizeof zones / sizeof *zones)]);
        int64_t at = days[draw(7)] - 86400 + draw(2 * 86400);
        if (schedules_parse(text, &arena, &s, NULL) == 0)
            compare(&s.items[0], text, at);
    }
}

/* How long a schedule is silent at most: what expect_every= is measured by. */
static void silent_for_so_long(void **state)
{
    enum { H = 3600, D = 24 * H };
    // clang-format off
    static const struct { const char *text; int64_t gap; } gaps[] = {
        {"", 0},
        {"@reboot", 0},
        {"*/7 * * * *", 7 * 60},
        {"@hourly", H},
        {"0 3 * * *", D},
        {"0 9-17 * * 1-5", 64 * H},              /* Friday 17:00 to Monday 9:00 */
        {"0 3 * * 1-5\n0 5 * * sat,sun", 26 * H},
        {"0 3 * * *\n0 15 * * *", 12 * H},
        {"@weekly", 7 * D},
        {"0 0 1 * *", 31 * D},
        {"0 0 31 * *", 61 * D},
        {"0 0 1,15 * fri", 7 * D},               /* one of the two will do */
        {"@yearly", 366 * D},
        {"0 0 29 2 *", 1461 * D},
    };
    // clang-format on
    (void)state;
    for (size_t i = 0; i < sizeof gaps / sizeof *gaps; i++) {
        struct schedules s = parse(gaps[i].text);
        if (schedules_gap(&s) != gaps[i].gap)
            fail_msg("'%s' is silent for %lld s", gaps[i].text, (long long)schedules_gap(&s));
    }
}

/* Nearly every day has others than the last. */
static void silence_of_many_lines(void **state)
{
    char text[SCHEDULE_LINES_MAX * 32] = "";
    (void)state;
    for (int i = 0; i < SCHEDULE_LINES_MAX; i++) {
        size_t len = strlen(text);
        (void)snprintf(text + len, sizeof text - len, "%d %d %d * *\n", i % 60, i % 24, 1 + i % 31);
    }
    struct schedules s = parse(text);
    assert_int_equal(schedules_gap(&s), 659 * 60);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(nonsense_is_refused), cmocka_unit_test(sense_is_understood),
        cmocka_unit_test(lines_are_bounded),   cmocka_unit_test(comes_when_it_should),
        cmocka_unit_test(nothing_never_comes), cmocka_unit_test(as_a_slow_one),
        cmocka_unit_test(silent_for_so_long),  cmocka_unit_test(silence_of_many_lines),
    };
    arena_init(&arena);
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    arena_close(&arena);
    return failed;
}
