/* Protects the start of a process: its gate, the descriptors that it is given, and its own pid. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/fd.h"
#include "engine/spawn.h"

static struct spawn_plan shell(const char *const *argv, char **envp)
{
    return (struct spawn_plan){.name = "p",
                               .path = "/bin/sh",
                               .argv = (char **)(uintptr_t)argv, /* exec writes to none of it */
                               .envp = envp,
                               .umask = CONFIG_UNSET,
                               .redirect_stderr = true,
                               .in = -1,
                               .cgroup = -1};
}

/* What it writes until its end, and how that was. */
static int output_of(struct spawned *s, char *text, size_t size)
{
    size_t used = 0;
    int status = -1;
    struct pollfd p = {.fd = s->out, .events = POLLIN};
    while (used + 1 < size && poll(&p, 1, 30000) == 1) {
        ssize_t n = read(s->out, text + used, size - 1 - used);
        if (n <= 0)
            break;
        used += (size_t)n;
    }
    text[used] = '\0';
    assert_int_equal(waitpid(s->pid, &status, 0), s->pid);
    int *fds[] = {&s->pidfd, &s->gate, &s->in, &s->out, &s->report};
    for (size_t i = 0; i < sizeof fds / sizeof *fds; i++)
        fd_close(fds[i]);
    return status;
}

static void test_gate_opens(void **state)
{
    const char *argv[] = {"sh", "-c", "echo through", NULL};
    char *envp[] = {NULL};
    struct spawn_plan plan = shell(argv, envp);
    struct spawned s;
    struct err e;
    char text[64];
    (void)state;
    plan.gated = true;
    assert_int_equal(spawn_process(&plan, &s, &e), 0);
    assert_true(s.gate >= 0);
    assert_true(s.pidfd >= 0);
    struct pollfd closed = {.fd = s.report, .events = POLLIN};
    assert_int_equal(poll(&closed, 1, 100), 0); /* exec would end that pipe */
    assert_int_equal(write(s.gate, "", 1), 1);
    assert_int_equal(output_of(&s, text, sizeof text), 0);
    assert_string_equal(text, "through\n");
}

static void test_gate_ends(void **state)
{
    const char *argv[] = {"sh", "-c", "echo through", NULL};
    char *envp[] = {NULL};
    struct spawn_plan plan = shell(argv, envp);
    struct spawned first;
    struct spawned second;
    struct err e;
    char text[64];
    (void)state;
    plan.gated = true;
    assert_int_equal(spawn_process(&plan, &first, &e), 0);
    assert_int_equal(spawn_process(&plan, &second, &e), 0);
    fd_close(&second.gate); /* as if we had died: the second one first, it holds the first's */
    int status = output_of(&second, text, sizeof text);
    assert_true(WIFEXITED(status) && WEXITSTATUS(status) == SPAWN_GATE_STATUS);
    assert_string_equal(text, "");
    fd_close(&first.gate);
    status = output_of(&first, text, sizeof text);
    assert_true(WIFEXITED(status) && WEXITSTATUS(status) == SPAWN_GATE_STATUS);
    assert_string_equal(text, "");
}

/* Descriptors arrive as 3, 4 ... in order, whatever numbers they have here, and nothing else. */
static void test_given(void **state)
{
    /* no pipeline, whose pipe would be among what is listed, and nothing that sh becomes */
    const char *argv[] = {"sh", "-c", "cat <&3; cat <&4; cat <&5; echo; ls /proc/$$/fd; :", NULL};
    char path[] = "PATH=/usr/bin:/bin";
    char *envp[] = {path, NULL};
    struct spawn_plan plan = shell(argv, envp);
    struct spawned s;
    struct err e;
    char text[128];
    int pipes[3][2];
    (void)state;
    for (int i = 0; i < 3; i++) {
        assert_int_equal(pipe2(pipes[i], O_CLOEXEC), 0);
        assert_int_equal(write(pipes[i][1], &"abc"[i], 1), 1);
        fd_close(&pipes[i][1]);
    }
    const int pass[] = {pipes[2][0], pipes[0][0], pipes[1][0]};
    plan.pass = pass;
    plan.pass_count = 3;
    plan.gated = true;
    assert_int_equal(spawn_process(&plan, &s, &e), 0);
    assert_int_equal(write(s.gate, "", 1), 1);
    assert_int_equal(output_of(&s, text, sizeof text), 0);
    assert_string_equal(text, "cab\n0\n1\n2\n3\n4\n5\n");
    for (int i = 0; i < 3; i++)
        fd_close(&pipes[i][0]);
}

static void test_own_pid(void **state)
{
    char entry[] = "LISTEN_PID=__________";
    const char *argv[] = {"sh", "-c", "test $LISTEN_PID = $$ && echo same", NULL};
    char *envp[] = {entry, NULL};
    struct spawn_plan plan = shell(argv, envp);
    struct spawned s;
    struct err e;
    char text[64];
    (void)state;
    plan.pid_at[0] = strchr(entry, '=') + 1;
    assert_int_equal(spawn_process(&plan, &s, &e), 0);
    assert_int_equal(s.gate, -1);
    assert_int_equal(output_of(&s, text, sizeof text), 0);
    assert_string_equal(text, "same\n");
    assert_string_equal(entry, "LISTEN_PID=__________"); /* ours is another memory */
}

/* The failure of a step still comes through its pipe when descriptors were moved. */
static void test_report(void **state)
{
    const char *argv[] = {"sh", NULL};
    char *envp[] = {NULL};
    struct spawn_plan plan = shell(argv, envp);
    struct process_config config = {.command = "/no/such"};
    struct spawned s;
    struct err e;
    char text[256];
    const int pass[] = {0};
    (void)state;
    plan.path = "/no/such";
    plan.pass = pass;
    plan.pass_count = 1;
    assert_int_equal(spawn_process(&plan, &s, &e), 0);
    int report = dup(s.report);
    int status = output_of(&s, text, sizeof text);
    assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 127);
    assert_true(spawn_report_read(report, &config, &e));
    assert_string_equal(e.text, "cannot execute '/no/such': No such file or directory");
    fd_close(&report);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_gate_opens), cmocka_unit_test(test_gate_ends),
        cmocka_unit_test(test_given),      cmocka_unit_test(test_own_pid),
        cmocka_unit_test(test_report),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
