#include "control/feed.h"

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/mem.h"

static void on_closed(uv_handle_t *handle)
{
    struct feed *f = container_of(handle, struct feed, poll);
    struct control *c = f->control;
    buf_close(&f->data);
    mem_free(f);
    control_handle_closed(c);
}

static void feed_close(struct feed *f)
{
    list_remove(&f->link);
    (void)uv_poll_stop(&f->poll);
    fd_close(&f->fd);
    uv_close((uv_handle_t *)&f->poll, on_closed);
}

/* Writes what fits now: 0, or -errno when nobody can read any more. */
static int write_some(int fd, struct buf *data)
{
    while (data->len > 0) {
        ssize_t put = write(fd, data->data, data->len);
        if (put < 0 && errno == EINTR)
            continue;
        if (put < 0)
            return errno == EAGAIN ? 0 : -errno;
        buf_drop(data, (size_t)put);
    }
    return 0;
}

static void on_writable(uv_poll_t *poll, int status, int events)
{
    struct feed *f = container_of(poll, struct feed, poll);
    (void)events;
    if (status < 0 || write_some(f->fd, &f->data) < 0 || f->data.len == 0)
        feed_close(f);
}

static struct feed *feed_find(struct control *c, pid_t pid)
{
    struct feed *f;
    list_each (f, &c->feeds, link) {
        if (f->pid == pid)
            return f;
    }
    return NULL;
}

/* Keeps what a process did not take at once; `data` is taken. */
static int feed_new(struct control *c, const struct child *child, struct buf *data)
{
    int fd = fcntl(child->in, F_DUPFD_CLOEXEC, 0);
    struct feed *f = mem_alloc(sizeof *f);
    int rc = fd < 0 ? -errno : uv_poll_init(c->loop, &f->poll, fd);
    if (rc < 0) {
        fd_close(&fd);
        mem_free(f);
        return rc;
    }
    f->control = c;
    f->pid = child->pid;
    f->fd = fd;
    f->data = *data;
    *data = (struct buf)BUF_EMPTY;
    list_append(&c->feeds, &f->link);
    c->open_handles++;
    return uv_poll_start(&f->poll, UV_WRITABLE, on_writable);
}

int feed_write(struct control *c, const struct child *child, const char *data, size_t len)
{
    struct feed *f = feed_find(c, child->pid);
    if (f) {
        if (f->data.len + len > FEED_MAX)
            return -ENOBUFS;
        buf_append(&f->data, data, len);
        return 0;
    }
    struct buf all = BUF_EMPTY;
    buf_append(&all, data, len);
    int rc = fd_nonblock(child->in);
    if (rc == 0)
        rc = write_some(child->in, &all);
    if (rc == 0 && all.len > 0)
        rc = feed_new(c, child, &all);
    buf_close(&all);
    return rc;
}

void feed_close_all(struct control *c)
{
    struct feed *f;
    list_each (f, &c->feeds, link)
        feed_close(f);
}
