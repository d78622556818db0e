/* Protects the lock that makes a power-off wait, against a logind of our own on a bus of our own. */
#include "bus_daemon.h"

#include <fcntl.h>
#include <poll.h>

#include "systemd/logind.h"

enum { LOCKS = 16 };

/* --- A logind ------------------------------------------------------------------------------ */

static struct {
    int locks[LOCKS]; /* our ends: closed at the other one when a lock is let go */
    int count;
    int preparing;
    uint64_t delay;
} fake;

static int on_inhibit(sd_bus_message *m, void *owner, sd_bus_error *error)
{
    const char *words[4];
    int ends[2];
    (void)owner;
    if (sd_bus_message_read(m, "ssss", &words[0], &words[1], &words[2], &words[3]) < 0)
        return -EINVAL;
    if (fake.preparing || strcmp(words[2], "refuse") == 0)
        return sd_bus_error_set(error, "org.freedesktop.login1.OperationInProgress", "busy");
    if (strcmp(words[0], "shutdown") != 0 || strcmp(words[1], "mainstay") != 0 ||
        strcmp(words[3], "delay") != 0 || pipe2(ends, O_CLOEXEC) < 0)
        return -EINVAL;
    fake.locks[fake.count++ % LOCKS] = ends[0];
    int rc = sd_bus_reply_method_return(m, "h", ends[1]);
    (void)close(ends[1]);
    return rc;
}

static int on_prepare(sd_bus_message *m, void *owner, sd_bus_error *error)
{
    (void)owner;
    (void)error;
    if (sd_bus_message_read(m, "b", &fake.preparing) < 0)
        return -EINVAL;
    (void)sd_bus_emit_signal(sd_bus_message_get_bus(m), "/org/freedesktop/login1",
                             "org.freedesktop.login1.Manager", "PrepareForShutdown", "b",
                             fake.preparing);
    return sd_bus_reply_method_return(m, "");
}

/* How many locks are held, and how many there have been. */
static int on_count(sd_bus_message *m, void *owner, sd_bus_error *error)
{
    int held = 0;
    (void)owner;
    (void)error;
    for (int i = 0; i < fake.count && i < LOCKS; i++) {
        struct pollfd end = {.fd = fake.locks[i]};
        held += poll(&end, 1, 0) == 0;
    }
    return sd_bus_reply_method_return(m, "ii", held, fake.count);
}

static const sd_bus_vtable fake_table[] = {
    SD_BUS_VTABLE_START(0),
    SD_BUS_METHOD("Inhibit", "ssss", "h", on_inhibit, SD_BUS_VTABLE_UNPRIVILEGED),
    SD_BUS_METHOD("Prepare", "b", "", on_prepare, SD_BUS_VTABLE_UNPRIVILEGED),
    SD_BUS_METHOD("Count", "", "ii", on_count, SD_BUS_VTABLE_UNPRIVILEGED),
    SD_BUS_PROPERTY("PreparingForShutdown", "b", NULL, offsetof(__typeof__(fake), preparing), 0),
    SD_BUS_PROPERTY("InhibitDelayMaxUSec", "t", NULL, offsetof(__typeof__(fake), delay), 0),
    SD_BUS_VTABLE_END};

static pid_t fake_pid;

static void fake_run(int preparing)
{
    sd_bus *bus = NULL;
    (void)prctl(PR_SET_PDEATHSIG, SIGKILL);
    fake.preparing = preparing;
    fake.delay = 5000000;
    while (sd_bus_open_system(&bus) < 0)
        (void)usleep(10000);
    if (sd_bus_add_object_vtable(bus, NULL, "/org/freedesktop/login1",
                                 "org.freedesktop.login1.Manager", fake_table, &fake) < 0 ||
        sd_bus_request_name(bus, "org.freedesktop.login1", 0) < 0)
        _exit(1);
    for (;;) {
        if (sd_bus_process(bus, NULL) == 0)
            (void)sd_bus_wait(bus, UINT64_MAX);
    }
}

static void fake_start(int preparing)
{
    fake_pid = fork();
    if (fake_pid == 0)
        fake_run(preparing);
    assert_true(fake_pid > 0);
}

static void fake_stop(void)
{
    (void)kill(fake_pid, SIGKILL);
    assert_int_equal(waitpid(fake_pid, NULL, 0), fake_pid);
}

/* --- Ours ---------------------------------------------------------------------------------- */

static const struct bus_place fake_place = {"org.freedesktop.login1", "/org/freedesktop/login1",
                                            "org.freedesktop.login1.Manager"};
static struct bus bus;
static struct logind l;
static struct bus_ask asked;
static int downs, ups, known, answers;
static int held, taken;

static void on_down(struct logind *who, bool down)
{
    assert_ptr_equal(who, &l);
    downs += down;
    ups += !down;
}

static void on_known(struct logind *who)
{
    assert_ptr_equal(who, &l);
    known = who->delay_max == 5000000;
}

static int on_answer(sd_bus_message *m, void *owner, sd_bus_error *error)
{
    (void)owner;
    (void)error;
    assert_false(sd_bus_message_is_method_error(m, NULL));
    if (sd_bus_message_has_signature(m, "ii"))
        assert_true(sd_bus_message_read(m, "ii", &held, &taken) >= 0);
    answers++;
    return 0;
}

/* Until logind has so many locks; by then it has had `all`. */
static void turn_until_locks(int count, int all)
{
    do {
        answers = 0;
        assert_int_equal(bus_call(&bus, &asked, &fake_place, "Count", ""), 0);
        turn_until(&answers, 1);
    } while (held != count || taken != all);
}

static void say(int down)
{
    answers = 0;
    assert_int_equal(bus_call(&bus, &asked, &fake_place, "Prepare", "b", down), 0);
    turn_until(&answers, 1);
}

static int begin(void **state)
{
    (void)state;
    downs = ups = known = 0;
    bus_daemon_place();
    bus_daemon_start();
    fake_start(0);
    asked = (struct bus_ask){.on_message = on_answer};
    assert_int_equal(uv_loop_init(&loop), 0);
    bus_open(&bus, &loop);
    logind_open(&l, &bus);
    l.on_down = on_down;
    l.on_known = on_known;
    turn_until(&known, 1);
    return 0;
}

static int end(void **state)
{
    (void)state;
    bus_forget(&asked);
    logind_close(&l);
    bus_close(&bus);
    (void)uv_run(&loop, UV_RUN_DEFAULT);
    assert_int_equal(uv_loop_close(&loop), 0);
    fake_stop();
    bus_daemon_stop();
    return bus_daemon_leave();
}

static void the_lock_follows_what_there_is_to_do(void **state)
{
    (void)state;
    turn_until_locks(0, 0);
    logind_want(&l, "shutdown jobs: a");
    turn_until_locks(1, 1);
    logind_want(&l, "shutdown jobs: a");
    turn_until_locks(1, 1);
    logind_want(&l, "shutdown jobs: a, b");
    turn_until_locks(1, 2);
    logind_want(&l, NULL);
    turn_until_locks(0, 2);
    logind_want(&l, "shutdown jobs: c"); /* nobody wants it any more when it comes */
    logind_want(&l, NULL);
    turn_until_locks(0, 3);
    assert_int_equal(l.lock, -1);
    logind_want(&l, "refuse");
    while (!l.refused)
        (void)uv_run(&loop, UV_RUN_ONCE);
    logind_want(&l, "shutdown jobs: d");
    turn_until_locks(1, 4);
    assert_true(fcntl(l.lock, F_GETFD) & FD_CLOEXEC);
}

static void the_machine_goes_down_or_not(void **state)
{
    (void)state;
    logind_want(&l, "shutdown jobs: a");
    turn_until_locks(1, 1);
    say(1);
    turn_until(&downs, 1);
    turn_until_locks(1, 1); /* it waits for us */
    logind_release(&l);
    turn_until_locks(0, 1);
    say(0);
    turn_until(&ups, 1);
    turn_until_locks(1, 2);
    say(1);
    turn_until(&downs, 2);
}

static void another_logind_and_another_bus(void **state)
{
    (void)state;
    logind_want(&l, "shutdown jobs: a");
    turn_until_locks(1, 1);
    int old = l.lock;
    fake_stop();
    assert_int_equal(fcntl(old, F_GETFD), FD_CLOEXEC); /* kept until there is a new one */
    fake_start(0);
    known = 0;
    turn_until(&known, 1);
    turn_until_locks(1, 1);
    bus_daemon_stop();
    fake_stop();
    bus_daemon_start();
    fake_start(1); /* meanwhile the machine has begun to go down */
    turn_until(&downs, 1);
    turn_until_locks(0, 0);
    bus_daemon_stop();
    fake_stop();
    bus_daemon_start();
    fake_start(0); /* and stays up after all */
    turn_until(&ups, 1);
    turn_until_locks(1, 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(the_lock_follows_what_there_is_to_do, begin, end),
        cmocka_unit_test_setup_teardown(the_machine_goes_down_or_not, begin, end),
        cmocka_unit_test_setup_teardown(another_logind_and_another_bus, begin, end),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
