/* Protects the end of processes that are no children of ours: when it comes, and how it was. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/utsname.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/list.h"
#include "engine/reaper.h"

enum { MANY = 40 };

static uv_loop_t loop;
static struct pidwatch watch;
static uv_timer_t late;
static pid_t parent;
static struct {
    pid_t pid;
    int code, status;
} seen[MANY];
static size_t seen_count;

static void on_exit_of(struct pidwatch *w, pid_t pid, int code, int status)
{
    (void)w;
    assert_true(seen_count < MANY);
    seen[seen_count].pid = pid;
    seen[seen_count].code = code;
    seen[seen_count++].status = status;
}

static void on_late(uv_timer_t *timer)
{
    (void)timer;
    fail_msg("%zu ends were seen in 30 s", seen_count);
}

static bool kernel_tells(void)
{
    struct utsname u;
    unsigned major = 0;
    unsigned minor = 0;
    assert_int_equal(uname(&u), 0);
    (void)sscanf(u.release, "%u.%u", &major, &minor);
    return major > 6 || (major == 6 && minor >= 15);
}

static void end_as(int how)
{
    struct rlimit none = {0, 0};
    (void)setrlimit(RLIMIT_CORE, &none);
    (void)prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (how == 0)
        (void)pause();
    if (how < 0)
        (void)raise(-how);
    _exit(how);
}

/* A grandchild: its parent, which reaps it, is another process of ours. */
static pid_t stranger(int how)
{
    int way[2];
    pid_t pid = 0;
    assert_int_equal(pipe(way), 0);
    parent = fork();
    if (parent == 0) {
        pid = fork();
        if (pid == 0)
            end_as(how);
        (void)!write(way[1], &pid, sizeof pid);
        (void)waitpid(pid, NULL, 0);
        _exit(0);
    }
    assert_int_equal(read(way[0], &pid, sizeof pid), sizeof pid);
    fd_close(&way[0]);
    fd_close(&way[1]);
    return pid;
}

static int descriptor(pid_t pid)
{
    int fd = (int)syscall(SYS_pidfd_open, pid, 0);
    assert_true(fd >= 0);
    return fd;
}

static int begin(void **state)
{
    (void)state;
    seen_count = 0;
    assert_int_equal(uv_loop_init(&loop), 0);
    (void)uv_timer_init(&loop, &late);
    pidwatch_init(&watch, &loop, on_exit_of);
    return 0;
}

static int end(void **state)
{
    (void)state;
    pidwatch_close(&watch);
    uv_close((uv_handle_t *)&late, NULL);
    (void)uv_run(&loop, UV_RUN_DEFAULT);
    return uv_loop_close(&loop);
}

static void wait_for_ends(size_t count)
{
    (void)uv_timer_start(&late, on_late, 30000, 0);
    while (seen_count < count)
        (void)uv_run(&loop, UV_RUN_ONCE);
    (void)uv_timer_stop(&late);
}

static void assert_end(pid_t pid, int code, int status)
{
    assert_int_equal(seen_count, 1);
    assert_int_equal(seen[0].pid, pid);
    assert_int_equal(seen[0].code, kernel_tells() ? code : REAPER_UNKNOWN);
    assert_int_equal(seen[0].status, kernel_tells() ? status : 0);
}

static void test_signalled(void **state)
{
    (void)state;
    pid_t pid = stranger(0);
    int fd = descriptor(pid);
    assert_int_equal(pidwatch_add(&watch, pid, fd), 0);
    (void)uv_run(&loop, UV_RUN_NOWAIT);
    assert_int_equal(seen_count, 0);
    assert_int_equal(pidwatch_signal(fd, 0, 0), 0);
    assert_int_equal(pidwatch_signal(fd, 0, SIGTERM), 0);
    wait_for_ends(1);
    assert_end(pid, CLD_KILLED, SIGTERM);
    assert_int_equal(pidwatch_signal(fd, 0, SIGTERM), -ESRCH);
    assert_int_equal(pidwatch_signal(fd, getpgrp(), SIGTERM), -ESRCH); /* or we were dead now */
    fd_close(&fd);
    assert_int_equal(waitpid(parent, NULL, 0), parent);
}

static void test_exited(void **state)
{
    (void)state;
    pid_t pid = stranger(42);
    int fd = (int)syscall(SYS_pidfd_open, pid, 0);
    if (fd >= 0) { /* else it is gone already: then there is nothing to watch */
        assert_int_equal(pidwatch_add(&watch, pid, fd), 0);
        fd_close(&fd); /* it has its own */
        wait_for_ends(1);
        assert_end(pid, CLD_EXITED, 42);
    }
    assert_int_equal(waitpid(parent, NULL, 0), parent);
}

/* A zombie has ended, but how is known only when its parent has reaped it. */
static void test_reaped_late(void **state)
{
    (void)state;
    pid_t pid = stranger(0);
    int fd = descriptor(pid);
    assert_int_equal(pidwatch_add(&watch, pid, fd), 0);
    assert_int_equal(kill(parent, SIGSTOP), 0);
    assert_int_equal(waitpid(parent, NULL, WUNTRACED), parent);
    assert_int_equal(kill(pid, SIGKILL), 0);
    for (int i = 0; i < 5 && kernel_tells(); i++) /* by its own timer */
        (void)uv_run(&loop, UV_RUN_ONCE);
    if (kernel_tells())
        assert_int_equal(seen_count, 0);
    assert_int_equal(kill(parent, SIGCONT), 0);
    wait_for_ends(1);
    assert_end(pid, CLD_KILLED, SIGKILL);
    fd_close(&fd);
    assert_int_equal(waitpid(parent, NULL, 0), parent);
}

static void test_many_and_forgotten(void **state)
{
    (void)state;
    pid_t pids[MANY];
    pid_t parents[MANY];
    for (size_t i = 0; i < MANY; i++) {
        pids[i] = stranger(0);
        parents[i] = parent;
        int fd = descriptor(pids[i]);
        assert_int_equal(pidwatch_add(&watch, pids[i], fd), 0);
        fd_close(&fd);
    }
    pidwatch_forget(&watch, pids[0]);
    for (size_t i = 0; i < MANY; i++)
        (void)kill(pids[i], SIGKILL);
    wait_for_ends(MANY - 1);
    for (size_t i = 0; i < seen_count; i++)
        assert_int_not_equal(seen[i].pid, pids[0]);
    for (size_t i = 0; i < MANY; i++)
        assert_int_equal(waitpid(parents[i], NULL, 0), parents[i]);
}

static void test_words(void **state)
{
    char text[64];
    (void)state;
    reaper_describe(REAPER_UNKNOWN, 0, text, sizeof text);
    assert_string_equal(text, "exit status unknown");
    reaper_news(REAPER_UNKNOWN, 0, text, sizeof text);
    assert_string_equal(text, "exited, status unknown");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_signalled, begin, end),
        cmocka_unit_test_setup_teardown(test_exited, begin, end),
        cmocka_unit_test_setup_teardown(test_reaped_late, begin, end),
        cmocka_unit_test_setup_teardown(test_many_and_forgotten, begin, end),
        cmocka_unit_test(test_words),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
