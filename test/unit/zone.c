/* Protects time zones: each of the machine's says what libc says of it, at any time from 1850 to
 * 2428, and so do rules of all kinds; what is broken, or no zone, is refused with a sentence. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>

#include "base/buf.h"
#include "base/date.h"
#include "base/fd.h"
#include "base/mem.h"
#include "config/zone.h"
#include "dice.h"
#include "output_temp.h"

static int64_t libc_offset(int64_t at)
{
    struct tm tm;
    time_t when = (time_t)at;
    assert_non_null(localtime_r(&when, &tm));
    return tm.tm_gmtoff;
}

static void compare(const char *name, const struct zone *z, int64_t at)
{
    if (zone_offset(z, at) != libc_offset(at))
        fail_msg("%s at %lld: %lld, not %lld", name, (long long)at, (long long)zone_offset(z, at),
                 (long long)libc_offset(at));
}

static const int64_t oldest = -3786825600; /* 1850 */
static const int64_t newest = 16725225600; /* 2500: what follows draws up to 2428 */

static void compare_all(const char *name, const struct zone *z, unsigned probes)
{
    for (size_t i = 0; i < z->count; i++) {
        if (z->changes[i] < oldest)
            continue;
        for (int64_t by = -1; by <= 1; by++)
            compare(name, z, z->changes[i] + by);
    }
    for (unsigned i = 0; i < probes; i++)
        compare(name, z, oldest + (int64_t)dice(UINT32_MAX) * 4 + (int64_t)dice(1 << 30));
}

/* --- Those of the machine ------------------------------------------------------------------ */

static const char folder[] = "/usr/share/zoneinfo/";
static unsigned zones_seen;

static int on_file(const char *path, const struct stat *st, int flag, struct FTW *where)
{
    const char *name = path + sizeof folder - 1;
    struct zone z;
    struct err e;
    (void)st;
    (void)where;
    if ((flag != FTW_F && flag != FTW_SL) || strncmp(name, "right/", 6) == 0 ||
        strncmp(name, "posix/", 6) == 0 || strchr(name, '.') || strcmp(name, "leapseconds") == 0)
        return 0;
    if (zone_read(name, &z, &e) < 0)
        fail_msg("%s: %s", name, e.text);
    assert_int_equal(setenv("TZ", path, 1), 0);
    tzset();
    compare_all(name, &z, 100);
    zone_close(&z);
    zones_seen++;
    return 0;
}

static void all_are_as_libc_says(void **state)
{
    (void)state;
    assert_int_equal(nftw("/usr/share/zoneinfo", on_file, 20, FTW_PHYS), 0);
    assert_true(zones_seen > 300);
}

/* --- Rules --------------------------------------------------------------------------------- */

static void put_number(struct buf *b, uint32_t n)
{
    const unsigned char bytes[] = {(unsigned char)(n >> 24), (unsigned char)(n >> 16),
                                   (unsigned char)(n >> 8), (unsigned char)n};
    buf_append(b, bytes, sizeof bytes);
}

struct counts {
    uint32_t isut, isstd, leap, time, type, chars;
};

static void put_header(struct buf *b, char version, const struct counts *n)
{
    static const char reserved[15] = "";
    buf_text(b, "TZif");
    buf_char(b, version);
    buf_append(b, reserved, sizeof reserved);
    put_number(b, n->isut);
    put_number(b, n->isstd);
    put_number(b, n->leap);
    put_number(b, n->time);
    put_number(b, n->type);
    put_number(b, n->chars);
}

/* A zone that has nothing but its last line. */
static void put_zone(struct buf *b, const char *rules)
{
    static const char type[6] = "";
    const struct counts n = {.type = 1, .chars = 4};
    for (int i = 0; i < 2; i++) {
        put_header(b, '2', &n);
        buf_append(b, type, sizeof type);
        buf_append(b, "UTC", 4);
    }
    buf_printf(b, "\n%s\n", rules);
}

static int parse_rules(const char *rules, struct zone *z, struct err *e)
{
    struct buf b = BUF_EMPTY;
    put_zone(&b, rules);
    int rc = zone_parse(buf_str(&b), b.len, z, e);
    buf_close(&b);
    return rc;
}

// clang-format off
static const char *const good_rules[] = {
    "UTC0", "CET-1CEST,M3.5.0,M10.5.0/3", "EST5EDT,M3.2.0,M11.1.0", "IST-1GMT0,M10.5.0,M3.5.0/1",
    "<+1030>-10:30<+11>-11,M10.1.0,M4.1.0", "<-03>3<-02>,M3.5.0/-2,M10.5.0/-1",
    "EET-2EEST,M3.4.4/50,M10.4.4/50", "NST3:30NDT,M3.2.0/0:01,M11.1.0/0:01",
    "AAA-1BBB,J60,J300", "AAA-1BBB,59/2:30:15,300", "AAA12BBB,M2.5.6,M9.1.1",
    "<ABC+1>-5:45", "AEST-10AEDT,M10.1.0,M4.1.0/3", 
    "AAA1BBB,J59/24,J61/24", "AAA0BBB,M12.5.0,M1.1.3",
};
static const char *const bad_rules[] = {
    "x", "UT0", "UTC", "UTC25", "UTC0,", "CET-1CEST",
    "CET-1CEST,M3.5.0", "CET-1CEST,M13.5.0,M10.5.0",
    "CET-1CEST,M3.6.0,M10.5.0", "CET-1CEST,M3.5.7,M10.5.0", "CET-1CEST,J0,J5", "CET-1CEST,366,5",
    "CET-1CEST,M3.5.0/168,M10.5.0", "CET-1CEST,M3.5.0,M10.5.0/3x",
    "<CET-1", "<CE>-1", "UTC0:60", "AAA20",
};
// clang-format on

static void rules_are_as_libc_says(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof good_rules / sizeof *good_rules; i++) {
        struct zone z;
        struct err e;
        if (parse_rules(good_rules[i], &z, &e) < 0)
            fail_msg("'%s': %s", good_rules[i], e.text);
        assert_int_equal(setenv("TZ", good_rules[i], 1), 0);
        tzset();
        for (int64_t at = 1577836800; at < 1577836800 + INT64_C(86400) * 366 * 9; at += 3599)
            compare(good_rules[i], &z, at);
        zone_close(&z);
    }
    struct zone always; /* summer, all the year: libc has an hour of winter at its end */
    assert_int_equal(parse_rules("EST5EDT,0/0,J365/25", &always, NULL), 0);
    for (int64_t at = 1577836800; at < 1677836800; at += 3599)
        assert_int_equal(zone_offset(&always, at), -4 * 3600);
    zone_close(&always);
    for (size_t i = 0; i < sizeof bad_rules / sizeof *bad_rules; i++) {
        struct zone z;
        struct err e;
        if (parse_rules(bad_rules[i], &z, &e) == 0)
            fail_msg("'%s' is understood", bad_rules[i]);
        assert_string_equal(e.text, "it is broken: its last line makes no sense");
    }
}

/* --- Days ---------------------------------------------------------------------------------- */

static void days_are_as_libc_says(void **state)
{
    (void)state;
    for (int64_t day = -800000; day < 800000; day += 97) {
        time_t at = (time_t)day * 86400;
        struct tm tm;
        struct date d = date_of(day);
        assert_non_null(gmtime_r(&at, &tm));
        assert_int_equal(d.year, tm.tm_year + 1900);
        assert_int_equal(d.month, tm.tm_mon + 1);
        assert_int_equal(d.day, tm.tm_mday);
        assert_int_equal(date_weekday(day), tm.tm_wday);
        assert_int_equal(date_day(&d), day);
    }
}

/* --- What is refused ----------------------------------------------------------------------- */

static void broken_files_are_refused(void **state)
{
    (void)state;
    struct buf b = BUF_EMPTY;
    struct zone z;
    struct err e;
    assert_int_equal(fd_read_file("/usr/share/zoneinfo/Europe/Berlin", ZONE_FILE_MAX, &b, &e), 0);
    for (size_t len = 0; len < b.len; len++) {
        char *cut = mem_alloc(len + 1); /* so that a sanitizer sees the end */
        memcpy(cut, b.data, len);
        if (zone_parse(cut, len, &z, &e) == 0)
            fail_msg("%zu of %zu bytes are understood", len, b.len);
        mem_free(cut);
    }
    for (size_t i = 0; i < 20000; i++) {
        size_t at = dice(600);
        char old = b.data[at];
        b.data[at] = (char)dice(256);
        if (zone_parse(b.data, b.len, &z, &e) == 0) {
            for (int64_t when = oldest; when < newest; when += INT64_C(3600) * 24 * 3650)
                assert_in_range(zone_offset(&z, when) + ZONE_OFFSET_MAX, 0, 2 * ZONE_OFFSET_MAX);
            zone_close(&z);
        }
        b.data[at] = old;
    }
    b.data[4] = '\0';
    assert_true(zone_parse(b.data, b.len, &z, &e) < 0);
    assert_string_equal(e.text, "it is of the first format, which ends in 2037");
    buf_close(&b);
}

// clang-format off
static const struct { const char *name, *why; } refused[] = {
    {"Europe/Berln",      "there is no time zone 'Europe/Berln' in /usr/share/zoneinfo: write"},
    {"europe/berlin",     "there is no time zone 'europe/berlin': did you mean 'Europe/Berlin'?"},
    {"utc/",              "there is no time zone 'utc/' in"},
    {"Europe",            "there is no time zone 'Europe' in"},
    {"",                  "there is no time zone '' in"},
    {"../../../etc/passwd", "there is no time zone '../../../etc/passwd' in"},
    {"/etc/localtime",    "there is no time zone '/etc/localtime' in"},
    {"Europe/Berlin ",    "there is no time zone 'Europe/Berlin ' in"},
    {"CEST",              "there is no time zone 'CEST' in"},
    {"leapseconds",       "/usr/share/zoneinfo/leapseconds: it is no file of a time zone"},
};
// clang-format on

static void names_are_refused(void **state)
{
    (void)state;
    char *long_name = mem_alloc(5000);
    memset(long_name, 'x', 4999);
    for (size_t i = 0; i < sizeof refused / sizeof *refused; i++) {
        struct zone z;
        struct err e;
        if (zone_read(refused[i].name, &z, &e) == 0)
            fail_msg("'%s' is a zone", refused[i].name);
        if (strncmp(e.text, refused[i].why, strlen(refused[i].why)) != 0)
            assert_string_equal(e.text, refused[i].why);
    }
    struct zone z;
    assert_true(zone_read(long_name, &z, NULL) < 0);
    mem_free(long_name);
}

/* A machine without zones, and one whose zones are odd. */
static void another_folder(void **state)
{
    (void)state;
    struct buf b = BUF_EMPTY;
    const struct counts n = {.leap = 1, .type = 1, .chars = 4};
    struct zone z;
    struct err e;
    char *here = mem_printf("%s/zones", temp_folder);
    assert_int_equal(setenv("TZDIR", here, 1), 0);
    assert_true(zone_read("Europe/Berlin", &z, &e) < 0);
    assert_non_null(strstr(e.text, "install the package tzdata, or write UTC"));
    assert_int_equal(zone_read("UTC", &z, &e), 0);
    assert_int_equal(zone_offset(&z, 1800000000), 0);
    zone_close(&z);
    assert_int_equal(mkdir("zones", 0700), 0);
    for (int i = 0; i < 2; i++) {
        static const char block[6 + 4 + 12] = "";
        put_header(&b, '2', &n);
        buf_append(&b, block, i ? sizeof block : sizeof block - 4);
    }
    buf_text(&b, "\nUTC0\n");
    assert_int_equal(fd_write_file("zones/Leap", b.data, b.len, 0600, NULL), 0);
    assert_true(zone_read("Leap", &z, &e) < 0);
    assert_non_null(strstr(e.text, "zones/Leap: it counts leap seconds"));
    buf_clear(&b);
    put_zone(&b, "<XYZ>-3");
    assert_int_equal(fd_write_file("zones/Mine", b.data, b.len, 0600, NULL), 0);
    assert_int_equal(zone_read("Mine", &z, &e), 0);
    assert_int_equal(zone_offset(&z, 1800000000), 3 * 3600);
    zone_close(&z);
    assert_int_equal(unsetenv("TZDIR"), 0);
    mem_free(here);
    buf_close(&b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(all_are_as_libc_says),
        cmocka_unit_test(rules_are_as_libc_says),
        cmocka_unit_test(days_are_as_libc_says),
        cmocka_unit_test(broken_files_are_refused),
        cmocka_unit_test(names_are_refused),
        cmocka_unit_test_setup_teardown(another_folder, temp_enter, temp_leave),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
