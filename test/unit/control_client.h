/* For test/unit/control_server.c: clients in threads of their own, which may block. */
#ifndef TEST_CONTROL_CLIENT_H
#define TEST_CONTROL_CLIENT_H

#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "control_answers.h"

enum { CLIENT_WAIT_S = 20 };

/* One turn of the loop; the pause is for the clients, so that waiting costs no processor. */
static void turn(void)
{
    (void)uv_run(&loop, UV_RUN_NOWAIT);
    (void)usleep(500);
}

struct client {
    pthread_t thread;
    const char *send;
    size_t send_len;
    const char *until; /* hang up when the answer holds this; NULL: when the server closes */
    char answer[8192];
    size_t len;
    bool failed;
    uv_async_t done;
    bool over;
};

static int client_connect(void)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    struct timeval limit = {.tv_sec = CLIENT_WAIT_S};
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    memcpy(address.sun_path, path, strlen(path) + 1);
    if (connect(fd, (const struct sockaddr *)&address, sizeof address) < 0) {
        close(fd);
        return -1;
    }
    (void)setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit);
    return fd;
}

static void *client_run(void *argument)
{
    struct client *c = argument;
    int fd = client_connect();
    (void)send(fd, c->send, c->send_len, MSG_NOSIGNAL); /* the server may hang up early */
    for (;;) {
        ssize_t got = recv(fd, c->answer + c->len, sizeof c->answer - 1 - c->len, 0);
        c->failed = got < 0 && errno == EAGAIN;
        if (got <= 0)
            break;
        c->len += (size_t)got;
        c->answer[c->len] = '\0';
        if (c->until && strstr(c->answer, c->until))
            break;
    }
    close(fd);
    uv_async_send(&c->done);
    return NULL;
}

static void on_client_done(uv_async_t *async)
{
    struct client *c = container_of(async, struct client, done);
    c->over = true;
    uv_close((uv_handle_t *)async, NULL);
}

static void client_start(struct client *c, const char *text, const char *until)
{
    *c = (struct client){.send = text, .send_len = strlen(text), .until = until};
    assert_int_equal(uv_async_init(&loop, &c->done, on_client_done), 0);
    assert_int_equal(pthread_create(&c->thread, NULL, client_run, c), 0);
}

static void client_finish(struct client *c)
{
    while (!c->over)
        turn();
    pthread_join(c->thread, NULL);
    uv_run(&loop, UV_RUN_NOWAIT); /* closes the handle */
    assert_false(c->failed);
}

static struct client client;

/* Sends, and returns all that came until the server closed or `until` was seen. */
static const char *ask(const char *text, const char *until)
{
    client_start(&client, text, until);
    client_finish(&client);
    return client.answer;
}

static void assert_starts(const char *text, const char *beginning)
{
    if (strncmp(text, beginning, strlen(beginning)) != 0)
        fail_msg("wanted \"%s...\", got \"%s\"", beginning, text);
}

static void assert_holds(const char *text, const char *part)
{
    if (!strstr(text, part))
        fail_msg("wanted \"...%s...\", got \"%s\"", part, text);
}

#endif
