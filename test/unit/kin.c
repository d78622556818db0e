/* Protects who is believed: a program's own processes, its orphans, and nobody else. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <signal.h>
#include <stdio.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "engine/kin.h"

/* A program with a child and a grandchild, each waiting to be killed; its pids. */
struct family {
    pid_t main, child, grandchild;
};

static pid_t fork_waiting(int tell, int generations)
{
    pid_t pid = fork();
    if (pid != 0)
        return pid;
    (void)prctl(PR_SET_PDEATHSIG, 0);
    pid = getpid();
    (void)!write(tell, &pid, sizeof pid);
    if (generations > 0)
        (void)fork_waiting(tell, generations - 1);
    for (;;)
        (void)pause();
}

static struct family family_make(void)
{
    int pipes[2];
    struct family f;
    assert_int_equal(pipe(pipes), 0);
    (void)fflush(NULL);
    pid_t main = fork();
    if (main == 0) {
        (void)setpgid(0, 0);
        (void)fork_waiting(pipes[1], 1);
        for (;;)
            (void)pause();
    }
    f.main = main;
    assert_int_equal(read(pipes[0], &f.child, sizeof f.child), sizeof f.child);
    assert_int_equal(read(pipes[0], &f.grandchild, sizeof f.grandchild), sizeof f.grandchild);
    (void)close(pipes[0]);
    (void)close(pipes[1]);
    return f;
}

static void end(pid_t pid)
{
    (void)kill(pid, SIGKILL);
    (void)waitpid(pid, NULL, 0);
}

static void descendants_are_kin(void **state)
{
    (void)state;
    struct family f = family_make();
    struct family other = family_make();
    struct kin k = {.main = f.main, .group = f.main, .uid = getuid()};
    assert_true(kin_has(&k, f.main));
    assert_true(kin_has(&k, f.child));
    assert_true(kin_has(&k, f.grandchild));
    assert_true(kin_lives(&k, f.grandchild));
    assert_false(kin_has(&k, other.main));
    assert_false(kin_has(&k, other.grandchild));
    assert_false(kin_has(&k, getpid()));
    assert_false(kin_has(&k, getppid()));
    assert_false(kin_has(&k, 1));
    assert_false(kin_has(&k, 0));
    end(other.main);
    end(other.child);
    end(other.grandchild);
    end(f.main);
    end(f.child);
    end(f.grandchild);
}

/* Their ancestors have gone: they are ours by the kernel, and the program's by its group. */
static void orphans_are_kin_by_group_and_user(void **state)
{
    (void)state;
    struct family f = family_make();
    struct kin k = {.main = f.main, .group = f.main, .uid = getuid()};
    struct kin other = {.main = f.main, .group = f.main, .uid = getuid() + 1};
    end(f.main);
    assert_true(kin_has(&k, f.child));
    assert_true(kin_lives(&k, f.grandchild));
    assert_false(kin_has(&other, f.child));
    k.main = k.group = getpid() + 100000;
    assert_false(kin_has(&k, f.grandchild));
    end(f.child);
    end(f.grandchild);
}

static void the_dead_are_no_main_process(void **state)
{
    (void)state;
    struct family f = family_make();
    struct kin k = {.main = f.main, .group = f.main, .uid = getuid()};
    siginfo_t info;
    (void)kill(f.grandchild, SIGKILL); /* a zombie: its parent does not look */
    while (kin_lives(&k, f.grandchild))
        (void)usleep(1000);
    assert_true(kin_has(&k, f.grandchild)); /* what it said before counts */
    end(f.main);
    assert_true(kin_has(&k, f.main)); /* likewise */
    assert_false(kin_lives(&k, f.main));
    end(f.child);
    assert_int_equal(waitid(P_PID, (id_t)f.grandchild, &info, WEXITED), 0);
    assert_false(kin_has(&k, f.grandchild));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(descendants_are_kin),
        cmocka_unit_test(orphans_are_kin_by_group_and_user),
        cmocka_unit_test(the_dead_are_no_main_process),
    };
    (void)prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
