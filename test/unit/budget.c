/* Protects the stop budget: the longest chain as the supervisor stops, and what is said of it. */
#include "config_helper.h"

#include "jobs/budget.h"
#include "jobs/say.h"
#include "systemd/patience.h"

// clang-format off
#define PROGRAM(name, rest) "[program:" name "]\ncommand=cat\n" rest "\n"
#define JOB(name, rest) "[job:" name "]\ncommand=true\n" rest "\n"
static const struct {
    const char *text;
    int64_t ms; /* -1: forever */
    const char *chain;
} rows[] = {
    {"", 0, ""},
    {PROGRAM("web", "stopwaitsecs=30"), 30000, "web (30 s)"},
    /* together, unless something orders them */
    {PROGRAM("a", "stopwaitsecs=3") PROGRAM("b", "stopwaitsecs=4"), 4000, "b (4 s)"},
    {PROGRAM("a", "numprocs=3\nprocess_name=%(process_num)d"), 10000, "a (10 s)"},
    /* who depends on something goes before it, whatever the order in the file */
    {PROGRAM("api", "") PROGRAM("web", "stopwaitsecs=30\nrequires=api"), 40000,
     "web (30 s) → api (10 s)"},
    {PROGRAM("api", "") PROGRAM("web", "stopwaitsecs=30\nafter=api"), 40000,
     "web (30 s) → api (10 s)"},
    {PROGRAM("a", "requires=b") PROGRAM("b", "requires=c") PROGRAM("c", ""), 30000,
     "a (10 s) → b (10 s) → c (10 s)"},
    {PROGRAM("c", "") PROGRAM("b", "requires=c") PROGRAM("a", "requires=b"), 30000,
     "a (10 s) → b (10 s) → c (10 s)"},
    /* the longer way of two */
    {PROGRAM("db", "") PROGRAM("x", "requires=db\nstopwaitsecs=1")
     PROGRAM("y", "requires=db\nstopwaitsecs=20"), 30000, "y (20 s) → db (10 s)"},
    /* priorities: the highest first, each waits for all of those */
    {PROGRAM("a", "priority=1") PROGRAM("b", "priority=2\nstopwaitsecs=5")
     PROGRAM("c", "priority=2\nstopwaitsecs=7"), 17000, "c (7 s) → a (10 s)"},
    /* a dependent rises to the rank of what it waits for */
    {PROGRAM("a", "priority=1\nrequires=b") PROGRAM("b", "priority=900")
     PROGRAM("c", "priority=500"), 30000, "a (10 s) → b (10 s) → c (10 s)"},
    /* also through a job, which itself holds nobody */
    {PROGRAM("a", "priority=1\nrequires=job:j") JOB("j", "requires=b") PROGRAM("b", "priority=900")
     PROGRAM("c", "priority=500"), 20000, "a (10 s) → c (10 s)"},
    {"[group:g]\nprograms=a,b\npriority=5\n" PROGRAM("a", "") PROGRAM("b", "")
     PROGRAM("c", "requires=group:g\npriority=1"), 20000, "c (10 s) → a (10 s)"},
    {PROGRAM("a", "autostart=false\ndependent_startup=true\n"
             "dependent_startup_wait_for=b:running") PROGRAM("b", ""), 20000,
     "a (10 s) → b (10 s)"},
    {"[eventlistener:l]\ncommand=cat\nevents=TICK_5\n", 11000, "l (11 s)"},
    {PROGRAM("never", "stopwaitsecs=-5"), 0, ""},
    /* jobs */
    {PROGRAM("web", "stopwaitsecs=30\nrequires=api") PROGRAM("api", "")
     JOB("analytics", "when=shutdown\ntimeout=1m"), 110000,
     "web (30 s) → api (10 s) → job:analytics (70 s)"},
    {JOB("a", "when=shutdown\ntimeout=10s\nstopwaitsecs=0\nretries=2\nretry_delay=5s"), 45000,
     "job:a (45 s)"},
    {JOB("a", "when=shutdown\ntimeout=10s\nstopwaitsecs=0\nafter=b")
     JOB("b", "when=shutdown\ntimeout=20s\nstopwaitsecs=1"), 31000,
     "job:b (21 s) → job:a (10 s)"},
    {JOB("a", "when=shutdown\ntimeout=10s\nstopwaitsecs=0")
     JOB("b", "when=shutdown\ntimeout=20s\nstopwaitsecs=1"), 21000, "job:b (21 s)"},
    /* only the order among those that run counts */
    {JOB("a", "when=shutdown\ntimeout=10s\nstopwaitsecs=0\nafter=c") JOB("c", "stopwaitsecs=0"),
     10000, "job:a (10 s)"},
    /* a job that runs is stopped at once, beside the programs */
    {JOB("c", "stopwaitsecs=60") PROGRAM("a", ""), 60000, "job:c (1m to end it)"},
    {JOB("c", "stopwaitsecs=60") JOB("z", "when=shutdown\ntimeout=5s\nstopwaitsecs=1"), 66000,
     "job:c (1m to end it) → job:z (6 s)"},
    /* all of them together have a limit */
    {PROGRAM("a", "") JOB("j", "when=shutdown"), 320000,
     "a (10 s) → the shutdown jobs (timeout of [shutdown] 5m, 10 s to end them)"},
    {"[shutdown]\ntimeout=20s\n" JOB("j", "when=shutdown\ntimeout=10s\nstopwaitsecs=2")
     JOB("k", "when=shutdown\nafter=j\ntimeout=10s\nstopwaitsecs=3"), 23000,
     "the shutdown jobs (timeout of [shutdown] 20 s, 3 s to end them)"},
    {"[shutdown]\ntimeout=0\n" PROGRAM("a", "") JOB("j", "when=shutdown"), -1,
     "a (10 s) → job:j (no limit)"},
    /* at a power-off only, as for every shutdown */
    {PROGRAM("a", "") JOB("j", "when=poweroff\ntimeout=5s\nstopwaitsecs=1"), 16000,
     "a (10 s) → job:j (6 s)"},
    /* before the stop: first those that run are stopped, then programs wait for these */
    {PROGRAM("a", "") JOB("j", "when=shutdown\nbefore=stop\ntimeout=5s\nstopwaitsecs=1"), 16000,
     "job:j (6 s) → a (10 s)"},
    {PROGRAM("a", "") JOB("c", "stopwaitsecs=60")
     JOB("j", "when=shutdown\nbefore=stop\ntimeout=5s\nstopwaitsecs=1")
     JOB("k", "when=shutdown\ntimeout=7s\nstopwaitsecs=1"), 84000,
     "job:c (1m to end it) → job:j (6 s) → a (10 s) → job:k (8 s)"},
    {JOB("j", "when=shutdown\nbefore=stop\ntimeout=5s\nstopwaitsecs=1\nafter=k")
     JOB("k", "when=poweroff\nbefore=stop\ntimeout=7s\nstopwaitsecs=1"), 14000,
     "job:k (8 s) → job:j (6 s)"},
    {"[shutdown]\ntimeout=20s\n" PROGRAM("a", "") JOB("j", "when=shutdown\nbefore=stop")
     JOB("k", "when=shutdown\nstopwaitsecs=4"), 64000,
     "the jobs before the stop (timeout of [shutdown] 20 s, 10 s to end them) → a (10 s) → "
     "the shutdown jobs (timeout of [shutdown] 20 s, 4 s to end them)"},
    /* it says nothing of jobs for other times */
    {PROGRAM("a", "") JOB("j", "before=stop\nstopwaitsecs=1"), 10000, "a (10 s)"},
};
// clang-format on

static void the_longest_chain(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct loaded l;
        struct budget b;
        struct buf chain = BUF_EMPTY;
        char *text = mem_printf("[supervisord]\n%s", rows[i].text);
        load_text(&l, text);
        if (!l.config)
            fail_msg("row %zu: %s", i, l.e.text);
        budget_plan(l.config, &b);
        budget_chain(&b, &chain);
        if (b.ms != (rows[i].ms < 0 ? BUDGET_FOREVER : rows[i].ms))
            fail_msg("row %zu: %lld ms, not %lld: %s", i, (long long)b.ms, (long long)rows[i].ms,
                     buf_str(&chain));
        assert_string_equal(buf_str(&chain), rows[i].chain);
        buf_close(&chain);
        budget_close(&b);
        mem_free(text);
        load_close(&l);
    }
}

/* No configuration has a cycle, but what runs of two of them may. */
static void a_cycle_has_an_end(void **state)
{
    (void)state;
    struct budget b = {.jobs_limit = BUDGET_FOREVER};
    struct buf chain = BUF_EMPTY;
    (void)budget_add(&b, "a", BUDGET_PROGRAM, 1000);
    (void)budget_add(&b, "b", BUDGET_PROGRAM, 1000);
    budget_wait(&b, 0, 1);
    budget_wait(&b, 1, 0);
    budget_wait(&b, 1, 1);
    budget_rank(&b);
    budget_solve(&b);
    budget_chain(&b, &chain);
    assert_true(b.ms >= 2000);
    buf_close(&chain);
    budget_close(&b);
}

/* A chain of thousands, in the worst order, takes no time. */
static void thousands_are_fine(void **state)
{
    (void)state;
    enum { COUNT = 2000 };
    struct budget b = {.jobs_limit = BUDGET_FOREVER};
    for (size_t i = 0; i < COUNT; i++)
        (void)budget_add(&b, "p", BUDGET_PROGRAM, 1000);
    for (size_t i = 0; i + 1 < COUNT; i++)
        budget_wait(&b, i + 1, i);
    budget_rank(&b);
    budget_solve(&b);
    assert_int_equal(b.ms, COUNT * 1000);
    budget_close(&b);
}

static void what_is_too_short_is_said(void **state)
{
    (void)state;
    // clang-format off
    static const struct {
        const char *text;
        struct patience_known known;
        const char *want;
    } cases[] = {
        {PROGRAM("web", ""), {"m.service", 90000000, 5000000}, ""},
        {PROGRAM("web", "stopwaitsecs=91"), {"m.service", 90000000, 5000000},
         "stopping everything may take 91 s, but TimeoutStopSec= of m.service is 90 s: web (91 s); "
         "the daemon asks systemd for more time while it stops, but set TimeoutStopSec=96 there, "
         "or shorten what is long in the chain\n"},
        {PROGRAM("web", "stopwaitsecs=91"), {NULL, 0, 0}, ""},
        {PROGRAM("web", "stopwaitsecs=91"), {"m.service", UINT64_MAX, 0}, ""},
        {JOB("j", "when=shutdown\ntimeout=20s"), {"m.service", 90000000, 5000000},
         "stopping everything may take 30 s, but logind delays a power-off by at most 5 s: job:j "
         "(30 s); what is not done by then goes on while systemd stops the other services; set "
         "InhibitDelayMaxSec=35 in logind.conf if it needs them\n"},
        {"[shutdown]\ntimeout=0\n" JOB("j", "when=shutdown"), {"m.service", 90000000, 0},
         "nothing bounds how long stopping everything takes: job:j (no limit); set a timeout for "
         "the job, or one in [shutdown]\n"},
        {"[shutdown]\ntimeout=0\n" JOB("j", "when=shutdown"), {NULL, 0, 0}, ""},
    };
    // clang-format on
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct loaded l;
        struct buf out = BUF_EMPTY;
        char *text = mem_printf("[supervisord]\n%s", cases[i].text);
        load_text(&l, text);
        patience_sentences(l.config, &cases[i].known, &out);
        assert_string_equal(buf_str(&out), cases[i].want);
        buf_close(&out);
        mem_free(text);
        load_close(&l);
    }
}

static void spans_are_said_shortly(void **state)
{
    (void)state;
    static const struct {
        int64_t ms;
        const char *want;
    } spans[] = {{0, "0 s"},      {350, "350 ms"},   {1500, "1.5 s"}, {30000, "30 s"},
                 {60000, "1m"},   {70000, "70 s"},   {300000, "5m"},  {310000, "5m 10s"},
                 {7200000, "2h"}, {7260000, "2h 1m"}};
    for (size_t i = 0; i < sizeof spans / sizeof *spans; i++) {
        char text[32];
        say_span(spans[i].ms, text, sizeof text);
        assert_string_equal(text, spans[i].want);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_longest_chain),      cmocka_unit_test(a_cycle_has_an_end),
        cmocka_unit_test(thousands_are_fine),     cmocka_unit_test(what_is_too_short_is_said),
        cmocka_unit_test(spans_are_said_shortly),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
