/* Protects what the names in requires= and after= mean, and that cycles are found and named. */
#include "config_helper.h"

#include "config/dependency.h"

static const char text[] =
    "[supervisord]\n[program:a]\ncommand=a\n[program:b]\ncommand=b\n"
    "[program:n]\ncommand=n\nnumprocs=3\nprocess_name=%(process_num)d\n"
    "[group:pair]\nprograms=a,b\n[group:b2]\nprograms=b\n"
    "[program:both]\ncommand=x\n[job:both]\ncommand=x\n"
    "[job:j]\ncommand=j\n[sync:s]\nsource=s3://data\ntarget=/x\n"
    "[program:mixed]\ncommand=x\n[program:m2]\ncommand=x\n[group:mixed]\nprograms=mixed,m2\n"
    "[eventlistener:e]\ncommand=x\nevents=TICK\n";

/* "program a", "group pair", "job j"; or the error's number. */
static void means(const struct config *c, const char *name, const char *wanted)
{
    struct dependency d;
    struct err e;
    char found[64];
    int rc = dependency_find(c, name, &d, &e);
    if (rc < 0)
        (void)snprintf(found, sizeof found, "%s", rc == -ENOENT ? "none" : "many");
    else if (d.kind == DEPENDENCY_PROGRAM)
        (void)snprintf(found, sizeof found, "program %s", d.program);
    else if (d.kind == DEPENDENCY_GROUP)
        (void)snprintf(found, sizeof found, "group %s", d.group->name);
    else
        (void)snprintf(found, sizeof found, "job %s", d.job->name);
    assert_string_equal(found, wanted);
}

static void names_mean_one_thing(void **state)
{
    (void)state;
    struct loaded l;
    load_text(&l, text);
    assert_int_equal(l.rc, 0);
    means(l.config, "a", "program a");
    means(l.config, "n", "program n");
    means(l.config, "program:n", "program n");
    means(l.config, "group:n", "group n");
    means(l.config, "pair", "group pair");
    means(l.config, "j", "job j");
    means(l.config, "s", "job s");
    means(l.config, "sync:s", "job s");
    means(l.config, "job:s", "none");
    means(l.config, "both", "many");
    means(l.config, "job:both", "job both");
    means(l.config, "program:both", "program both");
    means(l.config, "mixed", "many");
    means(l.config, "group:mixed", "group mixed");
    means(l.config, "e", "program e");
    means(l.config, "nothing", "none");
    means(l.config, "", "none");
    means(l.config, ":", "none");
    means(l.config, "a-kind-that-is-far-too-long:a", "none");
    load_close(&l);
}

static void a_name_covers_every_copy(void **state)
{
    (void)state;
    struct loaded l;
    struct dependency d;
    size_t covered = 0;
    load_text(&l, text);
    assert_int_equal(dependency_find(l.config, "b", &d, NULL), 0);
    for (size_t i = 0; i < l.config->group_count; i++)
        for (size_t k = 0; k < l.config->groups[i].process_count; k++)
            covered +=
                dependency_covers(&d, &l.config->groups[i], &l.config->groups[i].processes[k]);
    assert_int_equal(covered, 2); /* pair:b and b2:b */
    const struct group_config *pair = config_find_group(l.config, "pair");
    assert_int_equal(dependency_find(l.config, "pair", &d, NULL), 0);
    assert_true(dependency_covers(&d, pair, &pair->processes[0]));
    assert_false(dependency_covers(&d, config_find_group(l.config, "n"), &pair->processes[0]));
    assert_int_equal(dependency_find(l.config, "j", &d, NULL), 0);
    assert_false(dependency_covers(&d, pair, &pair->processes[0]));
    load_close(&l);
}

/* A program with these keys in [a] and [b] is refused with this cycle, or accepted with "". */
static void cycle_is(const char *a, const char *b, const char *wanted)
{
    struct loaded l;
    char *all = mem_printf("[supervisord]\n[program:a]\ncommand=a\n%s\n[program:b]\ncommand=b\n%s\n"
                           "[job:j]\nwhen=boot\ncommand=j\nafter=b\n",
                           a, b);
    load_text(&l, all);
    const char *found = strstr(buf_str(&l.text), "a cycle: ");
    if (*wanted)
        assert_non_null(found);
    if (*wanted)
        assert_memory_equal(found + 9, wanted, strlen(wanted));
    else
        assert_int_equal(l.rc, 0);
    mem_free(all);
    load_close(&l);
}

static void cycles(void **state)
{
    (void)state;
    cycle_is("requires=b", "", "");
    cycle_is("requires=j,b", "", "");
    cycle_is("requires=a", "", "a -> a\n");
    cycle_is("requires=b", "after=a", "a -> b -> a\n");
    cycle_is("requires=job:j", "after=a", "a -> job:j -> b -> a\n");
    cycle_is("after=group:b", "requires=program:a", "a -> b -> a\n");
}

static void a_long_chain_is_no_trouble(void **state)
{
    (void)state;
    struct buf chain = BUF_EMPTY;
    struct loaded l;
    enum { LENGTH = 1500 };
    buf_text(&chain, "[supervisord]\n");
    for (int i = 0; i < LENGTH; i++)
        buf_printf(&chain, "[program:p%d]\ncommand=x\nrequires=p%d\n", i, i + 1);
    buf_printf(&chain, "[program:p%d]\ncommand=x\n", LENGTH);
    load_text(&l, buf_str(&chain));
    assert_int_equal(l.rc, 0);
    load_close(&l);
    buf_text(&chain, "requires=p0\n");
    load_text(&l, buf_str(&chain));
    assert_int_equal(l.problems.errors, 1);
    assert_non_null(strstr(l.e.text, "a cycle: p0 -> p1 -> "));
    load_close(&l);
    buf_close(&chain);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(names_mean_one_thing),
        cmocka_unit_test(a_name_covers_every_copy),
        cmocka_unit_test(cycles),
        cmocka_unit_test(a_long_chain_is_no_trouble),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
