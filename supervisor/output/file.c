#include "output/file.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/fd.h"
#include "base/mem.h"

enum { FILE_NAME_MAX = PATH_MAX + 16 };

/* Which of our own standard outputs a path means; -1: none. */
static int file_standard_fd(const char *path)
{
    static const char *const names[][3] = {
        {"/dev/stdout", "/dev/fd/1", "/proc/self/fd/1"},
        {"/dev/stderr", "/dev/fd/2", "/proc/self/fd/2"},
    };
    for (int fd = 1; fd <= 2; fd++)
        for (size_t i = 0; i < 3; i++)
            if (strcmp(path, names[fd - 1][i]) == 0)
                return fd;
    return -1;
}

/*
 * What is ours already is shared, not opened anew: only so does a file behind it have one position,
 * and nobody who writes there overwrites the others.
 * O_NONBLOCK, for the sake of terminals and pipes, means nothing to a regular file.
 */
static int file_open_path(const char *path, int flags, mode_t mode)
{
    int always = O_APPEND | O_CREAT | O_CLOEXEC | O_NOCTTY | O_NONBLOCK;
    int standard = file_standard_fd(path);
    if (standard >= 0) {
        int copy = fcntl(standard, F_DUPFD_CLOEXEC, 3);
        if (copy >= 0)
            return copy;
    }
    int fd = open(path, O_WRONLY | always | flags, mode);
    struct stat st;
    if (fd < 0 && errno == ENXIO && stat(path, &st) == 0 && S_ISFIFO(st.st_mode))
        fd = open(path, O_RDWR | always, mode); /* a FIFO whose reader comes later */
    return fd >= 0 ? fd : -errno;
}

static void file_adopt(struct file_log *f, int fd)
{
    struct stat st = {0};
    (void)fstat(fd, &st);
    f->fd = fd;
    f->regular = S_ISREG(st.st_mode) && !f->given && file_standard_fd(f->path) < 0;
    f->socket = S_ISSOCK(st.st_mode);
    f->stalled = false;
}

static void file_lost(struct file_log *f, const char *doing, int error, size_t bytes)
{
    f->doing = doing;
    f->error = error;
    f->dropped += bytes;
}

/* Opens again what is closed; a failure is remembered. */
static int file_try_open(struct file_log *f, int flags)
{
    fd_close(&f->fd);
    f->retry_at = clock_now() + FILE_RETRY_MS;
    int fd = file_open_path(f->path, flags | (f->own ? O_NOFOLLOW : 0), f->mode);
    if (fd < 0) {
        file_lost(f, "open", -fd, 0);
        return fd;
    }
    file_adopt(f, fd);
    f->error = 0;
    return 0;
}

int file_open(struct file_log *f, const struct file_options *o, struct err *e)
{
    *f = (struct file_log){.fd = -1, .maxbytes = o->maxbytes, .mode = o->mode ? o->mode : 0666};
    f->backups = o->backups < FILE_BACKUPS_MAX ? o->backups : FILE_BACKUPS_MAX;
    f->own = o->own;
    int fd = file_open_path(o->path, f->own ? O_NOFOLLOW : 0, f->mode);
    if (fd < 0)
        return err_set(e, fd, "cannot open %s: %s", o->path, strerror(-fd));
    f->path = mem_strdup(o->path);
    file_adopt(f, fd);
    return 0;
}

int file_open_fd(struct file_log *f, int fd, const char *name, struct err *e)
{
    *f = (struct file_log){.fd = -1, .given = true};
    int copy = fcntl(fd, F_DUPFD_CLOEXEC, 3);
    if (copy < 0)
        return err_set(e, -errno, "cannot write to %s: %s", name, strerror(errno));
    f->path = mem_strdup(name);
    file_adopt(f, copy);
    return 0;
}

static size_t file_put_regular(struct file_log *f, const char *data, size_t len)
{
    size_t done = f->flight ? flight_begin(f->flight, f->fd, data, len) : 0;
    while (done < len) {
        ssize_t n = write(f->fd, data + done, len - done);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            break;
        done += (size_t)n;
    }
    return done;
}

static bool file_wait(int fd, int64_t until)
{
    struct pollfd p = {.fd = fd, .events = POLLOUT};
    int64_t left = until - clock_now();
    return poll(&p, 1, left > 0 ? (int)left : 0) > 0;
}

/*
 * A pipe, terminal or socket. Its description may be shared with our parent, so O_NONBLOCK is
 * not ours to set: poll first, and after POLLOUT one write of PIPE_BUF does not wait.
 */
static size_t file_put_special(struct file_log *f, const char *data, size_t len)
{
    int64_t until = clock_now() + (f->stalled ? 0 : FILE_WAIT_MS);
    size_t done = 0;
    while (done < len) {
        size_t piece = len - done < PIPE_BUF ? len - done : PIPE_BUF;
        f->stalled = !file_wait(f->fd, until);
        errno = EAGAIN;
        if (f->stalled)
            break;
        ssize_t n = f->socket ? send(f->fd, data + done, piece, MSG_NOSIGNAL | MSG_DONTWAIT)
                              : write(f->fd, data + done, piece);
        if (n < 0 && (errno == EINTR || errno == EAGAIN) && clock_now() < until)
            continue;
        if (n < 0)
            break;
        done += (size_t)n;
    }
    return done;
}

/* F.1 becomes F.2 and so on, then F becomes F.1. Gaps are fine. */
static int file_shift(const struct file_log *f)
{
    char from[FILE_NAME_MAX];
    char to[FILE_NAME_MAX];
    for (int64_t i = f->backups; i >= 1; i--) {
        (void)snprintf(to, sizeof to, "%s.%lld", f->path, (long long)i);
        (void)snprintf(from, sizeof from, "%s.%lld", f->path, (long long)i - 1);
        if (rename(i == 1 ? f->path : from, to) < 0 && errno != ENOENT)
            return -errno;
    }
    return 0;
}

/*
 * When the names cannot be changed the file grows on, and it is tried again later: a log that is
 * too long is better than none.
 */
static void file_rotate(struct file_log *f)
{
    int64_t now = clock_now();
    if (now < f->retry_at && f->error != 0)
        return;
    int rc = file_shift(f);
    if (rc == 0) {
        (void)file_try_open(f, O_TRUNC);
        return;
    }
    file_lost(f, "rotate", -rc, 0);
    f->retry_at = now + FILE_RETRY_MS;
}

static void file_written(struct file_log *f)
{
    bool rotating = f->doing && strcmp(f->doing, "rotate") == 0;
    if (!rotating)
        f->error = 0;
    if (!f->regular || f->maxbytes <= 0)
        return;
    /* The position, not a count of ours: others may append to or truncate the same file. */
    off_t at = lseek(f->fd, 0, SEEK_CUR);
    if (at >= f->maxbytes)
        file_rotate(f);
}

void file_write(struct file_log *f, const void *data, size_t len)
{
    if (!f->path || len == 0)
        return;
    if (f->fd < 0 && (clock_now() < f->retry_at || file_try_open(f, 0) < 0)) {
        f->dropped += len;
        return;
    }
    size_t done = f->regular ? file_put_regular(f, data, len) : file_put_special(f, data, len);
    if (done < len)
        file_lost(f, "write", errno, len - done);
    else
        file_written(f);
}

static int file_opened(struct file_log *f, int rc, struct err *e)
{
    return rc < 0 ? err_set(e, rc, "cannot open %s: %s", f->path, strerror(-rc)) : 0;
}

int file_reopen(struct file_log *f, struct err *e)
{
    if (!f->path || f->given)
        return 0;
    return file_opened(f, file_try_open(f, 0), e);
}

int file_clear(struct file_log *f, struct err *e)
{
    if (!f->path || f->given || (f->fd >= 0 && !f->regular))
        return 0;
    int rc = file_clear_path(f->path, e);
    return rc < 0 ? rc : file_opened(f, file_try_open(f, 0), e);
}

int file_clear_path(const char *path, struct err *e)
{
    struct stat st;
    if (file_standard_fd(path) >= 0 || stat(path, &st) < 0 || !S_ISREG(st.st_mode))
        return 0;
    if (unlink(path) < 0 && errno != ENOENT)
        return err_set(e, -errno, "cannot remove %s: %s", path, strerror(errno));
    return 0;
}

const char *file_trouble(struct file_log *f)
{
    int64_t now = clock_now();
    bool over = f->error == 0;
    bool news = over ? f->told || (f->dropped > 0 && now >= f->tell_at) : now >= f->tell_at;
    if (!f->path || !news)
        return NULL;
    unsigned long long lost = (unsigned long long)f->dropped;
    const char *why = f->error == EAGAIN ? "nobody reads it fast enough" : strerror(f->error);
    mem_free(f->text);
    f->text =
        over ? mem_printf("%s can be written again; %llu bytes were lost", f->path, lost)
             : mem_printf("cannot %s %s: %s; %llu bytes lost so far", f->doing, f->path, why, lost);
    f->tell_at = now + FILE_TELL_MS;
    f->told = !over;
    if (over)
        f->dropped = 0;
    return f->text;
}

void file_close(struct file_log *f)
{
    if (!f->path)
        return;
    fd_close(&f->fd);
    mem_free(f->path);
    mem_free(f->text);
    f->path = f->text = NULL;
}
