/* Protects the reading of children's pipes: every byte arrives, no stream starves or leaks. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdbool.h>
#include <sys/wait.h>

#include "base/log.h"
#include "output/stream.h"
#include "output_temp.h"

static uv_loop_t loop;
static struct stream stream;
static struct sink sink;
static struct buf seen; /* what on_data was shown */
static struct buf told; /* the messages of capture mode, each with a bar behind it */
static int closed;

static void on_data(struct stream *s, const char *data, size_t len)
{
    (void)s;
    buf_append(&seen, data, len);
}

static void on_message(struct stream *s, const char *data, size_t len)
{
    (void)s;
    buf_append(&told, data, len);
    buf_char(&told, '|');
}

static void on_closed(struct stream *s)
{
    assert_true(stream_idle(s));
    closed++;
}

static int begin(void **state)
{
    (void)state;
    struct log_config none = {.kind = LOG_KIND_NONE};
    closed = 0;
    buf_clear(&seen);
    if (uv_loop_init(&loop) != 0)
        return -1;
    sink_init(&sink, "web");
    stream_init(&stream, &loop);
    stream.on_data = on_data;
    return sink_open(&sink, &none, NULL, NULL);
}

/* Every test ends here: nothing is left in the loop. */
static int end(void **state)
{
    (void)state;
    sink_close(&sink);
    if (uv_run(&loop, UV_RUN_DEFAULT) != 0)
        return -1;
    return uv_loop_close(&loop) == 0 ? 0 : -1;
}

/* Starts the stream on a new pipe and returns its writing end. */
static int started(void)
{
    int fds[2];
    assert_int_equal(pipe2(fds, O_CLOEXEC), 0);
    assert_int_equal(stream_start(&stream, fds[0], &sink), 0);
    return fds[1];
}

static void say(int fd, const char *text)
{
    assert_int_equal(fd_write_all(fd, text, strlen(text)), 0);
}

static void turn(void)
{
    (void)uv_run(&loop, UV_RUN_NOWAIT);
}

static void bytes_flow_until_the_end(void **state)
{
    (void)state;
    int fd = started();
    say(fd, "hello ");
    turn();
    say(fd, "world");
    turn();
    assert_string_equal(buf_str(&seen), "hello world");
    assert_int_equal(stream.total, 11);
    (void)close(fd);
    turn(); /* the end of the pipe closes the descriptor, the child may live on */
    assert_int_equal(stream.fd, -1);
    stream_stop(&stream, on_closed);
    assert_int_equal(closed, 0);
    turn();
    assert_int_equal(closed, 1);
}

static void end_seen_by_the_loop_leaves_it_idle(void **state)
{
    (void)state;
    (void)close(started());
    assert_int_equal(uv_run(&loop, UV_RUN_DEFAULT), 0);
    assert_true(stream_idle(&stream));
    assert_int_equal(closed, 0);
}

static void stop_is_safe_in_every_state(void **state)
{
    (void)state;
    stream_stop(&stream, NULL); /* never started, nobody to tell */
    assert_true(stream_idle(&stream));
    stream_stop(&stream, on_closed); /* never started */
    assert_int_equal(closed, 0);     /* never from inside */
    assert_false(stream_idle(&stream));
    turn();
    assert_int_equal(closed, 1);
    int fd = started();
    stream_stop(&stream, NULL);
    stream_stop(&stream, on_closed);
    stream_stop(&stream, on_closed); /* twice: one call */
    assert_int_equal(stream.fd, -1);
    turn();
    assert_int_equal(closed, 2);
    (void)close(fd);
    fd = started(); /* and again */
    say(fd, "second life");
    turn();
    assert_string_equal(buf_str(&seen), "second life");
    stream_drain(&stream);
    stream_stop(&stream, NULL);
    stream_drain(&stream);
    turn();
    assert_true(stream_idle(&stream));
    (void)close(fd);
}

static void start_takes_the_descriptor_in_any_case(void **state)
{
    (void)state;
    int fds[2];
    int fd = started();
    assert_int_equal(pipe2(fds, O_CLOEXEC), 0);
    assert_int_equal(stream_start(&stream, fds[0], &sink), -EBUSY);
    assert_int_equal(fcntl(fds[0], F_GETFD), -1);
    stream_stop(&stream, NULL);
    turn();
    (void)close(fd);
    (void)close(fds[1]);
    int file = open("regular", O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    assert_true(stream_start(&stream, file, &sink) < 0); /* epoll knows no regular files */
    assert_int_equal(fcntl(file, F_GETFD), -1);
    assert_true(stream_idle(&stream));
}

static void one_chunk_for_each_wakeup(void **state)
{
    (void)state;
    static char block[256 * 1024];
    int fd = started();
    assert_true(fcntl(fd, F_SETPIPE_SZ, (int)sizeof block) >= (int)sizeof block);
    assert_int_equal(fd_write_all(fd, block, sizeof block), 0);
    turn();
    assert_int_equal(stream.total, STREAM_CHUNK);
    turn();
    assert_int_equal(stream.total, 2 * STREAM_CHUNK);
    stream_stop(&stream, NULL);
    (void)close(fd);
}

/* The real thing: the child writes a mebibyte and is gone; not one turn of the loop in between. */
static void drain_keeps_every_byte_of_the_dead(void **state)
{
    (void)state;
    enum { SIZE = 1024 * 1024 };
    struct log_config c = {.kind = LOG_KIND_FILE, .path = "dead.log"};
    assert_int_equal(sink_open(&sink, &c, NULL, NULL), 0);
    int fd = started();
    assert_true(fcntl(fd, F_SETPIPE_SZ, SIZE) >= SIZE);
    pid_t pid = fork();
    if (pid == 0) {
        for (int i = 0; i < SIZE / 16; i++)
            (void)dprintf(fd, "line %10d\n", i);
        _exit(0);
    }
    (void)close(fd);
    assert_int_equal(waitpid(pid, NULL, 0), pid);
    stream_drain(&stream);
    assert_int_equal(stream.total, SIZE);
    assert_int_equal(seen.len, SIZE);
    for (int i = 0; i < SIZE / 16; i++) {
        char line[24];
        (void)snprintf(line, sizeof line, "line %10d\n", i);
        assert_memory_equal(seen.data + 16 * (size_t)i, line, 16);
    }
    stream_stop(&stream, on_closed);
    turn();
    assert_int_equal(closed, 1);
    assert_memory_equal(slurp("dead.log"), seen.data, SIZE);
}

/* A grandchild keeps the pipe and writes as fast as it can: drain comes back all the same. */
static void drain_is_bounded(void **state)
{
    (void)state;
    int fd = started();
    pid_t pid = fork();
    if (pid == 0) {
        static const char block[4096];
        for (;;)
            if (write(fd, block, sizeof block) < 0)
                _exit(0);
    }
    (void)close(fd);
    while (stream.total == 0)
        (void)uv_run(&loop, UV_RUN_ONCE);
    uint64_t before = stream.total;
    stream_drain(&stream);
    assert_true(stream.total - before <= 64 * 1024); /* what the pipe held at that moment */
    stream_stop(&stream, NULL);
    assert_int_equal(kill(pid, SIGKILL), 0);
    assert_int_equal(waitpid(pid, NULL, 0), pid);
}

static void escapes_are_stripped_across_chunks(void **state)
{
    (void)state;
    stream.strip_ansi = true;
    int fd = started();
    static const char *const pieces[] = {"\033", "[3", "1mred\033[0", "m.\033", "]x", "\033[K!"};
    for (size_t i = 0; i < sizeof pieces / sizeof *pieces; i++) {
        say(fd, pieces[i]);
        turn();
    }
    assert_string_equal(buf_str(&seen), "red.\033]x!");
    stream_stop(&stream, NULL);
    (void)close(fd);
    turn();
    fd = started(); /* a new child begins as text */
    say(fd, "31m");
    turn();
    assert_string_equal(buf_str(&seen), "red.\033]x!31m");
    stream_stop(&stream, NULL);
    (void)close(fd);
}

static void last_escape_is_not_lost(void **state)
{
    (void)state;
    stream.strip_ansi = true;
    int fd = started();
    say(fd, "a\033");
    turn();
    assert_string_equal(buf_str(&seen), "a");
    (void)close(fd);
    turn();
    assert_string_equal(buf_str(&seen), "a\033");
}

static void captured(const char *const *pieces, const char *log, const char *message)
{
    struct log_config c = {.kind = LOG_KIND_FILE, .path = "captured.log"};
    (void)unlink(c.path);
    buf_clear(&told);
    assert_int_equal(sink_open(&sink, &c, NULL, NULL), 0);
    int fd = started();
    for (; *pieces; pieces++) {
        say(fd, *pieces);
        turn();
    }
    (void)close(fd);
    turn();
    assert_true(stream_idle(&stream));
    assert_string_equal(slurp("captured.log"), log);
    assert_string_equal(buf_str(&told), message);
    sink_close(&sink);
}

#define PIECES(...)                                                                                \
    (const char *const[])                                                                          \
    {                                                                                              \
        __VA_ARGS__, NULL                                                                          \
    }

static void messages_are_not_logged_and_nothing_is_lost(void **state)
{
    (void)state;
    stream.capture_max = 100;
    stream.on_message = on_message;
    captured(PIECES("a", "b<!--XSUPERVISOR:BEG", "IN-->one<!--XSUPERVISOR:END-->c"), "abc", "one|");
    assert_string_equal(buf_str(&seen), "abonec"); /* events of output see all but the tags */
    captured(PIECES("short"), "short", "");        /* shorter than a tag */
    captured(PIECES("x<!--XSUPER"), "x<!--XSUPER", "");
    captured(PIECES("x<!--XSUPERVISOR:BEGIN-->never ended"), "x", "");
    captured(PIECES("again"), "again", "");
    stream.strip_ansi = true;
    captured(
        PIECES("\033[1m<!--XSUPERVISOR:\033[0mBEGIN-->m", "\033[1m<!--XSUPERVISOR:END-->z\033"),
        "z\033", "m|");
}

/* A process that is stopped while its last line looks like a tag. */
static void stop_hands_over_what_was_held_back(void **state)
{
    (void)state;
    stream.capture_max = 100;
    stream.on_message = on_message;
    int fd = started();
    say(fd, "end <!--X");
    turn();
    assert_string_equal(buf_str(&seen), "end ");
    stream_stop(&stream, NULL);
    assert_string_equal(buf_str(&seen), "end <!--X");
    (void)close(fd);
}

static void keep_line(void *ctx, enum log_level level, const char *line, size_t len)
{
    (void)level;
    buf_append(ctx, line, len);
}

static void trouble_of_the_sink_is_logged_once(void **state)
{
    (void)state;
    struct buf lines = BUF_EMPTY;
    struct log_config c = {.kind = LOG_KIND_FILE, .path = "/dev/full"};
    assert_int_equal(sink_open(&sink, &c, NULL, NULL), 0);
    log_set_writer(keep_line, &lines);
    int fd = started();
    for (int i = 0; i < 3; i++) {
        say(fd, "12345");
        turn();
    }
    log_set_writer(NULL, NULL);
    stream_stop(&stream, NULL);
    (void)close(fd);
    assert_non_null(strstr(buf_str(&lines), "WARN 'web': cannot write /dev/full: No space left on "
                                            "device; 5 bytes lost so far\n"));
    assert_ptr_equal(strchr(buf_str(&lines), '\n') + 1, lines.data + lines.len);
    assert_int_equal(seen.len, 15); /* the pipe is read on */
    buf_close(&lines);
}

static size_t descriptors_before;

static void no_descriptor_is_left(void **state)
{
    (void)state;
    assert_int_equal(open_descriptors(), descriptors_before);
    buf_close(&seen);
    buf_close(&told);
}

int main(void)
{
    (void)signal(SIGPIPE, SIG_IGN);
    (void)uv_loop_init(&loop); /* libuv keeps two descriptors of its own from here on */
    (void)uv_loop_close(&loop);
    descriptors_before = open_descriptors();
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(bytes_flow_until_the_end, begin, end),
        cmocka_unit_test_setup_teardown(end_seen_by_the_loop_leaves_it_idle, begin, end),
        cmocka_unit_test_setup_teardown(stop_is_safe_in_every_state, begin, end),
        cmocka_unit_test_setup_teardown(start_takes_the_descriptor_in_any_case, begin, end),
        cmocka_unit_test_setup_teardown(one_chunk_for_each_wakeup, begin, end),
        cmocka_unit_test_setup_teardown(drain_keeps_every_byte_of_the_dead, begin, end),
        cmocka_unit_test_setup_teardown(drain_is_bounded, begin, end),
        cmocka_unit_test_setup_teardown(escapes_are_stripped_across_chunks, begin, end),
        cmocka_unit_test_setup_teardown(last_escape_is_not_lost, begin, end),
        cmocka_unit_test_setup_teardown(messages_are_not_logged_and_nothing_is_lost, begin, end),
        cmocka_unit_test_setup_teardown(stop_hands_over_what_was_held_back, begin, end),
        cmocka_unit_test_setup_teardown(trouble_of_the_sink_is_logged_once, begin, end),
        cmocka_unit_test(no_descriptor_is_left),
    };
    return cmocka_run_group_tests(tests, temp_enter, temp_leave);
}
