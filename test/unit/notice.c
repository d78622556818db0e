/* Protects what programs say: which words are understood, and that any bytes are. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <string.h>

#include "engine/notice.h"

static struct notice parse(const char *text, bool good)
{
    struct notice n;
    struct err why = {""};
    assert_int_equal(notice_parse(text, strlen(text), &n, &why), good);
    assert_int_equal(why.text[0] == '\0', good);
    return n;
}

// clang-format off
static const struct { const char *text; unsigned words; bool good; } rows[] = {
    {"",                                    0, true},
    {"\n\n\n",                              0, true},
    {"READY=1",                             NOTICE_READY, true},
    {"READY=1\n",                           NOTICE_READY, true},
    {"READY=0",                             0, true},
    {"READY=11",                            0, true},
    {"READY= 1",                            0, true},
    {"ready=1",                             0, true},
    {"XREADY=1",                            0, true},
    {"READY",                               0, true},
    {"=1",                                  0, true},
    {"FDSTORE=1\nX_COMPANY=yes\nBARRIER=1", 0, true},
    {"RELOADING=1\nMONOTONIC_USEC=17",      NOTICE_RELOADING, true},
    {"STOPPING=1",                          NOTICE_STOPPING, true},
    {"WATCHDOG=1",                          NOTICE_ALIVE, true},
    {"WATCHDOG=trigger",                    NOTICE_TRIGGER, true},
    {"WATCHDOG=triggers",                   0, true},
    {"STATUS=",                             NOTICE_STATUS, true},
    {"READY=1\nSTATUS=a\nMAINPID=2",        NOTICE_READY | NOTICE_STATUS | NOTICE_MAINPID, true},
    {"MAINPID=1",                           0, false},
    {"MAINPID=0",                           0, false},
    {"MAINPID=-5",                          0, false},
    {"MAINPID=2147483648",                  0, false},
    {"MAINPID=18446744073709551618",        0, false},
    {"MAINPID=12a",                         0, false},
    {"MAINPID=",                            0, false},
    {"ERRNO=2",                             NOTICE_ERRNO, true},
    {"ERRNO=0",                             NOTICE_ERRNO, true},
    {"ERRNO=4096",                          0, false},
    {"ERRNO=ENOENT",                        0, false},
    {"WATCHDOG_USEC=0",                     NOTICE_INTERVAL, true},
    {"WATCHDOG_USEC=x",                     0, false},
    {"EXTEND_TIMEOUT_USEC=0",               0, false},
    {"EXTEND_TIMEOUT_USEC=1",               NOTICE_EXTEND, true},
    {"MAINSTAY_CHANGED=1",                  NOTICE_CHANGED, true},
    {"MAINSTAY_CHANGED=0\nSTATUS=x",        NOTICE_CHANGED | NOTICE_STATUS, true},
    {"MAINSTAY_CHANGED=yes",                0, false},
    {"MAINSTAY_CHANGED=",                   0, false},
    {"MAINSTAY_OBJECTS=0",                  NOTICE_OBJECTS, true},
    {"MAINSTAY_OBJECTS=-1",                 0, false},
    {"MAINSTAY_BYTES=99999999999999999999", NOTICE_BYTES, true},
    {"MAINSTAY_BYTES=1k",                   0, false},
    {"MAINSTAY_POST=3 120 0",               NOTICE_POST, true},
    {"MAINSTAY_POST=3 120",                 0, false},
    {"MAINSTAY_POST=3 120 ",                0, false},
    {"MAINSTAY_POST=3 120 0 4",             0, false},
    {"MAINSTAY_POST=",                      0, false},
    {"MAINSTAY_POST=-1 120 0",              0, false},
    {"ERRNO=x\nREADY=1\nMAINPID=x",         NOTICE_READY, false},
};

static const struct { const char *said, *shown; } statuses[] = {
    {"STATUS=Processing requests",          "Processing requests"},
    {"STATUS=one\nSTATUS=two",              "two"},
    {"STATUS=a=b \t c",                     "a=b ? c"},
    {"STATUS=\x1b[31mred\x7f",              "?[31mred?"},
    {"STATUS=d\xc3\xa4ta \xe2\x9c\x93",     "d\xc3\xa4ta \xe2\x9c\x93"},
    {"STATUS=\xff\xc3",                     "??"},
    {"STATUS=\xc2\x9b" "31m",               "?31m"},
    {"STATUS=\xed\xa0\x80",                 "???"},
};
// clang-format on

static void words_are_understood(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        assert_int_equal(parse(rows[i].text, rows[i].good).words, rows[i].words);
}

static void numbers_have_their_values(void **state)
{
    (void)state;
    assert_int_equal(parse("MAINPID=4711", true).main_pid, 4711);
    assert_int_equal(parse("MAINPID=2\nMAINPID=3", true).main_pid, 3);
    assert_int_equal(parse("ERRNO=13", true).error, 13);
    assert_int_equal(parse("WATCHDOG_USEC=1500000", true).watchdog_ms, 1500);
    assert_int_equal(parse("WATCHDOG_USEC=1", true).watchdog_ms, 1);
    assert_int_equal(parse("EXTEND_TIMEOUT_USEC=1001", true).extend_ms, 2);
    struct notice n = parse("EXTEND_TIMEOUT_USEC=18446744073709551615", true); /* for ever */
    assert_true(n.extend_ms > INT64_C(1000) * 365 * 86400 * 1000);
}

static void a_status_is_clean_and_short(void **state)
{
    (void)state;
    char text[2000] = "STATUS=";
    for (size_t i = 0; i < sizeof statuses / sizeof *statuses; i++)
        assert_string_equal(parse(statuses[i].said, true).status, statuses[i].shown);
    memset(text + 7, 'x', 1000);
    assert_int_equal(strlen(parse(text, true).status), NOTICE_STATUS_MAX - 1);
    for (size_t i = 0; i < 300; i++) /* no half character at the end */
        memcpy(text + 7 + 3 * i, "\xe2\x9c\x93", 3);
    text[7 + 900] = '\0';
    assert_int_equal(strlen(parse(text, true).status), (NOTICE_STATUS_MAX - 1) / 3 * 3);
}

static void odd_datagrams_say_nothing(void **state)
{
    (void)state;
    struct notice n;
    struct err why;
    static char big[NOTICE_LENGTH_MAX + 2] = "READY=1\n";
    assert_true(notice_parse("READY=1", 8, &n, &why)); /* one at the end is what some send */
    assert_int_equal(n.words, NOTICE_READY);
    assert_false(notice_parse("READY=1\0STOPPING=1", 18, &n, &why));
    assert_int_equal(n.words, 0);
    memset(big + 8, 'x', sizeof big - 8);
    assert_true(notice_parse(big, NOTICE_LENGTH_MAX, &n, &why));
    assert_false(notice_parse(big, NOTICE_LENGTH_MAX + 1, &n, &why));
    assert_int_equal(n.words, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(words_are_understood),
        cmocka_unit_test(numbers_have_their_values),
        cmocka_unit_test(a_status_is_clean_and_short),
        cmocka_unit_test(odd_datagrams_say_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
