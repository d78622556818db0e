#include "control/follow.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/mem.h"

#define TRUNCATED "==> File truncated <==\n"

enum { BLIND_POLL_MS = 1000 }; /* where the kernel grants no watch: while somebody follows */

static void on_handle_closed(uv_handle_t *handle)
{
    struct follow *f = handle->data;
    struct control *c = f->control;
    if (--f->handles > 0)
        return;
    mem_free(f->path);
    mem_free(f);
    control_handle_closed(c);
}

static void on_source_closed(struct body_source *source)
{
    struct follow *f = container_of(source, struct follow, source);
    fd_close(&f->fd);
    f->exchange = NULL;
    f->wake = NULL;
    list_remove(&f->link);
    uv_close((uv_handle_t *)&f->file, on_handle_closed);
    uv_close((uv_handle_t *)&f->folder, on_handle_closed);
    uv_close((uv_handle_t *)&f->blind, on_handle_closed);
}

/* --- Watching -------------------------------------------------------------------------------- */

static void on_change(uv_fs_event_t *event, const char *name, int events, int status)
{
    struct follow *f = event->data;
    (void)name;
    (void)events;
    (void)status;
    if (f->wake)
        f->wake(f);
}

static void on_blind(uv_timer_t *timer)
{
    struct follow *f = timer->data;
    if (f->wake)
        f->wake(f);
}

static void on_name(uv_fs_event_t *event, const char *name, int events, int status)
{
    struct follow *f = event->data;
    (void)status;
    if (!(events & UV_RENAME) || (name && strcmp(name, strrchr(f->path, '/') + 1) != 0))
        return;
    if (f->wake)
        f->wake(f);
}

/*
 * Watches whatever file has the name now, also when it loses it: its last lines may follow.
 * What was written before is read after this.
 */
static void follow_watch(struct follow *f)
{
    (void)uv_fs_event_stop(&f->file);
    int rc = uv_fs_event_start(&f->file, on_change, f->path, 0);
    if (rc < 0 && rc != UV_ENOENT)
        (void)uv_timer_start(&f->blind, on_blind, BLIND_POLL_MS, BLIND_POLL_MS);
}

static void follow_watch_folder(struct follow *f)
{
    size_t len = (size_t)(strrchr(f->path, '/') - f->path);
    char *folder = len > 0 ? mem_strndup(f->path, len) : mem_strdup("/");
    if (uv_fs_event_start(&f->folder, on_name, folder, 0) < 0)
        (void)uv_timer_start(&f->blind, on_blind, BLIND_POLL_MS, BLIND_POLL_MS);
    mem_free(folder);
}

/* --- Reading --------------------------------------------------------------------------------- */

static int open_regular(const char *path, struct stat *st)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
    if (fd >= 0 && (fstat(fd, st) < 0 || !S_ISREG(st->st_mode)))
        fd_close(&fd);
    return fd;
}

/* The old file is read to its end: does another one have its name? */
static bool follow_next_file(struct follow *f)
{
    struct stat old, now;
    if (f->fd >= 0 && (stat(f->path, &now) < 0 || fstat(f->fd, &old) < 0 ||
                       (old.st_dev == now.st_dev && old.st_ino == now.st_ino)))
        return false;
    int fd = open_regular(f->path, &now);
    if (fd < 0)
        return false;
    fd_close(&f->fd);
    f->fd = fd;
    f->at = 0;
    follow_watch(f); /* before the first read, so that nothing is missed between the two */
    return true;
}

static bool follow_shrunk(const struct follow *f)
{
    struct stat st;
    return f->fd >= 0 && fstat(f->fd, &st) == 0 && st.st_size < f->at;
}

static ssize_t on_read(struct body_source *source, char *data, size_t max)
{
    struct follow *f = container_of(source, struct follow, source);
    if (follow_shrunk(f) && max >= strlen(TRUNCATED)) {
        f->at = 0;
        memcpy(data, TRUNCATED, strlen(TRUNCATED));
        return (ssize_t)strlen(TRUNCATED);
    }
    do {
        ssize_t got = f->fd < 0 ? 0 : pread(f->fd, data, max, f->at);
        if (got < 0)
            return -1;
        if (got > 0) {
            f->at += got;
            return got;
        }
    } while (follow_next_file(f));
    return 0;
}

struct follow *follow_new(struct control *c, const char *path, int fd, off_t at)
{
    struct follow *f = mem_alloc(sizeof *f);
    f->source = (struct body_source){.read = on_read, .close = on_source_closed};
    f->control = c;
    f->path = mem_strdup(path);
    f->fd = fd;
    f->at = at;
    (void)uv_fs_event_init(c->loop, &f->file);
    (void)uv_fs_event_init(c->loop, &f->folder);
    (void)uv_timer_init(c->loop, &f->blind);
    f->file.data = f->folder.data = f->blind.data = f;
    f->handles = 3;
    c->open_handles++;
    list_append(&c->follows, &f->link);
    follow_watch(f);
    follow_watch_folder(f);
    return f;
}

static void on_wake(struct follow *f)
{
    exchange_more(f->exchange);
}

void follow_answer(struct control *c, struct exchange *x, const char *path)
{
    struct stat st;
    int fd = path && *path == '/' ? open_regular(path, &st) : -1;
    if (fd < 0 || !exchange_may_stream(x, c->resumed)) {
        exchange_error(x, fd < 0 ? 404 : 503);
        fd_close(&fd);
        return;
    }
    const off_t from = st.st_size > FOLLOW_FIRST ? st.st_size - FOLLOW_FIRST : 0;
    struct follow *f = follow_new(c, path, fd, from);
    f->exchange = x;
    f->wake = on_wake;
    exchange_stream(x, "text/plain;charset=utf-8", st.st_mtime, &f->source);
}
