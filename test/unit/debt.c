/* Protects what is remembered of shutdown jobs that did not run: as text and back, by days. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "jobs/debt.h"

enum { DAY = 86400 };
static const int64_t noon = 1763726400; /* 2025-11-21 12:00 UTC */

static void check_text(const struct debts *d, const char *want)
{
    struct buf text = BUF_EMPTY;
    debts_text(d, &text);
    assert_string_equal(buf_str(&text), want);
    buf_close(&text);
}

static void what_is_owed_comes_back(void **state)
{
    (void)state;
    const char *text = "life job:a b\nowed 1763726400 job:a b\nlife sync:x\n";
    struct debts d = {0};
    assert_int_equal(debts_parse(&d, text, strlen(text)), 0);
    check_text(&d, text);
    debts_add(&d, "sync:x", 0);
    debts_drop(&d, "sync:y", 0);
    debts_drop(&d, "job:a b", 1);
    check_text(&d, text);
    debts_drop(&d, "job:a b", 0);
    check_text(&d, "owed 1763726400 job:a b\nlife sync:x\n");
    debts_close(&d);
}

static void what_makes_no_sense_is_counted(void **state)
{
    (void)state;
    static const char *const bad[] = {
        "life \n",
        "life",
        "owed\n",
        "owed  job:a\n",
        "owed 0 job:a\n",
        "owed -5 job:a\n",
        "owed 1763726400\n",
        "owed 1763726400 \n",
        "owed 99999999999999999999 job:a\n",
        "owed 1763726400x job:a\n",
        "\n",
        "life job:a",
        "Life job:a\n",
        "owed 1000 job:a\n",
    };
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        struct debts d = {0};
        if (debts_parse(&d, bad[i], strlen(bad[i])) != 1 || d.count != 0)
            fail_msg("%s", bad[i]);
        debts_close(&d);
    }
    struct debts d = {0};
    assert_int_equal(debts_parse(&d, "life a\0b\nlife job:b\n", 20), 1);
    check_text(&d, "life job:b\n");
    debts_close(&d);
}

static void a_life_becomes_an_earlier_one(void **state)
{
    (void)state;
    struct debts d = {0};
    debts_add(&d, "job:a", noon - 2 * DAY);
    debts_add(&d, "job:a", noon - 3600);
    debts_add(&d, "job:b", noon - 3600);
    debts_add(&d, "job:a", 0);
    assert_true(debts_age(&d, noon, 0));
    check_text(&d, "owed 1763553600 job:a\nowed 1763722800 job:b\nowed 1763726400 job:a\n");
    /* a day is one of the machine's zone: an hour ago it was yesterday */
    debts_drop(&d, "job:a", noon - 2 * DAY);
    debts_drop(&d, "job:b", noon - 3600);
    debts_add(&d, "job:a", noon - 3600);
    assert_true(debts_age(&d, noon, 43200));
    assert_int_equal(d.count, 2);
    debts_close(&d);
}

static void only_so_many(void **state)
{
    (void)state;
    struct debts d = {0};
    for (int i = 0; i < DEBT_MOST; i++)
        debts_add(&d, "job:a", noon + i * (int64_t)DAY);
    assert_true(debts_age(&d, noon, 0));
    debts_add(&d, "job:b", 0);
    assert_false(debts_age(&d, noon + 200 * (int64_t)DAY, 0));
    assert_int_equal(d.count, DEBT_MOST);
    assert_null(debts_find(&d, "job:a", noon));
    assert_non_null(debts_find(&d, "job:b", noon + 200 * (int64_t)DAY));
    debts_close(&d);
}

static void clocks_are_wrong_sometimes(void **state)
{
    (void)state;
    assert_int_equal(debts_moment(noon, noon + DAY), noon);
    assert_int_equal(debts_moment(noon, noon), noon);
    assert_int_equal(debts_moment(noon, 500), noon);        /* it is 1970 now, for a moment */
    assert_int_equal(debts_moment(500, noon), noon);        /* it was then */
    assert_int_equal(debts_moment(noon + DAY, noon), noon); /* it was ahead */
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_owed_comes_back),
        cmocka_unit_test(what_makes_no_sense_is_counted),
        cmocka_unit_test(a_life_becomes_an_earlier_one),
        cmocka_unit_test(only_so_many),
        cmocka_unit_test(clocks_are_wrong_sometimes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
