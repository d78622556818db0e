/* Protects [shutdown] inhibit=exec: and action=exec:: what a command says, how it ends, and that none
 * is waited for for ever, not even one that SIGKILL does not end. On a clock of our own. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/list.h"
#include "engine/host.h"
#include "jobs/chore.h"

enum { LIMIT = 30 * 1000, PID = 4711 };

struct fake {
    struct host host;
    uv_loop_t loop;
    int64_t now;
    int kills; /* SIGKILL to the group */
    int out;   /* what the command writes to */
    int refuse;
};

static struct fake fake;
static struct chore chore;
static int done;

static int64_t fake_now(struct host *h)
{
    (void)h;
    return fake.now;
}

static void fake_wake_at(struct host *h, int64_t due)
{
    (void)h;
    (void)due;
}

static int fake_kill(struct host *h, pid_t pid, int number)
{
    (void)h;
    fake.kills += pid == -PID && number == SIGKILL;
    return 0;
}

static int fake_spawn(struct host *h, const struct spawn_plan *plan, struct spawned *out,
                      struct err *e)
{
    int pipe[2];
    (void)h;
    assert_string_equal(plan->argv[0], "/bin/sh");
    if (fake.refuse)
        return err_set(e, -EAGAIN, "no process");
    assert_int_equal(pipe2(pipe, O_CLOEXEC | O_NONBLOCK), 0);
    *out = (struct spawned){
        .pid = PID, .pidfd = -1, .gate = -1, .in = -1, .out = pipe[0], .err = -1, .report = -1};
    fake.out = pipe[1];
    return 0;
}

static const struct host_ops ops = {.now = fake_now,
                                    .wall = fake_now,
                                    .wake_at = fake_wake_at,
                                    .kill = fake_kill,
                                    .spawn = fake_spawn};

static void on_done(struct chore *c)
{
    assert_ptr_equal(c, &chore);
    done++;
}

static void turn(void)
{
    for (int i = 0; i < 10; i++)
        (void)uv_run(&fake.loop, UV_RUN_NOWAIT);
}

static void pass(int64_t ms)
{
    fake.now += ms;
    host_run_due(&fake.host);
    turn();
}

/* The text goes as soon as it has begun. */
static void start(void)
{
    struct spawn_context ctx = {0};
    char command[] = "/bin/sh -c 'true'";
    struct err e;
    done = 0;
    assert_int_equal(chore_start(&chore, command, LIMIT, &ctx, &e), 0);
    memset(command, 'x', sizeof command - 1);
    turn();
}

static int begin(void **state)
{
    (void)state;
    fake = (struct fake){.now = 1000, .out = -1};
    fake.host = (struct host){.ops = &ops, .loop = &fake.loop};
    assert_int_equal(uv_loop_init(&fake.loop), 0);
    chore_init(&chore, &fake.host);
    chore.on_done = on_done;
    return 0;
}

static int end(void **state)
{
    (void)state;
    if (fake.out >= 0)
        (void)close(fake.out);
    chore_stop(&chore);
    turn();
    host_close(&fake.host);
    return uv_loop_close(&fake.loop);
}

static void answers(void **state)
{
    // clang-format off
    static const struct { int code, status; bool answered, good; const char *why; } rows[] = {
        {CLD_EXITED, 0,       true,  true,  "exit status 0: still at work"},
        {CLD_EXITED, 1,       true,  false, "exit status 1: still at work"},
        {CLD_EXITED, 125,     true,  false, "exit status 125: still at work"},
        {CLD_EXITED, 126,     false, false, "exit status 126: still at work"},
        {CLD_EXITED, 127,     false, false, "exit status 127: still at work"},
        {CLD_KILLED, SIGSEGV, false, false, "terminated by SIGSEGV: still at work"},
    };
    // clang-format on
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        start();
        assert_true(write(fake.out, "still at work\nmore\n", 19) == 19);
        assert_false(chore_exited(&chore, PID + 1, rows[i].code, rows[i].status));
        assert_true(chore_exited(&chore, PID, rows[i].code, rows[i].status));
        assert_int_equal(done, 0); /* from the loop */
        turn();
        assert_int_equal(done, 1);
        assert_int_equal(chore.answered, rows[i].answered);
        assert_int_equal(chore.good, rows[i].good);
        if (rows[i].code == CLD_EXITED)
            assert_string_equal(chore.why, rows[i].why);
        assert_string_equal(chore.command, "/bin/sh -c 'true'");
        assert_false(chore.busy);
        (void)close(fake.out);
        fake.out = -1;
    }
}

static void takes_too_long(void **state)
{
    (void)state;
    start();
    pass(LIMIT - 1);
    assert_int_equal(fake.kills, 0);
    pass(1);
    assert_int_equal(fake.kills, 1);
    assert_true(chore_exited(&chore, PID, CLD_KILLED, SIGKILL));
    turn();
    assert_int_equal(done, 1);
    assert_false(chore.answered || chore.good);
    assert_string_equal(chore.why, "it has not ended within 30 s");
    pass(CHORE_GRACE_MS);
    assert_int_equal(done, 1);
}

static void hangs_in_the_kernel(void **state)
{
    (void)state;
    start();
    pass(LIMIT);
    pass(CHORE_GRACE_MS - 1);
    assert_int_equal(done, 0);
    pass(1);
    assert_int_equal(done, 1);
    assert_false(chore.answered || chore.busy);
    assert_string_equal(chore.why, "it has not ended within 30 s");
    assert_false(chore_exited(&chore, PID, CLD_KILLED, SIGKILL)); /* in the end it did: too late */
    (void)close(fake.out);
    start(); /* the next one */
    assert_true(chore_exited(&chore, PID, CLD_EXITED, 0));
    turn();
    assert_true(chore.good);
}

static void cannot_begin(void **state)
{
    struct spawn_context ctx = {0};
    struct err e;
    (void)state;
    fake.refuse = 1;
    assert_int_equal(chore_start(&chore, "/bin/sh", LIMIT, &ctx, &e), -EAGAIN);
    assert_string_equal(e.text, "no process");
    assert_false(chore.busy);
    fake.refuse = 0;
    start();
    chore_stop(&chore);
    assert_int_equal(fake.kills, 1);
    turn();
    assert_int_equal(done, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(answers, begin, end),
        cmocka_unit_test_setup_teardown(takes_too_long, begin, end),
        cmocka_unit_test_setup_teardown(hangs_in_the_kernel, begin, end),
        cmocka_unit_test_setup_teardown(cannot_begin, begin, end),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
