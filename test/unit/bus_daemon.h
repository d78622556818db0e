/* What the tests of the system bus share: a bus daemon of our own, and a loop that is turned. */
#ifndef TEST_BUS_DAEMON_H
#define TEST_BUS_DAEMON_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>
#include <uv.h>

static uv_loop_t loop;
static char folder[32];
static char path[64];
static pid_t daemon_pid;

/* Where the bus will be, also for libsystemd. */
static inline void bus_daemon_place(void)
{
    char address[96];
    (void)snprintf(folder, sizeof folder, "/tmp/mainstay-bus.XXXXXX");
    assert_non_null(mkdtemp(folder));
    (void)snprintf(path, sizeof path, "%s/bus", folder);
    (void)snprintf(address, sizeof address, "unix:path=%s", path);
    assert_int_equal(setenv("DBUS_SYSTEM_BUS_ADDRESS", address, 1), 0);
}

static inline int bus_daemon_leave(void)
{
    (void)unlink(path);
    return rmdir(folder);
}

/* A bus daemon of our own, which goes with us. */
static inline void bus_daemon_start(void)
{
    char address[96];
    (void)snprintf(address, sizeof address, "--address=unix:path=%s", path);
    (void)unlink(path);
    daemon_pid = fork();
    if (daemon_pid == 0) {
        (void)prctl(PR_SET_PDEATHSIG, SIGKILL);
        (void)execlp("dbus-daemon", "dbus-daemon", "--session", "--nofork", "--nopidfile", address,
                     (char *)NULL);
        _exit(127);
    }
    assert_true(daemon_pid > 0);
}

static inline void bus_daemon_stop(void)
{
    (void)kill(daemon_pid, SIGKILL);
    assert_int_equal(waitpid(daemon_pid, NULL, 0), daemon_pid);
}

static void on_give_up(uv_timer_t *timer)
{
    (void)timer;
    fail_msg("30 s have passed");
}

/* Turns the loop until *value is `want`. */
static inline void turn_until(const int *value, int want)
{
    uv_timer_t limit;
    (void)uv_timer_init(&loop, &limit);
    (void)uv_timer_start(&limit, on_give_up, 30000, 0);
    while (*value != want)
        (void)uv_run(&loop, UV_RUN_ONCE);
    uv_close((uv_handle_t *)&limit, NULL);
    (void)uv_run(&loop, UV_RUN_NOWAIT);
}

#endif
