#include "systemd/store.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/fd.h"
#include "base/list.h"
#include "base/mem.h"

void store_init(struct store *s, uv_loop_t *loop)
{
    const char *room = getenv("FDSTORE");
    *s = (struct store){.channel = {.fd = -1}};
    (void)uv_timer_init(loop, &s->retry);
    if (!room || strcmp(room, "0") != 0)
        channel_open(&s->channel, getenv("NOTIFY_SOCKET"));
}

bool store_is_there(const struct store *s)
{
    return channel_is_open(&s->channel);
}

/* FDPOLL=0: systemd would let go of a pipe that hangs up, and of a process that has ended. */
static int store_send(const struct store *s, const struct store_message *m)
{
    char text[STORE_NAME_MAX + 64];
    (void)snprintf(text, sizeof text, "%s\nFDNAME=%s",
                   m->fd < 0 ? "FDSTOREREMOVE=1" : "FDSTORE=1\nFDPOLL=0", m->name);
    return channel_send_fd(&s->channel, text, m->fd);
}

static void store_take_first(struct store *s)
{
    s->first = (s->first + 1) % STORE_QUEUE;
    s->queued--;
}

static void on_retry(uv_timer_t *timer)
{
    struct store *s = container_of(timer, struct store, retry);
    while (s->queued > 0) {
        struct store_message m = s->queue[s->first];
        if (store_send(s, &m) == -EAGAIN)
            return;
        store_take_first(s);
        bool kept = m.fd >= 0;
        fd_close(&m.fd);
        if (kept && s->on_kept)
            s->on_kept(s, m.name);
    }
    (void)uv_timer_stop(timer);
}

static int store_queue(struct store *s, const struct store_message *m)
{
    if (s->queued == STORE_QUEUE)
        return -ENOBUFS;
    if (!s->queue)
        s->queue = mem_array(STORE_QUEUE, sizeof *s->queue);
    s->queue[(s->first + s->queued++) % STORE_QUEUE] = *m;
    if (!uv_is_active((uv_handle_t *)&s->retry))
        (void)uv_timer_start(&s->retry, on_retry, STORE_RETRY, STORE_RETRY);
    return 0;
}

/* 1: sent, 0: it waits (and its descriptor with it), or -errno. */
static int store_say(struct store *s, const struct store_message *m)
{
    if (!store_is_there(s))
        return -ENOTCONN;
    int rc = s->queued > 0 ? -EAGAIN : store_send(s, m);
    if (rc == -EAGAIN)
        return store_queue(s, m);
    return rc < 0 ? rc : 1;
}

int store_keep(struct store *s, const char *name, int fd)
{
    struct store_message m = {.fd = fd};
    (void)snprintf(m.name, sizeof m.name, "%s", name);
    int rc = store_say(s, &m);
    if (rc != 0)
        fd_close(&m.fd);
    return rc;
}

void store_drop(struct store *s, const char *name)
{
    struct store_message m = {.fd = -1};
    (void)snprintf(m.name, sizeof m.name, "%s", name);
    (void)store_say(s, &m);
}

void store_close(struct store *s)
{
    if (s->closed)
        return;
    s->closed = true;
    for (; s->queued > 0; store_take_first(s))
        fd_close(&s->queue[s->first].fd);
    mem_free(s->queue);
    s->queue = NULL;
    channel_close(&s->channel);
    uv_close((uv_handle_t *)&s->retry, NULL);
}
