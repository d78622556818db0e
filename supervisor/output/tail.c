#include "output/tail.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/limits.h"

/* O_NONBLOCK: a FIFO in the place of a log must not hold the loop. */
static int tail_open(const char *path, int *fd, int64_t *size)
{
    struct stat st;
    *fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
    if (*fd < 0)
        return -errno;
    int rc = fstat(*fd, &st) < 0 ? -errno : S_ISREG(st.st_mode) ? 0 : -ESPIPE;
    if (rc < 0)
        fd_close(fd);
    else
        *size = st.st_size;
    return rc;
}

/* Appends [from, from + length); less when the file shrinks meanwhile. */
static int tail_copy(int fd, int64_t from, int64_t length, struct buf *out)
{
    char chunk[16384];
    size_t before = out->len;
    while (length > 0) {
        size_t want = length < (int64_t)sizeof chunk ? (size_t)length : sizeof chunk;
        ssize_t n = pread(fd, chunk, want, from);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0) {
            int error = errno;
            out->len = before;
            if (out->data)
                out->data[before] = '\0';
            return -error;
        }
        if (n == 0)
            break;
        buf_append(out, chunk, (size_t)n);
        from += n;
        length -= n;
    }
    return 0;
}

static int64_t least(int64_t a, int64_t b)
{
    return a < b ? a : b;
}

/* The rows of tail.h as [*from, *from + result). */
static int64_t tail_range(int64_t size, int64_t offset, int64_t length, int64_t *from)
{
    *from = 0;
    if (offset >= size)
        return 0;
    if (offset >= 0 && length > 0) {
        *from = offset;
        return least(least(length, size - offset), LIMIT_LOG_SLICE);
    }
    int64_t wanted = size; /* the whole file, unless the offset says less; -INT64_MIN overflows */
    if (offset >= 0)
        wanted = size - offset;
    else if (offset > -size)
        wanted = -offset;
    wanted = least(wanted, LIMIT_LOG_SLICE);
    *from = size - wanted;
    return wanted;
}

int tail_read(const char *path, int64_t offset, int64_t length, struct buf *out, struct err *e)
{
    int fd;
    int64_t size = 0;
    int64_t from;
    int rc = tail_open(path, &fd, &size);
    if (rc == -ESPIPE)
        return err_set(e, rc, "%s is not a regular file", path);
    if (rc < 0)
        return err_set(e, rc, "cannot open %s: %s", path, strerror(-rc));
    if (length < 0 || (offset < 0 && length != 0)) {
        fd_close(&fd);
        return err_set(e, -EINVAL, "bad arguments: offset %lld, length %lld", (long long)offset,
                       (long long)length);
    }
    int64_t wanted = tail_range(size, offset, length, &from);
    rc = tail_copy(fd, from, wanted, out);
    fd_close(&fd);
    return rc < 0 ? err_set(e, rc, "cannot read %s: %s", path, strerror(-rc)) : 0;
}

int tail_tail(const char *path, int64_t offset, int64_t length, struct buf *out,
              int64_t *new_offset, bool *overflow)
{
    int fd;
    int64_t size = 0;
    int64_t end;
    int rc = tail_open(path, &fd, &size);
    if (rc < 0)
        return rc;
    if (__builtin_add_overflow(offset, length, &end))
        end = offset < 0 ? INT64_MIN : INT64_MAX;
    bool none = offset >= size || length < 0;
    int64_t wanted = none ? 0 : least(least(length, size), LIMIT_LOG_SLICE);
    rc = tail_copy(fd, size - wanted, wanted, out);
    fd_close(&fd);
    if (rc < 0)
        return rc;
    *new_offset = size;
    *overflow = size > end;
    return 0;
}
