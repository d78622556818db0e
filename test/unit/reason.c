/* Protects what is told of a stop: its name, which of two counts, and how systemd's queue says it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "systemd/reason.h"

static void names_are_found_again(void **state)
{
    (void)state;
    for (int i = STOP_STOP; i < STOP_REASONS; i++) {
        enum stop_reason r = (enum stop_reason)i;
        assert_true(*stop_reason_name(r) && *stop_reason_text(r));
        assert_int_equal(stop_reason_find(stop_reason_name(r)), r);
    }
    assert_string_equal(stop_reason_name(STOP_NOT_KNOWN), "");
    assert_int_equal(stop_reason_find(""), STOP_NOT_KNOWN);
    assert_int_equal(stop_reason_find("suspend"), STOP_NOT_KNOWN);
}

/* when=poweroff is for what does not come back by itself. */
static void the_real_thing(void **state)
{
    (void)state;
    for (int i = STOP_NOT_KNOWN; i < STOP_REASONS; i++) {
        bool off = i == STOP_POWEROFF || i == STOP_HALT || i == STOP_EXIT;
        assert_int_equal(stop_reason_is_off((enum stop_reason)i), off);
        assert_int_equal(stop_reason_is_machine((enum stop_reason)i), i >= STOP_EXIT);
    }
}

// clang-format off
static const struct {
    const char *queue; /* "UNIT TYPE", separated by commas */
    struct reason_facts facts;
    enum stop_reason want;
} rows[] = {
    /* nothing is known: a signal by hand */
    {"", {0}, STOP_STOP},
    {"", {.first = true}, STOP_EXIT},
    {"", {.replaced = true}, STOP_STOP},
    /* the unit alone */
    {"mainstay.service stop", {0}, STOP_STOP},
    {"mainstay.service restart", {0}, STOP_RESTART},
    {"mainstay.service try-restart", {0}, STOP_RESTART},
    {"mainstay.service restart", {.replaced = true}, STOP_UPGRADE},
    {"mainstay.service start", {0}, STOP_STOP},
    {"mainstay.service reload", {0}, STOP_STOP},
    {"other.service restart", {0}, STOP_STOP},
    {"mainstay@a.service restart", {0}, STOP_STOP},
    {"mainstay.service stop,multi-user.target stop", {0}, STOP_STOP},
    /* the machine */
    {"poweroff.target start,mainstay.service stop,shutdown.target start", {0}, STOP_POWEROFF},
    {"mainstay.service stop,reboot.target start", {0}, STOP_REBOOT},
    {"halt.target start", {0}, STOP_HALT},
    {"kexec.target start", {0}, STOP_KEXEC},
    {"soft-reboot.target start", {0}, STOP_SOFT_REBOOT},
    {"exit.target start", {.first = true}, STOP_EXIT},
    {"reboot.target start,poweroff.target start", {0}, STOP_POWEROFF},
    {"poweroff.target stop", {0}, STOP_STOP},
    {"poweroff.service start", {0}, STOP_STOP},
    {"shutdown.target start", {0}, STOP_STOP},
    {"stop.target start,restart.target start", {0}, STOP_STOP},
    {".target start,.targetx start,target start", {0}, STOP_STOP},
    {"a-target-with-a-name-that-is-longer-than-any.target start", {0}, STOP_STOP},
    {"poweroff.target start,mainstay.service restart", {.replaced = true}, STOP_POWEROFF},
    /* logind has said it */
    {"", {.machine = STOP_REBOOT}, STOP_REBOOT},
    {"mainstay.service stop", {.machine = STOP_POWEROFF}, STOP_POWEROFF},
    {"", {.machine = STOP_HALT, .first = true}, STOP_HALT},
};
// clang-format on

static void what_systemd_is_at(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct reason_facts facts = rows[i].facts;
        char queue[256];
        char *rest = NULL;
        (void)snprintf(queue, sizeof queue, "%s", rows[i].queue);
        for (char *job = strtok_r(queue, ",", &rest); job; job = strtok_r(NULL, ",", &rest)) {
            char *type = strrchr(job, ' ');
            *type = '\0';
            reason_note_job(&facts, "mainstay.service", job, type + 1);
        }
        if (reason_decide(&facts) != rows[i].want)
            fail_msg("row %zu: %s", i, stop_reason_name(reason_decide(&facts)));
    }
    struct reason_facts facts = {0}; /* we are no unit */
    reason_note_job(&facts, NULL, "mainstay.service", "restart");
    assert_int_equal(reason_decide(&facts), STOP_STOP);
}

static void who_ends_a_container(void **state)
{
    static const char ours[] = "pid:[4026532836]";
    static const char machines[] = "pid:[4026531836]";
    // clang-format off
    static const struct { pid_t pid, parent; const char *space, *init; bool first; } ends[] = {
        {1, 0, ours, "mainstayd", true},
        {1, 0, "", "", true},
        {7, 1, ours, "docker-init", true},
        {7, 1, ours, "tini", true},
        {7, 1, ours, "dumb-init", true},
        {7, 1, ours, "catatonit", true},
        {7, 1, ours, "(sd-stubinit)", true},
        {7, 1, ours, "systemd", false},      /* of a container that is a whole machine */
        {7, 1, ours, "init", false},
        {7, 1, ours, "runit", false},
        {7, 1, ours, "", false},             /* not to be seen */
        {7, 1, "", "tini", false},
        {7, 3, ours, "tini", false},         /* a child of something else */
        {7, 0, ours, "tini", false},         /* docker exec */
        {700, 1, machines, "init", false},
        {700, 1, machines, "my-init", false},
    };
    // clang-format on
    (void)state;
    for (size_t i = 0; i < sizeof ends / sizeof *ends; i++)
        assert_int_equal(reason_is_first(ends[i].pid, ends[i].parent, ends[i].space, ends[i].init),
                         ends[i].first);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(names_are_found_again),
        cmocka_unit_test(the_real_thing),
        cmocka_unit_test(what_systemd_is_at),
        cmocka_unit_test(who_ends_a_container),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
