#include "jobs/slate.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/mem.h"

/* Seconds between two files, whichever is older: clocks are set. -1: there is none. */
static int64_t slate_age(const char *path, const struct stat *now)
{
    struct stat st;
    if (stat(path, &st) < 0)
        return -1;
    return llabs((long long)now->st_mtim.tv_sec - (long long)st.st_mtim.tv_sec);
}

/* What is there now may take the place of what was there before. */
static bool slate_is_settled(const char *path, const char *old, const struct stat *now)
{
    int64_t before = slate_age(old, now);
    return before < 0 || before >= SLATE_OLD_MOST_S || slate_age(path, now) >= SLATE_SETTLED_S;
}

static int slate_create(const char *path, const struct buf *text, struct stat *now)
{
    int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC, 0600);
    int rc = fd < 0 ? -errno : fd_write_all(fd, buf_str(text), text->len);
    if (rc == 0 && fstat(fd, now) < 0)
        rc = -errno;
    if (rc == 0)
        (void)sync_file_range(fd, 0, 0, SYNC_FILE_RANGE_WRITE); /* which waits for nothing */
    fd_close(&fd);
    return rc;
}

static int slate_replace(const char *path, const char *old, const char *next,
                         const struct buf *text)
{
    struct stat now;
    int rc = slate_create(next, text, &now);
    if (rc == 0 && slate_is_settled(path, old, &now) && rename(path, old) < 0 && errno != ENOENT)
        rc = -errno;
    if (rc == 0 && rename(next, path) < 0)
        rc = -errno;
    return rc;
}

/* First what it said before, so that this never comes back. */
static int slate_unlink(const char *path, const char *old)
{
    if (unlink(old) < 0 && errno != ENOENT)
        return -errno;
    return unlink(path) < 0 && errno != ENOENT ? -errno : 0;
}

int slate_write(const char *path, const struct buf *text)
{
    char *old = mem_printf("%s.old", path);
    char *next = mem_printf("%s.new", path);
    int rc = text->len > 0 ? slate_replace(path, old, next, text) : slate_unlink(path, old);
    mem_free(old);
    mem_free(next);
    return rc;
}

void slate_remove(const char *path)
{
    static const struct buf nothing = BUF_EMPTY;
    (void)slate_write(path, &nothing);
}

int slate_read_old(const char *path, size_t limit, struct buf *out, int64_t *when)
{
    char *old = mem_printf("%s.old", path);
    struct stat st;
    int rc = stat(old, &st) < 0 ? -errno : fd_read_file(old, limit, out, NULL);
    if (rc == 0)
        *when = (int64_t)st.st_mtim.tv_sec;
    mem_free(old);
    return rc;
}
