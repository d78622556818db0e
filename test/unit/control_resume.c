/*
 * Protects clients that follow a log from an upgrade: what was under way comes to rest, another
 * process goes on with the very next byte in the same framing, and when there is none, we do.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <time.h>

#include "base/mem.h"
#include "control/follow.h"
#include "control/resume.h"
#include "control/servers.h"
#include "output_temp.h"

enum { PATIENCE_S = 30 };

static uv_loop_t loop;
static struct control control;
static struct router router;
static struct config *no_snapshot;
static struct server_config config = {
    .section = "web", .is_unix = true, .mode = 0700, .uid = CONFIG_UNSET, .gid = CONFIG_UNSET};
static char *log_path;

/* --- A control with one server that knows one log ------------------------------------------- */

static void on_log(struct router *r, struct exchange *x, const char *rest)
{
    (void)r;
    (void)rest;
    follow_answer(&control, x, log_path);
}

static void begin_control(void)
{
    assert_int_equal(uv_loop_init(&loop), 0);
    control = (struct control){.loop = &loop, .open_handles = 1};
    list_init(&control.servers);
    list_init(&control.follows);
}

static void serve(void)
{
    static const struct route routes[] = {{"/log", "GET", on_log}};
    struct serving *s = mem_alloc(sizeof *s);
    struct err e;
    router = (struct router){routes, 1, NULL};
    s->control = &control;
    s->snapshot = no_snapshot;
    s->config = &config;
    if (server_open(&s->server, &loop, &config, &router, NULL, &e) < 0)
        fail_msg("%s", e.text);
    list_append(&control.servers, &s->link);
    control.open_handles++;
}

static void end_control(void)
{
    servers_close(&control);
    resume_end(&control, NULL);
    (void)uv_run(&loop, UV_RUN_DEFAULT);
    assert_int_equal(control.open_handles, 1);
    assert_int_equal(control.resumed, 0);
    assert_true(list_empty(&control.follows));
    assert_int_equal(uv_loop_close(&loop), 0);
}

static void append(const char *text)
{
    int fd = open(log_path, O_WRONLY | O_APPEND | O_CREAT, 0600);
    assert_int_equal(fd_write_all(fd, text, strlen(text)), 0);
    (void)close(fd);
}

static int begin(void **state)
{
    if (temp_enter(state) < 0)
        return -1;
    log_path = mem_printf("%s/x.log", temp_folder);
    config.path = "web.sock";
    begin_control();
    append("one\n");
    return 0;
}

static int end(void **state)
{
    end_control();
    mem_free(log_path);
    return temp_leave(state);
}

/* --- Clients -------------------------------------------------------------------------------- */

struct client {
    int fd;
    struct buf got;
    bool closed;
};

static void client_read(struct client *c)
{
    char data[65536];
    ssize_t n = recv(c->fd, data, sizeof data, MSG_DONTWAIT);
    if (n > 0)
        buf_append(&c->got, data, (size_t)n);
    else if (n == 0 || errno != EAGAIN)
        c->closed = true;
}

/* One turn of the loop, unless another process has it. */
static void turn(bool ours)
{
    if (ours)
        (void)uv_run(&loop, UV_RUN_NOWAIT);
    (void)nanosleep(&(struct timespec){.tv_nsec = 500 * 1000}, NULL);
}

static void read_until(struct client *c, const char *text, bool ours)
{
    const time_t end_of_it = time(NULL) + PATIENCE_S;
    while (!strstr(buf_str(&c->got), text)) {
        if (time(NULL) > end_of_it || c->closed)
            fail_msg("waited in vain for '%s': '%s'", text, buf_str(&c->got));
        turn(ours);
        client_read(c);
    }
}

static void read_to_end(struct client *c)
{
    const time_t end_of_it = time(NULL) + PATIENCE_S;
    while (!c->closed) {
        if (time(NULL) > end_of_it)
            fail_msg("the connection does not end");
        turn(true);
        client_read(c);
    }
}

static void ask(struct client *c, const char *request)
{
    struct sockaddr_un to = {.sun_family = AF_UNIX};
    *c = (struct client){.fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0)};
    (void)snprintf(to.sun_path, sizeof to.sun_path, "%s", config.path);
    assert_int_equal(connect(c->fd, (const struct sockaddr *)&to, sizeof to), 0);
    assert_int_equal(fd_write_all(c->fd, request, strlen(request)), 0);
}

static void hang_up(struct client *c)
{
    fd_close(&c->fd);
    buf_close(&c->got);
}

/* The body, out of its chunks if there are any. */
static void body_is(const struct client *c, const char *want)
{
    const char *head = buf_str(&c->got);
    const char *at = strstr(head, "\r\n\r\n") + 4;
    struct buf body = BUF_EMPTY;
    if (!strstr(head, "Transfer-Encoding: chunked")) {
        assert_string_equal(at, want);
        return;
    }
    while (*at) {
        char *after;
        size_t len = strtoul(at, &after, 16);
        assert_int_equal(strncmp(after, "\r\n", 2), 0);
        buf_append(&body, after + 2, len);
        at = after + 2 + len;
        assert_int_equal(strncmp(at, "\r\n", 2), 0);
        at += 2;
    }
    assert_string_equal(buf_str(&body), want);
    buf_close(&body);
}

/* --- From one process to another ------------------------------------------------------------ */

/* A copy, as the other side gets it. */
static void on_state(void *owner, const struct follow_state *state)
{
    struct follow_state *copy = owner;
    copy->socket = fcntl(state->socket, F_DUPFD_CLOEXEC, 3);
    copy->file = fcntl(state->file, F_DUPFD_CLOEXEC, 3);
    copy->at = state->at;
    copy->path = mem_strdup(state->path);
    copy->section = mem_strdup(state->section);
    copy->chunked = state->chunked;
}

static void come_to_rest(void)
{
    const time_t end_of_it = time(NULL) + PATIENCE_S;
    control_hold(&control, true);
    while (!control_at_rest(&control)) {
        assert_true(time(NULL) < end_of_it);
        turn(true);
    }
}

/* What exec does: this process stays as it is and does nothing more, the other one goes on. */
static pid_t other_process(struct client *c, struct follow_state *state)
{
    pid_t pid = fork();
    assert_true(pid >= 0);
    if (pid > 0)
        return pid;
    fd_close(&c->fd);
    begin_control();
    control_resume(&control, state);
    (void)uv_run(&loop, UV_RUN_DEFAULT);
    _exit(0);
}

static void goes_on_elsewhere(const char *request)
{
    struct client c;
    struct follow_state state = {.socket = -1, .file = -1};
    serve();
    ask(&c, request);
    read_until(&c, "one\n", true);
    append("two\n");
    read_until(&c, "two\n", true);
    come_to_rest();
    append("three\n");
    for (int i = 0; i < 50; i++)
        turn(true);
    client_read(&c);
    assert_null(strstr(buf_str(&c.got), "three"));
    control_each_follow(&control, on_state, &state);
    assert_string_equal(state.section, "web");
    pid_t other = other_process(&c, &state);
    read_until(&c, "three\n", false);
    append("four\n");
    read_until(&c, "four\n", false);
    body_is(&c, "one\ntwo\nthree\nfour\n");
    hang_up(&c);
    fd_close(&state.socket);
    fd_close(&state.file);
    mem_free(state.path);
    mem_free(state.section);
    assert_int_equal(waitpid(other, NULL, 0), other); /* nothing is left for it to do */
}

static void http_11(void **state)
{
    (void)state;
    goes_on_elsewhere("GET /log HTTP/1.1\r\nHost: \r\n\r\n\r\n");
}

static void http_11_that_ends(void **state)
{
    (void)state;
    goes_on_elsewhere("GET /log HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");
}

static void http_10(void **state)
{
    (void)state;
    goes_on_elsewhere("GET /log HTTP/1.0\r\n\r\n");
}

static void http_10_that_stays(void **state)
{
    (void)state;
    goes_on_elsewhere("GET /log HTTP/1.0\r\nConnection: keep-alive\r\n\r\n");
}

static void nobody_takes_over(void **state)
{
    (void)state;
    struct client c;
    serve();
    ask(&c, "GET /log HTTP/1.1\r\nHost: x\r\n\r\n");
    read_until(&c, "one\n", true);
    come_to_rest();
    append("two\n");
    for (int i = 0; i < 50; i++)
        turn(true);
    client_read(&c);
    assert_null(strstr(buf_str(&c.got), "two"));
    control_hold(&control, false);
    read_until(&c, "two\n", true);
    body_is(&c, "one\ntwo\n");
    hang_up(&c);
}

/* Who does not read what was sent already cannot come to rest. */
static void who_does_not_read_is_not_at_rest(void **state)
{
    (void)state;
    struct client c;
    struct follow_state none = {.socket = -1};
    serve();
    ask(&c, "GET /log HTTP/1.1\r\nHost: x\r\n\r\n");
    read_until(&c, "one\n", true);
    char *line = mem_alloc(1 << 20);
    memset(line, 'x', (1 << 20) - 2);
    append(line);
    mem_free(line);
    for (int i = 0; i < 100; i++)
        turn(true);
    control_hold(&control, true);
    for (int i = 0; i < 100; i++)
        turn(true);
    assert_false(control_at_rest(&control));
    control_each_follow(&control, on_state, &none);
    assert_int_equal(none.socket, -1);
    hang_up(&c);
}

/* --- What was resumed ----------------------------------------------------------------------- */

static struct follow_state state_of(struct client *c, bool chunked)
{
    int ends[2];
    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends), 0);
    *c = (struct client){.fd = ends[0]};
    return (struct follow_state){.socket = ends[1],
                                 .file = open(log_path, O_RDONLY | O_CLOEXEC),
                                 .path = mem_strdup(log_path),
                                 .section = mem_strdup("web"),
                                 .chunked = chunked};
}

static void resume(struct client *c, bool chunked)
{
    struct follow_state state = state_of(c, chunked);
    unsigned before = control.resumed;
    control_resume(&control, &state);
    assert_int_equal(control.resumed, before + 1);
}

static void another_file_has_the_name(void **state)
{
    (void)state;
    struct client c;
    resume(&c, false);
    read_until(&c, "one\n", true);
    assert_int_equal(rename(log_path, "old"), 0);
    append("new\n");
    read_until(&c, "new\n", true);
    assert_int_equal(truncate(log_path, 0), 0);
    read_until(&c, "==> File truncated <==\n", true);
    append("newest\n");
    read_until(&c, "newest\n", true);
    assert_string_equal(buf_str(&c.got), "one\nnew\n==> File truncated <==\nnewest\n");
    hang_up(&c);
}

/* It lost its name while nobody looked: what is left of it comes first. */
static void the_file_goes_along(void **state)
{
    (void)state;
    struct client c;
    struct follow_state there = state_of(&c, true);
    there.at = 2;
    assert_int_equal(rename(log_path, "old"), 0);
    append("new\n");
    control_resume(&control, &there);
    read_until(&c, "new\n", true);
    assert_string_equal(buf_str(&c.got), "2\r\ne\n\r\n4\r\nnew\n\r\n");
    hang_up(&c);
}

static void ends_when_either_leaves(void **state)
{
    (void)state;
    struct client c, other;
    resume(&c, true);
    resume(&other, true);
    read_until(&c, "one\n", true);
    hang_up(&c);
    while (control.resumed > 1)
        turn(true);
    resume_end(&control, "another");
    assert_int_equal(control.resumed, 1);
    resume_end(&control, "web");
    read_to_end(&other);
    assert_int_equal(control.resumed, 0);
    hang_up(&other);
}

/* All of it arrives, however slowly it is read, and nothing else waits for that. */
static void a_slow_client(void **state)
{
    (void)state;
    struct client c, quick;
    char *text = mem_alloc((4 << 20) + 1);
    for (size_t i = 0; i < 4 << 20; i++)
        text[i] = (char)('a' + i % 23);
    append(text);
    resume(&c, false);
    resume(&quick, false);
    while (quick.got.len < (4 << 20) + 4) {
        turn(true);
        client_read(&quick);
    }
    assert_int_equal(c.got.len, 0);
    while (c.got.len < (4 << 20) + 4) {
        turn(true);
        client_read(&c);
    }
    assert_memory_equal(buf_str(&c.got) + 4, text, 4 << 20);
    assert_memory_equal(buf_str(&quick.got) + 4, text, 4 << 20);
    mem_free(text);
    hang_up(&c);
    hang_up(&quick);
}

/* One upgrade after the other. */
static void again_and_again(void **state)
{
    (void)state;
    struct client c;
    char line[32];
    resume(&c, true);
    read_until(&c, "one\n", true);
    for (int i = 0; i < 5; i++) {
        struct follow_state next = {.socket = -1};
        come_to_rest();
        (void)snprintf(line, sizeof line, "line %d\n", i);
        append(line);
        for (int turns = 0; turns < 20; turns++)
            turn(true);
        control_each_follow(&control, on_state, &next);
        resume_end(&control, NULL);
        control_hold(&control, false);
        control_resume(&control, &next);
        read_until(&c, line, true);
    }
    assert_int_equal(control.resumed, 1);
    hang_up(&c);
}

static void what_is_of_no_use_is_closed(void **state)
{
    (void)state;
    size_t before = open_descriptors();
    for (int i = 0; i < 6; i++) {
        struct client c;
        struct follow_state bad = state_of(&c, true);
        if (i == 0 || i == 4)
            fd_close(&bad.socket);
        if (i == 1)
            fd_close(&bad.file);
        if (i == 2) {
            mem_free(bad.path);
            bad.path = NULL;
        }
        if (i == 3)
            bad.at = -1;
        if (i == 4)
            bad.socket = open("/dev/null", O_RDWR);
        if (i == 5) {
            fd_close(&bad.file);
            bad.file = open("/dev/null", O_RDWR);
        }
        control_resume(&control, &bad);
        assert_int_equal(bad.socket, -1);
        assert_int_equal(control.resumed, 0);
        hang_up(&c);
    }
    assert_int_equal(open_descriptors(), before);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(http_11, begin, end),
        cmocka_unit_test_setup_teardown(http_11_that_ends, begin, end),
        cmocka_unit_test_setup_teardown(http_10, begin, end),
        cmocka_unit_test_setup_teardown(http_10_that_stays, begin, end),
        cmocka_unit_test_setup_teardown(nobody_takes_over, begin, end),
        cmocka_unit_test_setup_teardown(who_does_not_read_is_not_at_rest, begin, end),
        cmocka_unit_test_setup_teardown(another_file_has_the_name, begin, end),
        cmocka_unit_test_setup_teardown(the_file_goes_along, begin, end),
        cmocka_unit_test_setup_teardown(ends_when_either_leaves, begin, end),
        cmocka_unit_test_setup_teardown(a_slow_client, begin, end),
        cmocka_unit_test_setup_teardown(again_and_again, begin, end),
        cmocka_unit_test_setup_teardown(what_is_of_no_use_is_closed, begin, end),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
