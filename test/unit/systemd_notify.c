/* Protects what systemd is told: the words, how often, and nothing without a socket. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "systemd/notify.h"
#include "systemd/status.h"
#include "systemd/watchdog.h"

static uv_loop_t loop;
static struct notify notify;
static int systemd = -1;
static int closed;

static void counts_and_the_worst_news(void **state)
{
    (void)state;
    static const struct {
        struct {
            enum notify_kind kind;
            const char *name;
            const char *why;
        } all[5];
        size_t count;
        const char *phase;
        const char *want;
    } rows[] = {
        {{{0}}, 0, NULL, "nothing to run"},
        {{{NOTIFY_RUNNING, "a", NULL}, {NOTIFY_RUNNING, "b", NULL}}, 2, NULL, "2 running"},
        {{{NOTIFY_RUNNING, "a", NULL}, {NOTIFY_BACKOFF, "api", "exited 1"}},
         2,
         NULL,
         "1 running; api in backoff: exited 1"},
        {{{NOTIFY_WAITING, "nextstrain", "sync:data"}},
         1,
         NULL,
         "0 running; nextstrain waits for sync:data"},
        {{{NOTIFY_WAITING, "w", ""}, {NOTIFY_STOPPED, "s", NULL}}, 2, NULL, "1 stopped; w waits"},
        {{{NOTIFY_FATAL, "x", "exited 2"},
          {NOTIFY_FATAL, "y", "exited 3"},
          {NOTIFY_BACKOFF, "z", "exited 4"},
          {NOTIFY_STARTING, "s", NULL},
          {NOTIFY_RUNNING, "r", NULL}},
         5,
         NULL,
         "1 running, 1 starting, 1 in backoff, 2 given up; x given up: exited 2"},
        {{{NOTIFY_STOPPING, "a", NULL}, {NOTIFY_EXITED, "b", NULL}},
         2,
         "shutting down",
         "shutting down; 1 stopping, 1 exited"},
        {{{NOTIFY_FAILED, "sync:data", "exit status 3"}, {NOTIFY_WAITING, "web", "sync:data"}},
         2,
         NULL,
         "1 waiting; sync:data failed: exit status 3"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct notify_counts c = {0};
        struct buf out = BUF_EMPTY;
        for (size_t k = 0; k < rows[i].count; k++)
            notify_count(&c, rows[i].all[k].kind, rows[i].all[k].name, rows[i].all[k].why);
        notify_status_text(&c, rows[i].phase, &out);
        assert_string_equal(buf_str(&out), rows[i].want);
        buf_close(&out);
    }
}

/* systemd's end: an abstract socket, as in containers. */
static int begin(void **state)
{
    (void)state;
    struct sockaddr_un at = {.sun_family = AF_UNIX};
    int n = snprintf(at.sun_path + 1, sizeof at.sun_path - 1, "mainstay-unit-%d", (int)getpid());
    socklen_t len = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + 1 + (size_t)n);
    systemd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (systemd < 0 || bind(systemd, (const struct sockaddr *)&at, len) < 0)
        return -1;
    at.sun_path[0] = '@';
    closed = 0;
    return setenv("NOTIFY_SOCKET", at.sun_path, 1) == 0 && uv_loop_init(&loop) == 0 ? 0 : -1;
}

static int end(void **state)
{
    (void)state;
    (void)close(systemd);
    (void)unsetenv("NOTIFY_SOCKET");
    (void)unsetenv("WATCHDOG_USEC");
    (void)unsetenv("WATCHDOG_PID");
    return uv_run(&loop, UV_RUN_DEFAULT) == 0 && uv_loop_close(&loop) == 0 ? 0 : -1;
}

static void on_closed(struct notify *n)
{
    assert_ptr_equal(n, &notify);
    closed++;
}

/* The next datagram, "(none)" when there is none; borrowed until the next call. */
static const char *told(void)
{
    static char text[4096];
    ssize_t n = recv(systemd, text, sizeof text - 1, 0);
    if (n < 0)
        return "(none)";
    text[n] = '\0';
    return text;
}

static void the_life_of_a_service(void **state)
{
    (void)state;
    notify_init(&notify, &loop);
    notify_status(&notify, "0 running");
    assert_string_equal(told(), "STATUS=0 running");
    notify_status(&notify, "1 running");
    notify_ready(&notify); /* the status does not wait for its turn */
    assert_string_equal(told(), "READY=1\nSTATUS=1 running");
    notify_ready(&notify);
    assert_string_equal(told(), "READY=1");
    notify_reloading(&notify);
    const char *text = told();
    assert_memory_equal(text, "RELOADING=1\nMONOTONIC_USEC=", 27);
    struct timespec now;
    (void)clock_gettime(CLOCK_MONOTONIC, &now);
    long long usec = atoll(text + 27);
    long long is = (long long)now.tv_sec * 1000000 + now.tv_nsec / 1000;
    assert_true(usec <= is && is - usec < 60 * 1000000LL);
    notify_extend(&notify, 90000000);
    assert_string_equal(told(), "EXTEND_TIMEOUT_USEC=90000000");
    notify_watchdog(&notify);
    assert_string_equal(told(), "WATCHDOG=1");
    notify_stopping(&notify);
    assert_string_equal(told(), "STOPPING=1");
    assert_string_equal(told(), "(none)");
    notify_close(&notify, on_closed);
    assert_int_equal(closed, 0);
    assert_int_equal(uv_run(&loop, UV_RUN_DEFAULT), 0);
    assert_int_equal(closed, 1);
}

static void status_only_when_changed_and_not_often(void **state)
{
    (void)state;
    notify_init(&notify, &loop);
    notify_status(&notify, "one");
    notify_status(&notify, "one");
    for (int i = 0; i < 1000; i++) {
        char text[32];
        (void)snprintf(text, sizeof text, "change %d", i);
        notify_status(&notify, text);
    }
    assert_string_equal(told(), "STATUS=one");
    assert_string_equal(told(), "(none)");
    assert_int_equal(uv_run(&loop, UV_RUN_DEFAULT), 0); /* ends: no timer is left running */
    assert_string_equal(told(), "STATUS=change 999");
    assert_string_equal(told(), "(none)");
    notify_status(&notify, "change 999");
    assert_false(uv_loop_alive(&loop));
    assert_string_equal(told(), "(none)");
    notify_close(&notify, NULL);
}

static void status_is_one_line_of_utf8(void **state)
{
    (void)state;
    char text[2 * NOTIFY_STATUS_MAX];
    notify_init(&notify, &loop);
    notify_status(&notify, "a\nREADY=1\tb\177 \303\251 \377");
    assert_string_equal(told(), "STATUS=a READY=1 b  \303\251 ?");
    memset(text, 'x', sizeof text);
    text[NOTIFY_STATUS_MAX - 1] = '\303'; /* the last place has half of a character: left out */
    text[NOTIFY_STATUS_MAX] = '\251';
    text[sizeof text - 1] = '\0';
    notify_status(&notify, text);
    assert_int_equal(uv_run(&loop, UV_RUN_DEFAULT), 0);
    assert_int_equal(strlen(told()), strlen("STATUS=") + NOTIFY_STATUS_MAX - 1);
    notify_close(&notify, NULL);
}

static uint64_t needed = 30000;

static uint64_t on_needs(struct notify *n)
{
    assert_ptr_equal(n, &notify);
    return needed;
}

static void hold_asks_while_it_is_on(void **state)
{
    (void)state;
    notify_init(&notify, &loop);
    notify_hold(&notify, NULL);
    notify_hold_anew(&notify);
    assert_false(uv_loop_alive(&loop));
    notify_hold(&notify, on_needs);
    notify_hold(&notify, on_needs);
    (void)uv_run(&loop, UV_RUN_NOWAIT);
    assert_string_equal(told(), "EXTEND_TIMEOUT_USEC=30000000");
    assert_string_equal(told(), "(none)");
    assert_true(uv_loop_alive(&loop));
    needed = 70001;
    notify_hold_anew(&notify); /* a step of the stop: not only when it is time again */
    (void)uv_run(&loop, UV_RUN_NOWAIT);
    assert_string_equal(told(), "EXTEND_TIMEOUT_USEC=70001000");
    notify_hold(&notify, NULL);
    assert_false(uv_loop_alive(&loop));
    notify_close(&notify, NULL);
}

static void last_words(void **state)
{
    (void)state;
    notify_init(&notify, &loop);
    notify_failed(&notify, "db is essential\nand gone", 3, 0);
    assert_string_equal(told(), "STATUS=db is essential and gone\nEXIT_STATUS=3");
    notify_refused("cannot open x.log", 2, 13);
    assert_string_equal(told(), "STATUS=cannot open x.log\nEXIT_STATUS=2\nERRNO=13");
    notify_close(&notify, NULL);
}

/* A systemd that does not read: nobody waits for it, and what counts arrives in the end. */
static void what_must_arrive_arrives_late(void **state)
{
    (void)state;
    notify_init(&notify, &loop);
    for (int i = 0; i < 100000; i++) /* more than any queue of datagrams holds */
        notify_watchdog(&notify);
    notify_status(&notify, "one");
    notify_reloading(&notify);
    notify_ready(&notify);
    notify_extend(&notify, 1);
    for (int i = 0; i < 2 * NOTIFY_QUEUE; i++)
        notify_stopping(&notify);
    assert_int_equal(notify.queued, NOTIFY_QUEUE);
    while (strcmp(told(), "WATCHDOG=1") == 0)
        ;
    notify_watchdog(&notify); /* nothing overtakes them */
    assert_string_equal(told(), "(none)");
    assert_int_equal(uv_run(&loop, UV_RUN_DEFAULT), 0); /* ends: no timer is left running */
    for (int i = 0; i < NOTIFY_QUEUE; i++)
        assert_string_equal(told(), "STOPPING=1");
    assert_string_equal(told(), "(none)");
    notify_ready(&notify);
    assert_string_equal(told(), "READY=1");
    notify_close(&notify, NULL);
}

static void a_status_is_not_lost(void **state)
{
    (void)state;
    notify_init(&notify, &loop);
    for (int i = 0; i < 100000; i++)
        notify_watchdog(&notify);
    notify_status(&notify, "one");
    while (strcmp(told(), "WATCHDOG=1") == 0)
        ;
    assert_int_equal(uv_run(&loop, UV_RUN_DEFAULT), 0);
    assert_string_equal(told(), "STATUS=one");
    notify_close(&notify, NULL);
}

static void without_a_socket_nothing_happens(void **state)
{
    (void)state;
    (void)unsetenv("NOTIFY_SOCKET");
    notify_init(&notify, &loop);
    notify_ready(&notify);
    notify_status(&notify, "one");
    notify_status(&notify, "two");
    notify_hold(&notify, on_needs);
    notify_hold_anew(&notify);
    notify_failed(&notify, "x", 3, 1);
    notify_refused("x", 3, 1);
    notify_reloading(&notify);
    notify_stopping(&notify);
    notify_extend(&notify, 1);
    notify_watchdog(&notify);
    assert_false(uv_loop_alive(&loop));
    assert_string_equal(told(), "(none)");
    notify_close(&notify, NULL);
}

static void a_loop_that_turns_is_alive(void **state)
{
    (void)state;
    struct watchdog w;
    char pid[16];
    (void)snprintf(pid, sizeof pid, "%d", (int)getpid());
    assert_int_equal(setenv("WATCHDOG_USEC", "20000", 1), 0);
    assert_int_equal(setenv("WATCHDOG_PID", pid, 1), 0);
    notify_init(&notify, &loop);
    watchdog_init(&w, &loop, &notify);
    assert_int_equal(w.every, 10); /* half of it */
    assert_string_equal(told(), "(none)");
    for (int i = 0; i < 3; i++) {
        (void)uv_run(&loop, UV_RUN_ONCE);
        assert_string_equal(told(), "WATCHDOG=1");
    }
    watchdog_close(&w, NULL);
    (void)uv_run(&loop, UV_RUN_DEFAULT);
    assert_int_equal(setenv("WATCHDOG_PID", "1", 1), 0); /* meant for somebody else */
    watchdog_init(&w, &loop, &notify);
    assert_int_equal(w.every, 0);
    assert_false(uv_loop_alive(&loop));
    watchdog_close(&w, NULL);
    notify_close(&notify, NULL);
    (void)uv_run(&loop, UV_RUN_DEFAULT); /* w is gone after this */
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(counts_and_the_worst_news),
        cmocka_unit_test_setup_teardown(the_life_of_a_service, begin, end),
        cmocka_unit_test_setup_teardown(status_only_when_changed_and_not_often, begin, end),
        cmocka_unit_test_setup_teardown(status_is_one_line_of_utf8, begin, end),
        cmocka_unit_test_setup_teardown(hold_asks_while_it_is_on, begin, end),
        cmocka_unit_test_setup_teardown(last_words, begin, end),
        cmocka_unit_test_setup_teardown(what_must_arrive_arrives_late, begin, end),
        cmocka_unit_test_setup_teardown(a_status_is_not_lost, begin, end),
        cmocka_unit_test_setup_teardown(without_a_socket_nothing_happens, begin, end),
        cmocka_unit_test_setup_teardown(a_loop_that_turns_is_alive, begin, end),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
