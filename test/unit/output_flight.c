/* Protects what is on its way to a log from the death of the daemon: whenever it is killed, the
 * next one writes what is missing, and nothing twice. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdbool.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <time.h>

#include "output/stream.h"
#include "output_temp.h"

enum { LINES = 500000, KILLS = 80 };

static int test_pipe[2];

static int begin(void **state)
{
    return temp_enter(state) == 0 && pipe2(test_pipe, O_NONBLOCK) == 0 ? 0 : -1;
}

static int end(void **state)
{
    fd_close(&test_pipe[0]);
    fd_close(&test_pipe[1]);
    return temp_leave(state);
}

static int append_to(const char *path)
{
    int fd = open(path, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0600);
    assert_true(fd >= 0);
    return fd;
}

static void put(int fd, const char *text)
{
    assert_int_equal(write(fd, text, strlen(text)), strlen(text));
}

/* A chunk is taken, and the daemon that took it dies after `written` bytes of it. */
static void leave(struct flight *f, int log, const char *text, size_t written)
{
    const char *data;
    assert_int_equal(flight_open(f, -1, NULL), 0);
    put(test_pipe[1], text);
    assert_int_equal(flight_take(f, flight_id(7, true), 5, test_pipe[0], 1000, &data),
                     strlen(text));
    assert_memory_equal(data, text, strlen(text));
    assert_int_equal(flight_begin(f, log, data, strlen(text)), 0);
    assert_int_equal(write(log, text, written), written);
}

/* The next daemon: it writes what is missing, of a text that comes in two pieces. */
static void resume(struct flight *f, int log, size_t first)
{
    struct flight next;
    const char *data;
    uint64_t id = 0;
    uint32_t state = 0;
    assert_int_equal(flight_open(&next, dup(f->fd), NULL), 0);
    size_t len = flight_left(&next, &id, &state, &data);
    assert_int_equal(id, flight_id(7, true));
    assert_int_equal(state, 5);
    size_t pieces[] = {first, len - first};
    for (int i = 0; i < 2; i++) {
        size_t skip = flight_begin(&next, log, data, pieces[i]);
        assert_true(skip <= pieces[i]);
        assert_int_equal(write(log, data + skip, pieces[i] - skip), pieces[i] - skip);
        data += pieces[i];
    }
    flight_done(&next, 3);
    assert_int_equal(flight_state(&next, flight_id(7, true)), 3);
    assert_int_equal(flight_left(&next, &id, &state, &data), 0);
    flight_close(&next);
    flight_close(f);
}

static void test_the_rest_is_written_once(void **state)
{
    (void)state;
    struct flight f;
    for (size_t written = 0; written <= 10; written++) {
        (void)unlink("log");
        int log = append_to("log");
        put(log, "before\n");
        leave(&f, log, "0123456789", written);
        resume(&f, log, 10);
        assert_string_equal(slurp("log"), "before\n0123456789");
        fd_close(&log);
    }
}

static void test_nothing_was_begun(void **state)
{
    (void)state;
    struct flight f;
    const char *data;
    int log = append_to("log");
    assert_int_equal(flight_open(&f, -1, NULL), 0);
    put(test_pipe[1], "abcdef");
    assert_int_equal(flight_take(&f, flight_id(7, true), 5, test_pipe[0], 1000, &data), 6);
    resume(&f, log, 2);
    assert_string_equal(slurp("log"), "abcdef");
    fd_close(&log);
}

/* Killed in the middle of the second of two pieces; and again while that is made good. */
static void test_pieces(void **state)
{
    (void)state;
    struct flight f;
    struct flight next;
    const char *data;
    uint64_t id;
    uint32_t before;
    int log = append_to("log");
    leave(&f, log, "aabbbb", 0);
    assert_int_equal(flight_open(&next, dup(f.fd), NULL), 0);
    assert_int_equal(flight_left(&next, &id, &before, &data), 6);
    assert_int_equal(flight_begin(&next, log, data, 2), 0);
    put(log, "aa");
    assert_int_equal(flight_begin(&next, log, data + 2, 4), 0);
    put(log, "bb");
    flight_close(&next);
    assert_int_equal(flight_open(&next, dup(f.fd), NULL), 0);
    assert_int_equal(flight_left(&next, &id, &before, &data), 6);
    assert_int_equal(flight_begin(&next, log, data, 2), 2);
    assert_int_equal(flight_begin(&next, log, data + 2, 4), 2);
    put(log, "b");
    flight_close(&next);
    resume(&f, log, 2);
    assert_string_equal(slurp("log"), "aabbbb");
    fd_close(&log);
}

static void test_others_write_there_too(void **state)
{
    (void)state;
    struct flight f;
    int log = append_to("log");
    leave(&f, log, "0123456789", 0);
    put(log, "others\n0123456789"); /* after we had looked, before our own write */
    put(log, "others\n");
    resume(&f, log, 10);
    assert_string_equal(slurp("log"), "others\n0123456789others\n");
    leave(&f, log, "abc", 0);
    put(log, "others\n");
    resume(&f, log, 3);
    assert_string_equal(slurp("log"), "others\n0123456789others\nothers\nabc");
    fd_close(&log);
}

static void test_rotated(void **state)
{
    (void)state;
    struct flight f;
    int log = append_to("log");
    leave(&f, log, "0123456789", 10);
    assert_int_equal(rename("log", "log.1"), 0);
    fd_close(&log);
    log = append_to("log");
    resume(&f, log, 10);
    assert_string_equal(slurp("log"), "");
    put(log, "old");
    leave(&f, log, "0123456789", 10);
    assert_int_equal(ftruncate(log, 0), 0);
    resume(&f, log, 10);
    assert_string_equal(slurp("log"), "");
    fd_close(&log);
}

static void test_ends_and_notes(void **state)
{
    (void)state;
    struct flight f;
    const char *data;
    assert_int_equal(flight_open(&f, -1, NULL), 0);
    assert_int_equal(flight_take(&f, 1, 0, test_pipe[0], 1000, &data), -EAGAIN);
    put(test_pipe[1], "x");
    for (uint64_t id = 1; id < 1000; id++) { /* more than there is room for */
        put(test_pipe[1], "x");
        assert_int_equal(flight_take(&f, id, 0, test_pipe[0], 1, &data), 1);
        flight_done(&f, 9);
    }
    assert_int_equal(flight_state(&f, 1), 9);
    assert_int_equal(flight_state(&f, 999), 0);
    assert_int_equal(flight_take(&f, 1, 9, test_pipe[0], 1, &data), 1);
    flight_done(&f, 0);
    assert_int_equal(flight_state(&f, 1), 0);
    fd_close(&test_pipe[1]);
    assert_int_equal(flight_take(&f, 1, 0, test_pipe[0], 1000, &data), 0);
    assert_int_equal(flight_begin(&f, 0, "x", 1), 0); /* nobody's: no chunk is under way */
    flight_close(&f);
    int other = memfd_create("other", 0);
    assert_int_equal(flight_open(&f, other, NULL), -EINVAL);
    assert_int_equal(fcntl(other, F_GETFD), -1);
}

/* --- The whole way, killed at any moment ---------------------------------------------------- */

static const char *line_text(int i, bool coloured)
{
    static char text[64];
    (void)snprintf(text, sizeof text, coloured ? "\033[3%dm%d\033[0m line\n" : "%d line\n",
                   coloured ? i % 8 : i, i);
    return text;
}

static void write_lines(bool coloured)
{
    (void)fcntl(test_pipe[1], F_SETFL, 0);
    for (int i = 0; i < LINES;) {
        char many[4096];
        size_t len = 0;
        for (; i < LINES && len < sizeof many - 64; i++)
            len += (size_t)sprintf(many + len, "%s", line_text(i, coloured));
        if (fd_write_all(test_pipe[1], many, len) < 0)
            _exit(1);
    }
    _exit(0);
}

static void run_daemon(int memory, const struct log_config *log, bool strip, int up)
{
    struct flight f;
    static uv_loop_t loop;
    static struct stream stream;
    static struct sink sink;
    const char *data;
    uint64_t id;
    uint32_t before;
    if (flight_open(&f, dup(memory), NULL) < 0 || uv_loop_init(&loop) < 0)
        _exit(2);
    stream_use_flight(&f);
    sink_init(&sink, "web");
    stream_init(&stream, &loop);
    stream.id = 2;
    stream.strip_ansi = strip;
    if (sink_open(&sink, log, NULL, NULL) < 0 || stream_start(&stream, test_pipe[0], &sink) < 0)
        _exit(3);
    size_t len = flight_left(&f, &id, &before, &data);
    if (len > 0)
        stream_resume(&stream, before, data, len);
    put(up, ".");
    (void)uv_run(&loop, UV_RUN_DEFAULT);
    _exit(0);
}

static void assert_all_lines(const struct log_config *log)
{
    FILE *old = log->backups ? fopen("log.1", "re") : NULL;
    FILE *now = fopen("log", "re");
    char *line = NULL;
    size_t room = 0;
    int next = 0;
    FILE *both[] = {old, now};
    for (int i = 0; i < 2; i++) {
        while (both[i] && getline(&line, &room, both[i]) > 0) {
            int number = atoi(line);
            if (log->backups && next == 0)
                next = number; /* what came before is in files that are gone */
            assert_int_equal(number, next);
            assert_string_equal(line, line_text(next++, false));
        }
        if (both[i])
            (void)fclose(both[i]);
    }
    assert_int_equal(next, LINES);
    free(line);
}

static bool chunk_is_left(struct flight *f)
{
    const char *data;
    uint64_t id;
    uint32_t before;
    return flight_left(f, &id, &before, &data) > 0;
}

static void kill_often(const struct log_config *log, bool strip)
{
    int status = -1;
    int caught = 0;
    int up[2];
    char dot;
    assert_int_equal(pipe2(up, O_CLOEXEC), 0);
    pid_t writer = fork();
    if (writer == 0)
        write_lines(strip);
    fd_close(&test_pipe[1]);
    struct flight f;
    assert_int_equal(flight_open(&f, -1, NULL), 0);
    for (int round = 0; round < KILLS; round++) {
        pid_t pid = fork();
        if (pid == 0)
            run_daemon(f.fd, log, strip, up[1]);
        struct timespec soon = {0, round * 37 % 25 * 20000L};
        assert_int_equal(read(up[0], &dot, 1), 1);
        (void)nanosleep(&soon, NULL);
        (void)kill(pid, SIGKILL);
        assert_int_equal(waitpid(pid, &status, 0), pid);
        caught += chunk_is_left(&f);
    }
    print_message("%d of %d kills met a chunk on its way\n", caught, KILLS);
    pid_t last = fork();
    if (last == 0)
        run_daemon(f.fd, log, strip, up[1]);
    assert_int_equal(waitpid(last, &status, 0), last);
    assert_int_equal(status, 0);
    assert_int_equal(waitpid(writer, &status, 0), writer);
    assert_int_equal(status, 0);
    flight_close(&f);
    fd_close(&up[0]);
    fd_close(&up[1]);
    assert_all_lines(log);
}

static void test_killed_often(void **state)
{
    (void)state;
    kill_often(&(struct log_config){.kind = LOG_KIND_FILE, .path = "log"}, false);
}

static void test_killed_often_strip(void **state)
{
    (void)state;
    kill_often(&(struct log_config){.kind = LOG_KIND_FILE, .path = "log"}, true);
}

/* The rotation's own rename and truncation are among the moments. */
static void test_killed_often_rotation(void **state)
{
    (void)state;
    struct log_config log = {
        .kind = LOG_KIND_FILE, .path = "log", .maxbytes = 200000, .backups = 1};
    kill_often(&log, false);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_the_rest_is_written_once, begin, end),
        cmocka_unit_test_setup_teardown(test_nothing_was_begun, begin, end),
        cmocka_unit_test_setup_teardown(test_pieces, begin, end),
        cmocka_unit_test_setup_teardown(test_others_write_there_too, begin, end),
        cmocka_unit_test_setup_teardown(test_rotated, begin, end),
        cmocka_unit_test_setup_teardown(test_ends_and_notes, begin, end),
        cmocka_unit_test_setup_teardown(test_killed_often, begin, end),
        cmocka_unit_test_setup_teardown(test_killed_often_strip, begin, end),
        cmocka_unit_test_setup_teardown(test_killed_often_rotation, begin, end),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
