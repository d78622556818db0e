/* Protects the keys of supervisord-dependent-startup: what they mean, and that none is a mistake. */
#include <time.h>

#include "config_helper.h"

#define SETUP "[supervisord]\n[program:a]\ncommand=a\nautostart=false\ndependent_startup=true\n"
#define CHILD "[program:x]\ncommand=x\nautostart=false\ndependent_startup=true\n"

static const struct process_config *process(const struct loaded *l, const char *name)
{
    for (size_t i = 0; i < l->config->group_count; i++)
        for (size_t k = 0; k < l->config->groups[i].process_count; k++)
            if (strcmp(l->config->groups[i].processes[k].name, name) == 0)
                return &l->config->groups[i].processes[k];
    fail_msg("there is no process %s", name);
    return NULL;
}

/* x waits for these; `warning` is part of what is said, or NULL. */
static void waits_are(const char *lines, const char *wanted, const char *warning)
{
    struct loaded l;
    struct buf found = BUF_EMPTY;
    char *text = mem_printf(SETUP "[program:b.c]\ncommand=b\n" CHILD "%s\n", lines);
    load_text(&l, text);
    assert_int_equal(l.rc, 0);
    const struct process_config *p = process(&l, "x");
    for (size_t i = 0; i < p->wait_for.count; i++)
        buf_printf(&found, "%s%s %u", i ? ", " : "", p->wait_for.waits[i].program,
                   p->wait_for.waits[i].states);
    assert_string_equal(buf_str(&found), wanted);
    if (warning && !strstr(buf_str(&l.text), warning))
        assert_string_equal(buf_str(&l.text), warning);
    if (!warning)
        assert_string_equal(buf_str(&l.text), "");
    buf_close(&found);
    mem_free(text);
    load_close(&l);
}

static void waits_are_read(void **state)
{
    (void)state;
#define WAIT "dependent_startup_wait_for="
    waits_are("", "", NULL);
    waits_are(WAIT, "", NULL);
    waits_are(WAIT "a", "program:a 2", NULL);
    waits_are(WAIT "a:running", "program:a 2", NULL);
    waits_are(WAIT "a:RUNNING", "program:a 2", NULL);
    waits_are(WAIT "a:running,exited", "program:a 18", NULL);
    waits_are(WAIT "a:starting,backoff,stopping,fatal  b.c:exited", "program:a 45, program:b.c 16",
              NULL);
    waits_are(WAIT "a:running\n  b.c", "program:a 2, program:b.c 2", NULL);
    waits_are(WAIT "a:up", "program:a 2", "'up' is no state, ignored: write starting, running");
    waits_are(WAIT "a:up,exited", "program:a 16", "'up' is no state");
    waits_are(WAIT "a:", "program:a 2", "'' is no state");
    waits_are(WAIT "zz:running a", "program:a 2", "not waited for: there is no program, group");
    waits_are(WAIT "%(nope)s", "", "warning: Format string");
    waits_are(WAIT "a\nautostart=true", "", "no effect without autostart=false");
    waits_are(WAIT "x", "", "not waited for: it is the program itself");
    waits_are("dependent_startup=maybe", "", "warning: not a valid boolean value: 'maybe'");
    waits_are("dependent_startup_wait=a", "", "unknown key of [program:x], ignored");
}

static void a_cycle_is_only_odd(void **state)
{
    (void)state;
    struct loaded l;
    load_text(&l, SETUP "dependent_startup_wait_for=x\n" CHILD "dependent_startup_wait_for=a\n");
    assert_int_equal(l.rc, 0);
    assert_non_null(strstr(buf_str(&l.text), "warning: a cycle, so none of these starts by "
                                             "itself: a -> x -> a"));
    load_close(&l);
    load_text(&l, SETUP "dependent_startup_wait_for=x\n" CHILD "requires=a\n");
    assert_int_equal(l.rc, 0);
    load_close(&l);
    load_text(&l, SETUP "requires=x\n" CHILD "requires=a\ndependent_startup_wait_for=a\n");
    assert_int_equal(l.rc, -EINVAL); /* the requires alone are one */
    load_close(&l);
}

static void priorities_are_inherited(void **state)
{
    (void)state;
    struct loaded l;
    load_text(&l, SETUP "priority=7\n" CHILD
                        "dependent_startup_wait_for=a\ndependent_startup_inherit_priority=true\n"
                        "[program:y]\ncommand=y\nautostart=false\ndependent_startup=true\n"
                        "dependent_startup_wait_for=x\ndependent_startup_inherit_priority=true\n"
                        "priority=3\n"
                        "[program:z]\ncommand=z\nautostart=false\ndependent_startup=true\n"
                        "dependent_startup_wait_for=x\ndependent_startup_inherit_priority=true\n"
                        "[program:first]\ncommand=f\npriority=8\n");
    assert_int_equal(l.rc, 0);
    static const char *const order[] = {"y", "a", "x", "z", "first"};
    for (size_t i = 0; i < 5; i++)
        assert_string_equal(l.config->groups[i].name, order[i]);
    assert_int_equal(process(&l, "x")->priority, 7);
    assert_int_equal(process(&l, "z")->priority, 7);
    assert_int_equal(process(&l, "y")->priority, 3);
    load_close(&l);
}

/* Each inherits from the one that comes after it in the file: the worst order there is. */
static void long_chains_are_no_burden(void **state)
{
    (void)state;
    enum { CHAIN = 1200 };
    struct loaded l;
    struct buf text = BUF_EMPTY;
    buf_text(&text, "[supervisord]\n");
    for (int i = 0; i < CHAIN; i++)
        buf_printf(&text,
                   "[program:p%d]\ncommand=p\nautostart=false\ndependent_startup=true\n"
                   "dependent_startup_inherit_priority=true\ndependent_startup_wait_for=p%d\n",
                   i, i + 1);
    buf_printf(&text, "[program:p%d]\ncommand=p\npriority=5\n", CHAIN);
    clock_t before = clock();
    load_text(&l, buf_str(&text));
    assert_true(clock() - before < 5 * CLOCKS_PER_SEC); /* of our time, not of others' */
    assert_int_equal(l.rc, 0);
    assert_int_equal(process(&l, "p0")->priority, 5);
    buf_close(&text);
    load_close(&l);
}

static void the_plugin_itself_is_not_run(void **state)
{
    (void)state;
    static const char *const commands[] = {"python -m supervisord_dependent_startup",
                                           "python3 -m supervisord_dependent_startup -c x",
                                           "/usr/bin/supervisord-dependent-startup"};
    for (size_t i = 0; i < 3; i++) {
        struct loaded l;
        char *text = mem_printf("[supervisord]\n[eventlistener:d]\ncommand=%s\n"
                                "events=PROCESS_STATE\n[eventlistener:e]\ncommand=x\nevents=TICK\n",
                                commands[i]);
        load_text(&l, text);
        assert_int_equal(l.rc, 0);
        assert_int_equal(l.config->group_count, 1);
        assert_non_null(strstr(buf_str(&l.text), "warning: not run: what it does is built in"));
        mem_free(text);
        load_close(&l);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(waits_are_read),
        cmocka_unit_test(a_cycle_is_only_odd),
        cmocka_unit_test(priorities_are_inherited),
        cmocka_unit_test(long_chains_are_no_burden),
        cmocka_unit_test(the_plugin_itself_is_not_run),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
