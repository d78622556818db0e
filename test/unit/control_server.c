/*
 * Protects the HTTP server on the loop: answers now and later, streams, limits, passwords, the
 * socket's mode and takeover, silence while idle, and an end that leaves no handle.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <errno.h>
#include <netinet/in.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/limits.h"
#include "base/log.h"
#include "base/mem.h"
#include "control/server.h"
#include "control_answers.h"
#include "control_client.h"

/* --- Opening and closing --------------------------------------------------------------------- */

static struct server_config config = {.section = "unix_http_server",
                                      .is_unix = true,
                                      .mode = 0640,
                                      .uid = CONFIG_UNSET,
                                      .gid = CONFIG_UNSET};

static void drop_line(void *ctx, enum log_level level, const char *line, size_t len)
{
    (void)level;
    (void)len;
    buf_text(ctx, line);
}

static struct buf logged = BUF_EMPTY;

static int setup(void **state)
{
    struct err e;
    (void)state;
    log_set_writer(drop_line, &logged);
    (void)snprintf(path, sizeof path, "%s/s", folder);
    config.path = path;
    held = NULL;
    lines_left = lines_closed = 0;
    assert_int_equal(uv_loop_init(&loop), 0);
    return server_open(&server, &loop, &config, &router, NULL, &e);
}

static bool server_closed;

static void on_server_closed(struct server *s)
{
    assert_ptr_equal(s, &server);
    server_closed = true;
}

static int teardown(void **state)
{
    struct stat st;
    (void)state;
    server_closed = false;
    server_close(&server, on_server_closed);
    uv_run(&loop, UV_RUN_DEFAULT);
    assert_true(server_closed);
    assert_int_equal(uv_loop_close(&loop), 0);
    assert_int_equal(lstat(path, &st), -1); /* its socket is gone */
    config.username = config.password = NULL;
    buf_close(&seen);
    log_set_writer(NULL, NULL);
    buf_close(&logged);
    return 0;
}

/* --- Tests ----------------------------------------------------------------------------------- */

static void answers_at_once(void **state)
{
    (void)state;
    const char *answer = ask("POST /echo HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n"
                             "Connection: close\r\n\r\nhello",
                             NULL);
    assert_starts(answer, "HTTP/1.1 200 OK\r\n");
    assert_holds(answer, "Content-Type: text/plain\r\n");
    assert_holds(answer, "\r\n\r\n5 bytes");
    assert_string_equal(buf_str(&seen), "hello");
}

static void two_requests_on_one_connection(void **state)
{
    (void)state;
    const char *answer = ask("POST /echo HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\n\r\na"
                             "POST /echo HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\n"
                             "Connection: close\r\n\r\nab",
                             NULL);
    assert_holds(answer, "1 bytes");
    assert_holds(answer, "2 bytes");
}

static void others_are_served_while_one_waits(void **state)
{
    (void)state;
    struct client patient;
    struct buf body = BUF_EMPTY;
    client_start(&patient, "GET /later HTTP/1.1\r\nHost: x\r\n\r\n", "done.");
    while (!held)
        turn();
    assert_holds(ask("POST /echo HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\n"
                     "Connection: close\r\n\r\n",
                     NULL),
                 "0 bytes");
    buf_text(&body, "done.");
    exchange_answer(held, 200, "text/plain", &body);
    client_finish(&patient);
    assert_holds(patient.answer, "\r\n\r\ndone.");
    buf_close(&body);
}

static void a_client_that_leaves_ends_its_exchange(void **state)
{
    (void)state;
    int fd = client_connect();
    const char *text = "GET /later HTTP/1.1\r\nHost: x\r\n\r\n";
    assert_int_equal(send(fd, text, strlen(text), 0), (ssize_t)strlen(text));
    while (!held)
        turn();
    close(fd);
    while (held) /* the router is told */
        turn();
    while (server.door.count > 0)
        turn();
    assert_true(list_empty(&server.exchanges));
}

static void a_stream(void **state)
{
    struct client reader;
    (void)state;
    lines_left = 1;
    client_start(&reader, "GET /lines HTTP/1.1\r\nHost: x\r\n\r\n\r\n", NULL);
    while (!lines_exchange || !lines_exchange->suspended)
        turn();
    lines_left = 2;
    exchange_more(lines_exchange);
    while (lines_left > 0 || !lines_exchange->suspended)
        turn();
    lines_left = -1;
    exchange_more(lines_exchange);
    while (lines_closed == 0)
        turn();
    /* the two line ends after the header block are no request */
    assert_starts(ask("POST /echo HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\n"
                      "Connection: close\r\n\r\n",
                      NULL),
                  "HTTP/1.1 200");
    server_close(&server, on_server_closed);
    client_finish(&reader);
    uv_run(&loop, UV_RUN_DEFAULT);
    assert_holds(reader.answer, "Transfer-Encoding: chunked\r\n");
    assert_holds(reader.answer, "Last-Modified: Thu, 01 Jan 1970 00:00:00 GMT\r\n");
    assert_holds(reader.answer, "X-Accel-Buffering: no\r\n");
    assert_holds(reader.answer, "5\r\nline\n\r\n");
    assert_holds(reader.answer, "\r\n0\r\n\r\n");
    struct err e;
    assert_int_equal(server_open(&server, &loop, &config, &router, NULL, &e), 0);
}

static void a_silent_stream_ends_when_its_client_leaves(void **state)
{
    (void)state;
    const char *text = "GET /lines HTTP/1.1\r\nHost: x\r\n\r\n";
    int fd = client_connect();
    assert_int_equal(send(fd, text, strlen(text), 0), (ssize_t)strlen(text));
    while (!lines_exchange || !lines_exchange->suspended)
        turn();
    close(fd);
    while (lines_closed == 0)
        turn();
    assert_true(list_empty(&server.exchanges));
}

static void refusals(void **state)
{
    (void)state;
    // clang-format off
    static const struct { const char *request, *want; } rows[] = {
        {"GET /nope HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n",       "HTTP/1.1 404 "},
        {"GET /echo HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n",       "HTTP/1.1 400 "},
        {"DELETE /nope HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n",    "HTTP/1.1 400 "},
        {"POST /echo HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n",      "HTTP/1.1 411 "},
        {"POST /echo HTTP/1.1\r\nHost: x\r\nContent-Length: 1048577\r\n\r\n", "HTTP/1.1 413 "},
        {"POST /echo HTTP/1.1\r\nHost: x\r\nContent-Length: 99999999999999999999\r\n\r\n",
                                                                             "HTTP/1.1 4"},
        {"nonsense\r\n\r\n", ""}, /* no HTTP at all: hangs up, as Supervisor does */
    };
    // clang-format on
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        assert_starts(ask(rows[i].request, NULL), rows[i].want);
    assert_holds(ask(rows[0].request, NULL), "<p>Error code 404.\r\n<p>Message: Not Found.\r\n");
}

static void a_body_of_the_largest_size(void **state)
{
    (void)state;
    struct buf text = BUF_EMPTY;
    buf_printf(&text,
               "POST /echo HTTP/1.1\r\nHost: x\r\nContent-Length: %d\r\n"
               "Connection: close\r\n\r\n",
               LIMIT_BODY);
    for (int i = 0; i < LIMIT_BODY; i++)
        buf_char(&text, 'x');
    assert_holds(ask(buf_str(&text), NULL), "1048576 bytes");
    buf_close(&text);
}

static void too_many_headers(void **state)
{
    (void)state;
    struct buf text = BUF_EMPTY;
    buf_text(&text, "GET /nope HTTP/1.1\r\nX: ");
    for (int i = 0; i < 2 * LIMIT_HEAD; i++)
        buf_char(&text, 'x');
    buf_text(&text, "\r\n\r\n");
    assert_starts(ask(buf_str(&text), NULL), "HTTP/1.1 4");
    assert_starts(ask("GET /nope HTTP/1.1\r\nConnection: close\r\n\r\n", NULL), "HTTP/1.1 40");
    buf_close(&text);
}

static int setup_with_password(void **state)
{
    config.username = "ada";
    config.password = "secret";
    return setup(state);
}

static void passwords(void **state)
{
    (void)state;
    const char *answer = ask("GET /nope HTTP/1.1\r\nHost: x\r\n\r\n", NULL); /* it closes */
    assert_starts(answer, "HTTP/1.1 401 ");
    assert_holds(answer, "WWW-Authenticate: Basic realm=\"default\"\r\n");
    assert_holds(answer, "Connection: close\r\n");
    assert_starts(ask("POST /echo HTTP/1.1\r\nHost: x\r\nAuthorization: Basic eve\r\n"
                      "Content-Length: 5\r\n\r\nhello",
                      NULL),
                  "HTTP/1.1 401 ");
    assert_int_equal(seen.len, 0); /* and nobody has got the body */
    assert_starts(ask("GET /nope HTTP/1.1\r\nHost: x\r\nConnection: close\r\n"
                      "Authorization: Basic YWRhOnNlY3JldA==\r\n\r\n",
                      NULL),
                  "HTTP/1.1 404 ");
}

static void the_socket(void **state)
{
    struct stat st;
    (void)state;
    assert_int_equal(lstat(path, &st), 0);
    assert_true(S_ISSOCK(st.st_mode));
    assert_int_equal(st.st_mode & 07777, 0640);
    assert_int_equal(st.st_nlink, 1); /* the temporary name is gone */
    struct server second;
    struct err e;
    assert_int_equal(server_open(&second, &loop, &config, &router, NULL, &e), -EADDRINUSE);
    assert_starts(e.text, "Another program is already listening on a port that one of our HTTP "
                          "servers is configured to use.");
    assert_int_equal(lstat(path, &st), 0); /* and the first one's socket is left alone */
}

static void a_dead_socket_is_taken_over(void **state)
{
    (void)state;
    char dead[sizeof path];
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    struct socket l;
    struct err e;
    struct stat st;
    struct server_config c = config;
    (void)snprintf(dead, sizeof dead, "%s/dead", folder);
    memcpy(address.sun_path, dead, strlen(dead) + 1);
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_int_equal(bind(fd, (const struct sockaddr *)&address, sizeof address), 0);
    close(fd);
    c.path = dead;
    assert_int_equal(socket_open(&l, &c, &e), 0);
    assert_holds(buf_str(&logged), "Unlinking stale socket");
    /* somebody else's file of that name is not removed at the end */
    assert_int_equal(unlink(dead), 0);
    assert_int_equal(mkdir(dead, 0700), 0);
    socket_close(&l);
    assert_int_equal(lstat(dead, &st), 0);
    assert_int_equal(socket_open(&l, &c, &e), -EEXIST);
    assert_holds(e.text, "exists and is no socket");
    assert_int_equal(rmdir(dead), 0);
}

static void sockets_that_cannot_be(void **state)
{
    (void)state;
    struct socket l;
    struct err e;
    struct server_config c = config;
    char *longest = mem_alloc(200);
    memset(longest, 'x', 199);
    longest[0] = '/';
    c.path = longest;
    assert_int_equal(socket_open(&l, &c, &e), -ENAMETOOLONG);
    c.path = "/nonexistent/folder/s";
    assert_int_equal(socket_open(&l, &c, &e), -ENOENT);
    assert_starts(e.text, "Cannot open an HTTP server: socket.error reported errno.ENOENT (2)");
    c = (struct server_config){.section = "inet_http_server", .host = "192.0.2.1", .port = 9001};
    assert_int_equal(socket_open(&l, &c, &e), -EADDRNOTAVAIL);
    mem_free(longest);
}

static void an_inet_socket(void **state)
{
    (void)state;
    struct socket l, second;
    struct err e;
    struct sockaddr_in address = {0};
    socklen_t len = sizeof address;
    struct server_config c = {.section = "inet_http_server", .host = "127.0.0.1", .port = 0};
    assert_int_equal(socket_open(&l, &c, &e), 0);
    assert_int_equal(getsockname(l.fd, (struct sockaddr *)&address, &len), 0);
    c.port = ntohs(address.sin_port);
    assert_int_equal(socket_open(&second, &c, &e), -EADDRINUSE);
    assert_starts(e.text, "Another program is already listening");
    socket_close(&l);
}

/* Nobody is connected: the loop has nothing to wake up for. */
static void silence(void **state)
{
    (void)state;
    assert_starts(ask("GET /nope HTTP/1.1\r\nConnection: close\r\n\r\n", NULL), "HTTP/1.1 404");
    for (int i = 0; i < 10; i++)
        uv_run(&loop, UV_RUN_NOWAIT);
    assert_int_equal(uv_backend_timeout(&loop), -1);
    assert_false(uv_is_active((uv_handle_t *)&server.timer));
}

/* The answer that is on its way when the server closes still arrives; one that never comes does
 * not hold the end for long. */
static void the_end_waits_for_answers(void **state)
{
    (void)state;
    struct client patient;
    struct buf body = BUF_EMPTY;
    client_start(&patient, "GET /later HTTP/1.1\r\nHost: x\r\n\r\n", NULL);
    while (!held)
        turn();
    server_close(&server, on_server_closed);
    buf_text(&body, "at last");
    exchange_answer(held, 200, "text/plain", &body);
    client_finish(&patient);
    uv_run(&loop, UV_RUN_DEFAULT);
    assert_holds(patient.answer, "at last");
    buf_close(&body);
    struct err e;
    assert_int_equal(server_open(&server, &loop, &config, &router, NULL, &e), 0);
    int fd = client_connect();
    assert_int_equal(send(fd, "GET /half", 9, 0), 9); /* and never the rest */
    turn();
    server_close(&server, on_server_closed);
    uv_run(&loop, UV_RUN_DEFAULT);
    close(fd);
    assert_int_equal(server_open(&server, &loop, &config, &router, NULL, &e), 0);
}

static int make_folder(void **state)
{
    (void)state;
    return mkdtemp(folder) ? 0 : -1;
}

static int remove_folder(void **state)
{
    (void)state;
    return rmdir(folder);
}

#define SERVED(test) cmocka_unit_test_setup_teardown(test, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        SERVED(answers_at_once),
        SERVED(two_requests_on_one_connection),
        SERVED(others_are_served_while_one_waits),
        SERVED(a_client_that_leaves_ends_its_exchange),
        SERVED(a_stream),
        SERVED(a_silent_stream_ends_when_its_client_leaves),
        SERVED(refusals),
        SERVED(a_body_of_the_largest_size),
        SERVED(too_many_headers),
        cmocka_unit_test_setup_teardown(passwords, setup_with_password, teardown),
        SERVED(the_socket),
        SERVED(a_dead_socket_is_taken_over),
        SERVED(sockets_that_cannot_be),
        SERVED(an_inet_socket),
        SERVED(silence),
        SERVED(the_end_waits_for_answers),
    };
    return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
