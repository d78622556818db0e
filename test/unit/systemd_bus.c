/* Protects the system bus on the loop: never waited for, users told when it comes and goes. */
#include "bus_daemon.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/socket.h>
#include <sys/un.h>

#include "base/log.h"
#include "systemd/bus.h"

static const struct bus_place daemon_place = {"org.freedesktop.DBus", "/org/freedesktop/DBus",
                                              "org.freedesktop.DBus"};
static struct bus bus;
static struct bus_user user;
static int ups, downs, lines;
static char answer[256];
static int answers, signals;

static void count_lines(void *ctx, enum log_level level, const char *line, size_t len)
{
    (void)ctx;
    (void)level;
    (void)line;
    (void)len;
    lines++;
}

static struct bus_ask asked, heard;

static void on_up(struct bus_user *u)
{
    assert_ptr_equal(u, &user);
    ups++;
}

static void on_down(struct bus_user *u)
{
    assert_ptr_equal(u, &user);
    downs++;
}

static int on_answer(sd_bus_message *m, void *owner, sd_bus_error *error)
{
    const char *text = "";
    (void)error;
    assert_ptr_equal(owner, &user);
    if (sd_bus_message_is_method_error(m, NULL))
        text = sd_bus_message_get_error(m)->name;
    else if (sd_bus_message_read(m, "s", &text) < 0)
        text = "not a text";
    (void)snprintf(answer, sizeof answer, "%s", text);
    answers++;
    return 0;
}

static int on_signal(sd_bus_message *m, void *owner, sd_bus_error *error)
{
    (void)m;
    (void)error;
    assert_ptr_equal(owner, &user);
    signals++;
    return 0;
}

static int begin(void **state)
{
    (void)state;
    ups = downs = lines = answers = signals = 0;
    asked = (struct bus_ask){.on_message = on_answer, .owner = &user};
    heard = (struct bus_ask){.on_message = on_signal, .owner = &user};
    user = (struct bus_user){.on_up = on_up, .on_down = on_down};
    bus_daemon_place();
    log_set_writer(count_lines, NULL);
    assert_int_equal(uv_loop_init(&loop), 0);
    bus_open(&bus, &loop);
    bus_add(&bus, &user);
    return 0;
}

static int end(void **state)
{
    (void)state;
    bus_forget(&asked);
    bus_forget(&heard);
    bus_close(&bus);
    (void)uv_run(&loop, UV_RUN_DEFAULT);
    assert_int_equal(uv_loop_close(&loop), 0);
    log_set_writer(NULL, NULL);
    return bus_daemon_leave();
}

static void no_bus_is_one_line_and_later_it_is_there(void **state)
{
    (void)state;
    turn_until(&lines, 1);
    assert_int_equal(bus_call(&bus, &asked, &daemon_place, "GetId", ""), -ENOTCONN);
    assert_int_equal(bus_get(&bus, &asked, &daemon_place, "Features"), -ENOTCONN);
    assert_int_equal(bus_listen(&bus, &heard, &daemon_place, "NameAcquired"), -ENOTCONN);
    assert_null(bus_message(&bus, &daemon_place, "GetId"));
    while (bus.retry_after < 4 * BUS_RETRY_FIRST) /* two more attempts */
        (void)uv_run(&loop, UV_RUN_ONCE);
    assert_int_equal(lines, 1);
    assert_int_equal(ups, 0);
    bus_daemon_start();
    turn_until(&ups, 1);
    assert_int_equal(lines, 1);
    bus_daemon_stop();
    turn_until(&downs, 1);
}

static void it_answers_and_tells(void **state)
{
    (void)state;
    bus_daemon_start();
    turn_until(&ups, 1);
    assert_true(bus_is_up(&bus));
    int fd = sd_bus_get_fd(bus.connection);
    assert_true(fcntl(fd, F_GETFD) & FD_CLOEXEC);
    assert_true(fcntl(fd, F_GETFL) & O_NONBLOCK);
    assert_int_equal(bus_listen(&bus, &heard, &daemon_place, "NameAcquired"), 0);
    assert_int_equal(
        bus_call(&bus, &asked, &daemon_place, "GetNameOwner", "s", "org.freedesktop.DBus"), 0);
    turn_until(&answers, 1);
    assert_string_equal(answer, "org.freedesktop.DBus");
    assert_int_equal(
        bus_call(&bus, &asked, &daemon_place, "RequestName", "su", "org.example.Mainstay", 0), 0);
    turn_until(&signals, 1);
    answers = 0;
    assert_int_equal(bus_call(&bus, &asked, &daemon_place, "NoSuch", ""), 0);
    turn_until(&answers, 1);
    assert_string_equal(answer, "org.freedesktop.DBus.Error.UnknownMethod");
    bus_daemon_stop();
    turn_until(&downs, 1);
}

static void a_restart_of_the_bus_is_survived(void **state)
{
    (void)state;
    bus_daemon_start();
    turn_until(&ups, 1);
    (void)kill(daemon_pid, SIGSTOP); /* it does not answer: nobody waits */
    assert_int_equal(bus_call(&bus, &asked, &daemon_place, "GetId", ""), 0);
    (void)uv_run(&loop, UV_RUN_NOWAIT);
    assert_int_equal(answers, 0);
    bus_daemon_stop();
    turn_until(&downs, 1);
    assert_int_equal(answers, 1); /* with an error, before on_down */
    assert_string_equal(answer, SD_BUS_ERROR_NO_REPLY);
    assert_false(bus_is_up(&bus));
    bus_daemon_start();
    turn_until(&ups, 2);
    assert_int_equal(bus_call(&bus, &asked, &daemon_place, "GetId", ""), 0);
    turn_until(&answers, 2);
    assert_int_equal(strlen(answer), 32);
    bus_remove(&bus, &user);
    bus_daemon_stop();
    lines = 0;
    turn_until(&lines, 1);
    assert_int_equal(downs, 1); /* no more: it is removed */
}

/* Somebody takes the connection and never says a word: the loop turns on. */
static void a_silent_one_is_not_waited_for(void **state)
{
    (void)state;
    struct sockaddr_un at = {.sun_family = AF_UNIX};
    (void)snprintf(at.sun_path, sizeof at.sun_path, "%s", path);
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_int_equal(bind(fd, (struct sockaddr *)&at, sizeof at), 0);
    assert_int_equal(listen(fd, 4), 0);
    uint64_t began = uv_hrtime();
    while (!bus.connection)
        (void)uv_run(&loop, UV_RUN_NOWAIT);
    for (int i = 0; i < 20; i++)
        (void)uv_run(&loop, UV_RUN_NOWAIT);
    assert_non_null(bus.connection);
    assert_true(uv_hrtime() - began < UINT64_C(5000000000));
    assert_int_equal(ups, 0);
    (void)close(fd);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(no_bus_is_one_line_and_later_it_is_there, begin, end),
        cmocka_unit_test_setup_teardown(it_answers_and_tells, begin, end),
        cmocka_unit_test_setup_teardown(a_restart_of_the_bus_is_survived, begin, end),
        cmocka_unit_test_setup_teardown(a_silent_one_is_not_waited_for, begin, end),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
