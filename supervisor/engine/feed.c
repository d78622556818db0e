#include "engine/feed.h"

#include <errno.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/limits.h"
#include "base/list.h"

void feed_init(struct feed *f, uv_loop_t *loop)
{
    *f = (struct feed){.loop = loop, .fd = -1};
}

/* Writes what fits now: 0, or -errno when nobody can read any more. */
static int write_some(int fd, struct buf *data)
{
    size_t done = 0;
    int rc = 0;
    while (rc == 0 && done < data->len) {
        ssize_t put = write(fd, data->data + done, data->len - done);
        if (put >= 0)
            done += (size_t)put;
        else if (errno != EINTR)
            rc = -errno;
    }
    buf_drop(data, done);
    return rc == -EAGAIN ? 0 : rc;
}

static void on_writable(uv_poll_t *poll, int status, int events)
{
    struct feed *f = container_of(poll, struct feed, poll);
    (void)events;
    if (status < 0 || write_some(f->fd, &f->data) < 0 || f->data.len == 0) {
        (void)uv_poll_stop(poll);
        buf_close(&f->data); /* large ones are rare: their memory is not kept */
    }
}

/* Has the loop write `data`, which is taken. */
static int feed_keep(struct feed *f, int fd, struct buf *data)
{
    int rc = f->state == FEED_CLOSING ? -EPIPE : 0;
    if (f->state == FEED_IDLE && (rc = uv_poll_init(f->loop, &f->poll, fd)) == 0)
        f->state = FEED_OPEN;
    if (rc == 0)
        rc = uv_poll_start(&f->poll, UV_WRITABLE, on_writable);
    if (rc < 0)
        return rc;
    f->fd = fd;
    f->data = *data;
    *data = (struct buf)BUF_EMPTY;
    return 0;
}

int feed_write(struct feed *f, int fd, const char *data, size_t len)
{
    if (f->data.len > 0) {
        if (f->data.len + len > LIMIT_STDIN)
            return -ENOBUFS;
        buf_append(&f->data, data, len);
        return 0;
    }
    struct buf all = BUF_EMPTY;
    buf_append(&all, data, len);
    int rc = fd_nonblock(fd);
    if (rc == 0)
        rc = write_some(fd, &all);
    if (rc == 0 && all.len > 0)
        rc = feed_keep(f, fd, &all);
    buf_close(&all);
    return rc;
}

static void on_poll_closed(uv_handle_t *handle)
{
    struct feed *f = container_of(handle, struct feed, poll);
    f->state = FEED_IDLE;
    if (f->on_closed)
        f->on_closed(f); /* may free f */
}

void feed_stop(struct feed *f, void (*on_closed)(struct feed *f))
{
    buf_close(&f->data);
    if (f->state != FEED_OPEN)
        return;
    f->state = FEED_CLOSING;
    f->on_closed = on_closed;
    uv_close((uv_handle_t *)&f->poll, on_poll_closed);
}

bool feed_idle(const struct feed *f)
{
    return f->state == FEED_IDLE;
}
