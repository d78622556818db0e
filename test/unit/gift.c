/* Protects what a process is given: variables that win over those that are there, descriptors. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <string.h>

#include "engine/gift.h"

static char texts[4][20] = {"A=1", "LISTEN_FDS=9", "WATCHDOG_USEC=1", "Z=2"};
static char *inherited[] = {texts[0], texts[1], texts[2], texts[3], NULL};

static const char *value(const struct spawn_plan *plan, const char *name)
{
    const char *found = NULL;
    size_t len = strlen(name);
    for (char **at = plan->envp; *at; at++) {
        if (strncmp(*at, name, len) != 0 || (*at)[len] != '=')
            continue;
        assert_null(found); /* once */
        found = *at + len + 1;
    }
    return found;
}

static void nothing_changes_nothing(void **state)
{
    (void)state;
    struct arena a;
    struct gift none = {0};
    struct spawn_plan plan = {.envp = inherited};
    arena_init(&a);
    gift_give(&none, &plan, &a);
    for (size_t i = 0; i < 5; i++)
        assert_ptr_equal(plan.envp[i], inherited[i]);
    assert_int_equal(plan.pass_count, 0);
    assert_null(plan.pid_at[0]);
    assert_null(plan.pid_at[1]);
    arena_close(&a);
}

static void all_of_it_is_there_once(void **state)
{
    (void)state;
    struct arena a;
    int fds[] = {10, 11};
    char due[] = "MAINSTAY_DUE=now";
    char last[] = "Z=3";
    char *vars[] = {due, last, NULL};
    struct gift all = {.fds = fds,
                       .fd_count = 2,
                       .fd_names = "web:x",
                       .notify = "@name",
                       .watchdog_us = 1500000,
                       .vars = vars};
    struct spawn_plan plan = {.envp = inherited};
    arena_init(&a);
    gift_give(&all, &plan, &a);
    assert_string_equal(value(&plan, "A"), "1");
    assert_string_equal(value(&plan, "Z"), "3");
    assert_string_equal(value(&plan, "MAINSTAY_DUE"), "now");
    assert_string_equal(value(&plan, "LISTEN_FDS"), "2");
    assert_string_equal(value(&plan, "LISTEN_FDNAMES"), "web:x");
    assert_string_equal(value(&plan, "NOTIFY_SOCKET"), "@name");
    assert_string_equal(value(&plan, "WATCHDOG_USEC"), "1500000");
    assert_ptr_equal(value(&plan, "LISTEN_PID"), plan.pid_at[0]);
    assert_ptr_equal(value(&plan, "WATCHDOG_PID"), plan.pid_at[1]);
    memcpy(plan.pid_at[1], "4294967295", 11); /* there is room for any */
    assert_string_equal(value(&plan, "WATCHDOG_PID"), "4294967295");
    assert_ptr_equal(plan.pass, fds);
    assert_int_equal(plan.pass_count, 2);
    assert_string_equal(inherited[1], "LISTEN_FDS=9"); /* ours stays */
    arena_close(&a);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(nothing_changes_nothing),
        cmocka_unit_test(all_of_it_is_there_once),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
