#include "base/fd.h"

#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/mem.h"

void fd_close(int *fd)
{
    if (*fd >= 0)
        (void)close(*fd);
    *fd = -1;
}

int fd_nonblock(int fd)
{
    int flags = fcntl(fd, F_GETFL);
    if (flags < 0 || fcntl(fd, F_SETFL, flags | O_NONBLOCK) < 0)
        return -errno;
    return 0;
}

int fd_write_all(int fd, const void *data, size_t len)
{
    const char *at = data;
    while (len > 0) {
        ssize_t n = write(fd, at, len);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return -errno;
        at += n;
        len -= (size_t)n;
    }
    return 0;
}

int fd_pwrite_all(int fd, const void *data, size_t len, off_t at)
{
    for (const char *from = data; len > 0;) {
        const ssize_t n = pwrite(fd, from, len, at);
        if (n < 0 && errno != EINTR)
            return -errno;
        if (n > 0) {
            from += n;
            at += n;
            len -= (size_t)n;
        }
    }
    return 0;
}

static int fd_read_all(int fd, size_t limit, struct buf *out)
{
    char chunk[16384];
    size_t total = 0;
    for (;;) {
        ssize_t n = read(fd, chunk, sizeof chunk);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return -errno;
        if (n == 0)
            return 0;
        total += (size_t)n;
        if (total > limit)
            return -EFBIG;
        buf_append(out, chunk, (size_t)n);
    }
}

int fd_read_file(const char *path, size_t limit, struct buf *out, struct err *e)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return err_set(e, -errno, "cannot open %s: %s", path, strerror(errno));
    int rc = fd_read_all(fd, limit, out);
    fd_close(&fd);
    if (rc == -EFBIG)
        return err_set(e, rc, "%s is larger than %zu bytes", path, limit);
    if (rc < 0)
        return err_set(e, rc, "cannot read %s: %s", path, strerror(-rc));
    return 0;
}

/* Makes the rename itself durable. */
static int fd_sync_folder(const char *path)
{
    char *copy = mem_strdup(path);
    int fd = open(dirname(copy), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    mem_free(copy);
    if (fd < 0)
        return -errno;
    int rc = fsync(fd) < 0 ? -errno : 0;
    fd_close(&fd);
    return rc;
}

int fd_write_file(const char *path, const void *data, size_t len, mode_t mode, struct err *e)
{
    char *temp = mem_printf("%s.XXXXXX", path);
    int rc = 0;
    int fd = mkostemp(temp, O_CLOEXEC);
    if (fd < 0) {
        rc = err_set(e, -errno, "cannot create a file beside %s: %s", path, strerror(errno));
        mem_free(temp);
        return rc;
    }
    rc = fd_write_all(fd, data, len);
    if (rc == 0 && (fchmod(fd, mode) < 0 || fsync(fd) < 0))
        rc = -errno;
    fd_close(&fd);
    if (rc == 0 && rename(temp, path) < 0)
        rc = -errno;
    if (rc < 0)
        (void)unlink(temp);
    else
        rc = fd_sync_folder(path);
    mem_free(temp);
    return rc < 0 ? err_set(e, rc, "cannot write %s: %s", path, strerror(-rc)) : 0;
}

int fd_replace_file(const char *path, const void *data, size_t len)
{
    char *next = mem_printf("%s.new", path);
    int fd = open(next, O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC, 0600);
    int rc = fd < 0 ? -errno : fd_write_all(fd, data, len);
    if (rc == 0)
        (void)sync_file_range(fd, 0, 0, SYNC_FILE_RANGE_WRITE); /* which waits for nothing */
    fd_close(&fd);
    if (rc == 0 && rename(next, path) < 0)
        rc = -errno;
    mem_free(next);
    return rc;
}
