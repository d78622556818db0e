/* Protects that nothing for the journal is lost when journald is slow, away, restarted or silent
 * for ever, and that whoever writes then waits, but not for ever. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/log.h"
#include "journald.h"
#include "output/catalog.h"
#include "output/journal.h"
#include "output/journal_lines.h"
#include "output/stream.h"

#define PATH "journald"

static uv_loop_t loop;
static uv_timer_t daemon_there; /* the journal alone keeps no loop going */
static struct journal_lines lines;
static struct buf entry;

static int begin(void **state)
{
    (void)state;
    (void)unlink(PATH);
    journal_set_path(PATH);
    journal_set_limits(0, 0);
    return 0;
}

static void on_never(uv_timer_t *timer)
{
    (void)timer;
}

static int begin_loop(void **state)
{
    if (uv_loop_init(&loop) != 0 || uv_timer_init(&loop, &daemon_there) != 0 ||
        uv_timer_start(&daemon_there, on_never, 3600000, 0) != 0)
        return -1;
    journal_open(&loop);
    return begin(state);
}

static int end(void **state)
{
    (void)state;
    journal_finish(0);
    journal_set_path(NULL);
    return 0;
}

/* Nothing of it is left in the loop, or has kept it from ending. */
static int end_loop(void **state)
{
    uv_close((uv_handle_t *)&daemon_there, NULL);
    journal_close();
    if (uv_run(&loop, UV_RUN_DEFAULT) != 0 || uv_loop_close(&loop) != 0)
        return -1;
    return end(state);
}

static void lines_begin(void)
{
    const struct journal_source source = {.name = "web", .group = "team", .pid = 4711};
    lines = (struct journal_lines){0};
    journal_lines_begin(&lines, &source);
}

static void say(const char *text)
{
    journal_lines_write(&lines, text, strlen(text));
}

static const char *field(const char *name)
{
    return journald_text(&entry, name);
}

/* Turns the loop until the entries are there, for at most 30 s. */
static void turn_until_sent(size_t left)
{
    int64_t end_at = clock_now() + 30000;
    while (journal_counts().count > left && clock_now() < end_at)
        (void)uv_run(&loop, UV_RUN_NOWAIT);
    assert_true(journal_counts().count <= left);
}

/* Reads all numbered entries there are; the next number. */
static int read_numbers(int fd, int next)
{
    char want[16];
    while (journald_read(fd, &entry)) {
        (void)snprintf(want, sizeof want, "%d", next++);
        assert_string_equal(journald_text(&entry, "MESSAGE"), want);
    }
    return next;
}

static void put_numbers(int from, int to)
{
    char text[16];
    for (int i = from; i < to; i++) {
        (void)snprintf(text, sizeof text, "%d\n", i);
        say(text);
    }
}

static void who_does_not_read_loses_nothing(void **state)
{
    (void)state;
    int fd = journald(PATH);
    int next = 0;
    lines_begin();
    put_numbers(0, 5000);
    assert_true(journal_counts().count > 1000);
    int64_t end_at = clock_now() + 30000;
    while (next < 5000 && clock_now() < end_at) {
        next = read_numbers(fd, next);
        (void)uv_run(&loop, UV_RUN_NOWAIT);
    }
    assert_int_equal(next, 5000);
    assert_int_equal(journal_counts().count, 0);
    assert_int_equal(journal_counts().bytes, 0);
    journal_lines_close(&lines);
    (void)close(fd);
}

static void on_alarm(uv_timer_t *timer)
{
    uv_close((uv_handle_t *)timer, NULL);
}

/* While it does not read, the loop sleeps. */
static void waiting_costs_nothing(void **state)
{
    (void)state;
    int fd = journald(PATH);
    static uv_timer_t alarm; /* closes in the loop, after the test */
    int turns = 0;
    lines_begin();
    put_numbers(0, 2000);
    assert_int_equal(uv_timer_init(&loop, &alarm), 0);
    assert_int_equal(uv_timer_start(&alarm, on_alarm, 300, 0), 0);
    for (; !uv_is_closing((uv_handle_t *)&alarm); turns++)
        (void)uv_run(&loop, UV_RUN_ONCE);
    assert_true(turns < 20);
    journal_lines_close(&lines);
    (void)close(fd);
}

static void restarts_lose_nothing(void **state)
{
    (void)state;
    int next = 0;
    lines_begin();
    put_numbers(0, 10); /* it is not there yet */
    int fd = journald(PATH);
    turn_until_sent(0);
    next = read_numbers(fd, next);
    assert_int_equal(next, 10);
    for (int round = 1; round <= 5; round++) {
        (void)close(fd); /* ECONNREFUSED, or ENOENT */
        if (round % 2)
            (void)unlink(PATH);
        put_numbers(next, next + 10);
        (void)uv_run(&loop, UV_RUN_NOWAIT);
        assert_int_equal(journal_counts().count, 10);
        fd = journald(PATH);
        turn_until_sent(0);
        next = read_numbers(fd, next);
        assert_int_equal(next, 10 * (round + 1));
    }
    journal_lines_close(&lines);
    (void)close(fd);
}

/* Another one takes the name while the old one is there and reads no more. */
static void another_takes_the_name(void **state)
{
    (void)state;
    int old = journald(PATH);
    lines_begin();
    put_numbers(0, 2000);
    size_t left = journal_counts().count;
    assert_true(left > 0);
    int fd = journald(PATH);
    int next = 2000 - (int)left;
    int64_t end_at = clock_now() + 30000;
    while (next < 2000 && clock_now() < end_at) {
        (void)uv_run(&loop, UV_RUN_NOWAIT);
        next = read_numbers(fd, next);
    }
    assert_int_equal(next, 2000);
    assert_int_equal(read_numbers(old, 0), 2000 - (int)left);
    journal_lines_close(&lines);
    (void)close(fd);
    (void)close(old);
}

static int rooms;

static void on_room(struct journal_waiter *w)
{
    (void)w;
    rooms++;
}

static void a_full_queue_tells_when_there_is_room(void **state)
{
    (void)state;
    struct journal_waiter waiter = {.on_room = on_room};
    struct journal_waiter other = {.on_room = on_room};
    int fd = journald(PATH);
    rooms = 0;
    journal_set_limits(100000, 60000);
    lines_begin();
    int sent = 0;
    for (; !journal_full(); sent++)
        put_numbers(sent, sent + 1);
    journal_wait(&waiter);
    journal_wait(&other);
    journal_wait_end(&other);
    journal_wait_end(&other);
    (void)uv_run(&loop, UV_RUN_NOWAIT);
    assert_int_equal(rooms, 0);
    put_numbers(sent, sent + 100); /* who cannot wait may go on */
    assert_int_equal(journal_counts().lost, 0);
    int next = 0;
    int64_t end_at = clock_now() + 30000;
    while (next < sent + 100 && clock_now() < end_at) {
        next = read_numbers(fd, next);
        (void)uv_run(&loop, UV_RUN_NOWAIT);
        assert_true(rooms == 0 || !journal_full());
    }
    assert_int_equal(next, sent + 100);
    assert_int_equal(rooms, 1);
    journal_lines_close(&lines);
    (void)close(fd);
}

/* Reads until the entry that tells of lost ones; how many came before it. */
static int read_until_lost(int fd)
{
    int read = 0;
    int64_t end_at = clock_now() + 30000;
    while (clock_now() < end_at) {
        while (journald_read(fd, &entry)) {
            if (strcmp(field("MESSAGE_ID"), catalog_rows[CATALOG_LOST].id) == 0)
                return read;
            read++;
        }
        (void)uv_run(&loop, UV_RUN_NOWAIT);
    }
    fail_msg("no entry tells of lost ones, after %d", read);
    return read;
}

static void what_does_not_fit_is_counted(void **state)
{
    (void)state;
    int fd = journald(PATH);
    journal_set_limits(20000, 60000);
    lines_begin();
    uint64_t before = journal_counts().lost;
    put_numbers(0, 10000);
    uint64_t lost = journal_counts().lost - before;
    assert_true(lost > 0 && journal_counts().bytes <= 80000);
    assert_int_equal(read_until_lost(fd) + (int)journal_counts().count + (int)lost, 10000);
    char count[24];
    (void)snprintf(count, sizeof count, "%llu", (unsigned long long)lost);
    assert_string_equal(field("MAINSTAY_LOST"), count);
    assert_string_equal(field("PRIORITY"), "4");
    journal_lines_close(&lines);
    (void)close(fd);
}

/* Without a journald nobody waits, and what fits is kept until there is one. */
static void never_there(void **state)
{
    (void)state;
    journal_set_limits(20000, 60000);
    lines_begin();
    uint64_t before = journal_counts().lost;
    put_numbers(0, 1000);
    assert_false(journal_full());
    uint64_t lost = journal_counts().lost - before;
    assert_true(lost > 0 && journal_counts().bytes <= 20000);
    int fd = journald(PATH);
    assert_int_equal(read_until_lost(fd) + (int)lost, 1000);
    journal_lines_close(&lines);
    (void)close(fd);
}

static void patience_has_an_end(void **state)
{
    (void)state;
    struct journal_waiter waiter = {.on_room = on_room};
    int fd = journald(PATH);
    rooms = 0;
    journal_set_limits(20000, 200);
    lines_begin();
    for (int i = 0; !journal_full(); i++)
        put_numbers(i, i + 1);
    journal_wait(&waiter);
    int64_t end_at = clock_now() + 30000;
    while (rooms == 0 && clock_now() < end_at)
        (void)uv_run(&loop, UV_RUN_NOWAIT);
    assert_int_equal(rooms, 1);
    assert_false(journal_full());
    journal_lines_close(&lines);
    (void)close(fd);
}

/* What waits goes on to wait in another process. */
static void saved_and_restored(void **state)
{
    (void)state;
    struct buf saved = BUF_EMPTY;
    lines_begin();
    put_numbers(0, 500); /* nobody is there */
    journal_save(&saved);
    journal_finish(0);
    assert_int_equal(journal_counts().count, 0);
    journal_restore(&saved);
    put_numbers(500, 510);
    assert_int_equal(journal_counts().count, 510);
    int fd = journald(PATH);
    int next = 0;
    int64_t end_at = clock_now() + 30000;
    while (next < 510 && clock_now() < end_at) {
        journal_flush();
        next = read_numbers(fd, next);
    }
    assert_int_equal(next, 510);
    saved.len -= 3; /* what is cut is left out */
    journal_restore(&saved);
    while (next < 510 + 499 && clock_now() < end_at) {
        journal_flush();
        while (journald_read(fd, &entry))
            next++;
    }
    assert_int_equal(next, 510 + 499);
    journal_lines_close(&lines);
    (void)close(fd);
    buf_close(&saved);
}

static void the_end_waits_for_what_is_left(void **state)
{
    (void)state;
    int fd = journald(PATH);
    lines_begin();
    put_numbers(0, 3000);
    journal_lines_close(&lines);
    pid_t reader = fork();
    if (reader == 0)
        for (int next = 0;;) {
            next = read_numbers(fd, next);
            if (next == 3000)
                _exit(0);
        }
    journal_finish(30000);
    assert_int_equal(journal_counts().count, 0);
    int status = -1;
    assert_int_equal(waitpid(reader, &status, 0), reader);
    assert_int_equal(status, 0);
    (void)close(fd);
}

/* The child feels it: while journald does not read, its pipe is not read either. */
static void a_stream_waits(void **state)
{
    (void)state;
    struct stream stream;
    struct sink sink;
    struct log_config config = {.kind = LOG_KIND_JOURNAL};
    int fds[2];
    int fd = journald(PATH);
    journal_set_limits(1000000, 60000);
    sink_init(&sink, "web");
    assert_int_equal(sink_open(&sink, &config, NULL, NULL), 0);
    stream_init(&stream, &loop);
    assert_int_equal(pipe2(fds, O_CLOEXEC | O_NONBLOCK), 0);
    assert_int_equal(stream_start(&stream, fds[0], &sink), 0);
    int written = 0;
    bool blocked = false;
    for (int i = 0; i < 1000 && !blocked; i++) {
        char text[16];
        while (written < 1000000) {
            int n = snprintf(text, sizeof text, "%d\n", written);
            if (write(fds[1], text, (size_t)n) != n)
                break;
            written++;
        }
        uint64_t before = stream.total;
        (void)uv_run(&loop, UV_RUN_NOWAIT);
        blocked = stream.total == before;
    }
    assert_true(blocked && written < 1000000);
    (void)close(fds[1]);
    int next = 0;
    int64_t end_at = clock_now() + 30000;
    while (next < written && clock_now() < end_at) {
        next = read_numbers(fd, next);
        (void)uv_run(&loop, UV_RUN_NOWAIT);
    }
    assert_int_equal(next, written);
    stream_stop(&stream, NULL);
    sink_close(&sink);
    (void)close(fd);
}

/* A process that ends while its stream waits: what is in the pipe is taken all the same. */
static void a_waiting_stream_is_drained(void **state)
{
    (void)state;
    struct stream stream;
    struct sink sink;
    struct log_config config = {.kind = LOG_KIND_JOURNAL};
    int fds[2];
    int fd = journald(PATH);
    journal_set_limits(50000, 60000);
    sink_init(&sink, "web");
    assert_int_equal(sink_open(&sink, &config, NULL, NULL), 0);
    stream_init(&stream, &loop);
    assert_int_equal(pipe2(fds, O_CLOEXEC), 0);
    lines_begin();
    int sent = 0;
    for (; !journal_full(); sent++)
        put_numbers(sent, sent + 1);
    assert_int_equal(stream_start(&stream, fds[0], &sink), 0);
    assert_int_equal(dprintf(fds[1], "%d\n%d", sent, sent + 1) > 0, 1);
    for (int i = 0; i < 5; i++)
        (void)uv_run(&loop, UV_RUN_NOWAIT);
    assert_int_equal(stream.total, 0);
    stream_drain(&stream);
    stream_stop(&stream, NULL);
    sink_close(&sink);
    (void)close(fds[1]);
    int next = 0;
    int64_t end_at = clock_now() + 30000;
    while (next < sent + 2 && clock_now() < end_at) {
        next = read_numbers(fd, next);
        (void)uv_run(&loop, UV_RUN_NOWAIT);
    }
    assert_int_equal(next, sent + 2);
    journal_lines_close(&lines);
    (void)close(fd);
}

#define IN_LOOP(test) cmocka_unit_test_setup_teardown(test, begin_loop, end_loop)

int main(void)
{
    (void)signal(SIGPIPE, SIG_IGN);
    log_set_level(LOG_LEVEL_CRITICAL);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(the_end_waits_for_what_is_left, begin, end),
        cmocka_unit_test_setup_teardown(saved_and_restored, begin, end),
        IN_LOOP(who_does_not_read_loses_nothing),
        IN_LOOP(waiting_costs_nothing),
        IN_LOOP(restarts_lose_nothing),
        IN_LOOP(another_takes_the_name),
        IN_LOOP(a_full_queue_tells_when_there_is_room),
        IN_LOOP(what_does_not_fit_is_counted),
        IN_LOOP(never_there),
        IN_LOOP(patience_has_an_end),
        IN_LOOP(a_stream_waits),
        IN_LOOP(a_waiting_stream_is_drained),
    };
    return cmocka_run_group_tests(tests, temp_enter, temp_leave);
}
