#include "jobs/slate.h"

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/mem.h"

/* Seconds between then and now, whichever is later: clocks are set. */
static int64_t slate_age(const struct stat *st)
{
    return llabs((long long)time(NULL) - (long long)st->st_mtim.tv_sec);
}

/* What is there now may take the place of what was there before. */
static bool slate_is_settled(const char *path, const char *old)
{
    struct stat now;
    struct stat before;
    if (stat(path, &now) < 0 || now.st_size == 0)
        return false;
    return stat(old, &before) < 0 || slate_age(&before) >= SLATE_OLD_MOST_S ||
           slate_age(&now) >= SLATE_SETTLED_S;
}

/* By a second name: the first one is there at any moment, whoever is killed. */
static void slate_keep(const char *path, const char *old)
{
    if (!slate_is_settled(path, old))
        return;
    (void)unlink(old);
    if (link(path, old) < 0)
        (void)rename(path, old); /* no links here */
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
    int rc;
    if (text->len > 0) {
        slate_keep(path, old);
        rc = fd_replace_file(path, buf_str(text), text->len);
    } else {
        rc = slate_unlink(path, old);
    }
    mem_free(old);
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
