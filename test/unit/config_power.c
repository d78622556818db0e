/* Protects [shutdown]: what is understood there of a power-off, and what is refused. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <string.h>

#include "config/power.h"

enum { SEC = 1000, MIN = 60 * SEC, HOUR = 60 * MIN };

static struct arena arena;
static struct power_config config;

static void configure(const char *warns, const char *inhibit)
{
    struct err e;
    config = (struct power_config){0};
    assert_int_equal(power_warns_parse(warns, &arena, &config, &e), 0);
    assert_int_equal(power_inhibitors_parse(inhibit, &arena, &config, &e), 0);
}

static void test_actions(void **unused)
{
    // clang-format off
    static const struct { const char *text; enum power_action action; const char *command; } good[] = {
        {"poweroff", POWER_OFF, NULL}, {"Reboot", POWER_REBOOT, NULL}, {"halt", POWER_HALT, NULL},
        {"exit", POWER_EXIT, NULL},    {"exec:/sbin/halt -p", POWER_EXEC, "/sbin/halt -p"},
        {"exec: a, b", POWER_EXEC, "a, b"},
    };
    static const char *const bad[] = {"", "off", "exec", "exec:", "exec:  ", "poweroff now"};
    // clang-format on
    enum power_action action;
    const char *command;
    struct err e;
    (void)unused;
    for (size_t i = 0; i < sizeof good / sizeof *good; i++) {
        assert_int_equal(power_action_parse(good[i].text, &action, &command, &e), 0);
        assert_int_equal(action, good[i].action);
        assert_true(good[i].command ? strcmp(command, good[i].command) == 0 : !command);
    }
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        assert_true(power_action_parse(bad[i], &action, &command, &e) < 0 && *e.text);
}

static void test_warns(void **unused)
{
    struct err e;
    (void)unused;
    configure(" 1m, 10m,\n 2h,, 1m ", "");
    assert_int_equal(config.warn_count, 3);
    assert_int_equal(config.warns[0], 2 * HOUR);
    assert_int_equal(config.warns[1], 10 * MIN);
    assert_int_equal(config.warns[2], MIN);
    configure("", "");
    assert_int_equal(config.warn_count, 0);
    assert_true(power_warns_parse("10m, soon", &arena, &config, &e) < 0);
    assert_true(power_warns_parse("0", &arena, &config, &e) < 0);
    assert_true(power_warns_parse("8d", &arena, &config, &e) < 0);
}

static void test_inhibitors(void **unused)
{
    struct err e;
    (void)unused;
    configure("", "jobs, sessions,job:backup\nexec:/bin/may-go --if a,b\nexec: x y , sessions");
    assert_int_equal(config.inhibitor_count, 5);
    assert_int_equal(config.inhibitors[0].reason, POWER_BY_JOBS);
    assert_int_equal(config.inhibitors[1].reason, POWER_BY_SESSIONS);
    assert_int_equal(config.inhibitors[2].reason, POWER_BY_JOB);
    assert_string_equal(config.inhibitors[2].what, "backup");
    assert_int_equal(config.inhibitors[3].reason, POWER_BY_EXEC);
    assert_string_equal(config.inhibitors[3].what, "/bin/may-go --if a,b");
    assert_string_equal(config.inhibitors[4].what, "x y , sessions");
    assert_true(power_inhibitors_parse("job:", &arena, &config, &e) < 0);
    assert_true(power_inhibitors_parse("exec:", &arena, &config, &e) < 0);
    assert_true(power_inhibitors_parse("jobs, users", &arena, &config, &e) < 0);
    assert_non_null(strstr(e.text, "'users'"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_actions),
        cmocka_unit_test(test_warns),
        cmocka_unit_test(test_inhibitors),
    };
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    arena_close(&arena);
    return failed;
}
