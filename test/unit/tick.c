/* Protects TICK events: one at the start of each slice, none at the start, no storm ever. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "engine/tick.h"

#define HOUR INT64_C(1795237200000) /* the start of one, ms */

static void test_slices(void **unused)
{
    struct ticks t;
    (void)unused;
    ticks_start(&t, HOUR + 4999);
    assert_int_equal(ticks_turn(&t, HOUR + 4999), 0);
    assert_int_equal(ticks_turn(&t, HOUR + 5000), 1);
    assert_int_equal(t.slices[0], HOUR / 1000 + 5);
    assert_int_equal(ticks_turn(&t, HOUR + 9999), 0);
    assert_int_equal(ticks_turn(&t, HOUR + 60000), 3);
    assert_int_equal(ticks_turn(&t, HOUR + 3600000), 7);
    assert_int_equal(t.slices[2], HOUR / 1000 + 3600);
}

static void test_jumps(void **unused)
{
    struct ticks t;
    (void)unused;
    ticks_start(&t, HOUR);
    assert_int_equal(ticks_turn(&t, HOUR + INT64_C(40) * 365 * 86400 * 1000), 7);
    assert_int_equal(ticks_turn(&t, HOUR + INT64_C(40) * 365 * 86400 * 1000), 0);
    assert_int_equal(ticks_turn(&t, HOUR), 7); /* backwards: as Supervisor, once */
    assert_int_equal(ticks_turn(&t, HOUR + 1), 0);
    assert_int_equal(ticks_turn(&t, 0), 7);
}

static void test_wait(void **unused)
{
    (void)unused;
    assert_int_equal(ticks_wait(1, HOUR), 5000);
    assert_int_equal(ticks_wait(1, HOUR + 4999), 1);
    assert_int_equal(ticks_wait(2, HOUR + 1000), 59000);
    assert_int_equal(ticks_wait(4, HOUR), TICK_LOOK_MS);
    assert_int_equal(ticks_wait(4, HOUR + 3599000), 1000);
    assert_int_equal(ticks_wait(7, HOUR + 12345), 2655);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_slices),
        cmocka_unit_test(test_jumps),
        cmocka_unit_test(test_wait),
    };
    return cmocka_run_group_tests_name("tick", tests, NULL, NULL);
}
