#include "sync/local/spool.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/fd.h"

enum { SPOOL_CHUNK = 64 << 10, SPOOL_ENTRY_MAX = 1 << 20 };

static int fail(struct err *e, const char *what, int code)
{
    return err_set(e, code, "cannot %s a temporary file: %s", what, strerror(-code));
}

/* For file systems that have no files without a name. */
static int open_unlinked(int folder)
{
    char name[48];
    (void)snprintf(name, sizeof name, "spool-%ld", (long)getpid());
    int fd = openat(folder, name, O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
    if (fd >= 0)
        (void)unlinkat(folder, name, 0);
    return fd;
}

int spool_open(struct spool *s, int folder, struct err *e)
{
    *s = (struct spool){.fd = openat(folder, ".", O_TMPFILE | O_RDWR | O_CLOEXEC, 0600)};
    if (s->fd < 0 && (errno == EOPNOTSUPP || errno == EISDIR || errno == ENOENT))
        s->fd = open_unlinked(folder);
    return s->fd < 0 ? fail(e, "make", -errno) : 0;
}

static int flush(struct spool *s, struct err *e)
{
    int rc = fd_write_all(s->fd, s->text.data, s->text.len);
    if (rc < 0)
        return fail(e, "write", rc);
    buf_clear(&s->text);
    return 0;
}

static size_t index_of(enum spool_what what)
{
    switch (what) {
    case SPOOL_CARRY:
        return 0;
    case SPOOL_REMOVE:
        return 1;
    case SPOOL_PARTIAL:
        return 2;
    }
    return 0;
}

int spool_add(struct spool *s, enum spool_what what, const char *path, struct err *e)
{
    buf_char(&s->text, (char)what);
    buf_append(&s->text, path, strlen(path) + 1);
    s->counts[index_of(what)]++;
    return s->text.len >= SPOOL_CHUNK ? flush(s, e) : 0;
}

int spool_rewind(struct spool *s, struct err *e)
{
    int rc = s->reading ? 0 : flush(s, e);
    if (rc == 0 && lseek(s->fd, 0, SEEK_SET) < 0)
        rc = fail(e, "read", -errno);
    buf_clear(&s->text);
    s->at = 0;
    s->reading = true;
    return rc;
}

/* 1: there is more now; 0: that was all. */
static int fill(struct spool *s, struct err *e)
{
    char chunk[SPOOL_CHUNK];
    buf_drop(&s->text, s->at);
    s->at = 0;
    ssize_t n = 0;
    do
        n = read(s->fd, chunk, sizeof chunk);
    while (n < 0 && errno == EINTR);
    if (n < 0)
        return fail(e, "read", -errno);
    if (n > 0)
        buf_append(&s->text, chunk, (size_t)n);
    return n > 0;
}

int spool_next(struct spool *s, enum spool_what *what, const char **path, struct err *e)
{
    for (;;) {
        size_t have = s->text.len - s->at;
        const char *from = have > 0 ? s->text.data + s->at : NULL;
        const char *nul = from ? memchr(from, '\0', have) : NULL;
        if (nul) {
            *what = (enum spool_what) * from;
            *path = from + 1;
            s->at += (size_t)(nul - from) + 1;
            return 1;
        }
        int rc = have > SPOOL_ENTRY_MAX ? fail(e, "read", -EBADMSG) : fill(s, e);
        if (rc < 0)
            return rc;
        if (rc == 0)
            return have > 0 ? fail(e, "read", -EBADMSG) : 0;
    }
}

void spool_close(struct spool *s)
{
    fd_close(&s->fd);
    buf_close(&s->text);
    *s = (struct spool){.fd = -1};
}
