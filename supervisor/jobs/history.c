#include "jobs/history.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/log.h"
#include "base/mem.h"

static char *history_beside(const struct history *h, const char *suffix)
{
    return mem_printf("%s%s", h->path, suffix);
}

static void history_trouble(struct history *h, const char *what, int error)
{
    if (!h->failing)
        log_error("the history of jobs in %s %s: %s; it is kept in memory", h->path, what,
                  strerror(error));
    h->failing = true;
}

/* --- Making it smaller --------------------------------------------------------------------- */

/* The newest of each job, so few that there is room for as much again. */
static void history_shrink(const struct buf *all, size_t limit, struct buf *out)
{
    for (size_t most = HISTORY_KEEP; most > 0; most /= 2) {
        buf_clear(out);
        history_keep(buf_str(all), all->len, most, out);
        if (out->len <= limit / 2)
            return;
    }
}

static int history_create(const char *path, const struct buf *text)
{
    int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW | O_CLOEXEC, 0600);
    int rc = fd < 0 ? -errno : fd_write_all(fd, buf_str(text), text->len);
    fd_close(&fd);
    return rc;
}

/* Puts `text` in the place of the file, which goes to `aside`. Not synced: nobody may wait for a
 * disk here. What a power cut leaves of it is put together from both by history_open. */
static int history_replace(struct history *h, const struct buf *text, const char *aside)
{
    char *next = history_beside(h, ".new");
    int rc = history_create(next, text);
    if (rc == 0 && rename(h->path, aside) < 0 && errno != ENOENT)
        rc = -errno;
    if (rc == 0 && rename(next, h->path) < 0)
        rc = -errno;
    mem_free(next);
    return rc;
}

/* --- The file ------------------------------------------------------------------------------ */

static int history_open_file(struct history *h)
{
    struct stat st;
    fd_close(&h->fd);
    h->fd =
        open(h->path, O_WRONLY | O_APPEND | O_CREAT | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC, 0600);
    if (h->fd < 0 || fstat(h->fd, &st) < 0)
        return -errno;
    if (!S_ISREG(st.st_mode)) {
        fd_close(&h->fd);
        return -EINVAL;
    }
    h->size = (size_t)st.st_size;
    h->limit = HISTORY_SIZE_MAX;
    return 0;
}

static void history_renew(struct history *h)
{
    struct buf all = BUF_EMPTY;
    struct buf kept = BUF_EMPTY;
    struct err e;
    char *old = history_beside(h, ".old");
    int rc = fd_read_file(h->path, HISTORY_READ_MAX, &all, &e);
    if (rc == 0) {
        history_shrink(&all, HISTORY_SIZE_MAX, &kept);
        rc = history_replace(h, &kept, old);
    }
    if (rc == 0)
        rc = history_open_file(h);
    if (rc < 0)
        history_trouble(h, "cannot be made smaller", -rc);
    if (rc < 0)
        h->limit = h->size + HISTORY_SIZE_MAX / 4; /* tries again then */
    buf_close(&all);
    buf_close(&kept);
    mem_free(old);
}

/* What waits, whole or not at all. */
static int history_write(struct history *h)
{
    struct stat st;
    if (h->fd < 0 || fstat(h->fd, &st) < 0 || st.st_nlink == 0) {
        int rc = history_open_file(h);
        if (rc < 0)
            return rc;
    }
    ssize_t n = write(h->fd, h->lines.data, h->lines.len);
    if (n == (ssize_t)h->lines.len) {
        h->size += h->lines.len;
        buf_clear(&h->lines);
        return 0;
    }
    int rc = n < 0 ? -errno : -ENOSPC;
    if (n > 0 && ftruncate(h->fd, (off_t)h->size) < 0)
        rc = -errno;
    return rc;
}

static void history_flush(struct history *h)
{
    struct buf kept = BUF_EMPTY;
    int rc = h->path ? history_write(h) : 0;
    if (rc < 0)
        history_trouble(h, "cannot be written", -rc);
    else if (h->failing)
        log_info("the history of jobs is written to %s again", h->path);
    h->failing = rc < 0;
    if (h->path && rc == 0 && h->size > h->limit)
        history_renew(h);
    if (h->lines.len <= HISTORY_MEMORY_MAX)
        return;
    history_shrink(&h->lines, HISTORY_MEMORY_MAX, &kept);
    buf_close(&h->lines);
    h->lines = kept;
}

void history_add(struct history *h, const struct history_entry *entry)
{
    history_line(entry, &h->lines);
    history_flush(h);
}

void history_read(const struct history *h, struct buf *out)
{
    if (h->path)
        (void)fd_read_file(h->path, HISTORY_READ_MAX, out, NULL);
    buf_append(out, buf_str(&h->lines), h->lines.len);
}

/* --- What was there before ----------------------------------------------------------------- */

/* The good lines of a file; how much of it was not good. */
static int history_read_good(const char *path, struct buf *good, size_t *bad, bool *torn)
{
    struct buf all = BUF_EMPTY;
    struct err e;
    int rc = fd_read_file(path, HISTORY_READ_MAX, &all, &e);
    if (rc == 0)
        *bad += history_check(buf_str(&all), all.len, good);
    *torn = rc == 0 && all.len > 0 && all.data[all.len - 1] != '\n';
    if (rc == -EFBIG)
        *bad += 1;
    buf_close(&all);
    return rc == -ENOENT || rc == -EFBIG ? 0 : rc;
}

static int history_repair(struct history *h, const struct buf *good, size_t bad)
{
    char *aside = history_beside(h, bad > 0 ? ".bad" : ".old");
    int rc = history_replace(h, good, aside);
    if (rc == 0 && bad > 0)
        log_error("the history of jobs in %s has %zu line%s that make%s no sense: it is moved to "
                  "%s, what makes sense stays",
                  h->path, bad, bad == 1 ? "" : "s", bad == 1 ? "s" : "", aside);
    mem_free(aside);
    return rc;
}

/* It may be missing in the middle of being made smaller. */
static int history_load(struct history *h)
{
    struct buf good = BUF_EMPTY;
    size_t bad = 0;
    bool torn = false;
    int rc = history_read_good(h->path, &good, &bad, &torn);
    if (rc == 0 && good.len == 0) {
        char *old = history_beside(h, ".old");
        bool old_torn;
        size_t old_bad = 0;
        (void)history_read_good(old, &good, &old_bad, &old_torn);
        torn = torn || good.len > 0;
        mem_free(old);
    }
    if (rc == 0 && (bad > 0 || torn))
        rc = history_repair(h, &good, bad);
    buf_close(&good);
    return rc;
}

void history_open(struct history *h, const char *folder)
{
    *h = (struct history){.fd = -1};
    if (!folder)
        return;
    h->path = mem_printf("%s/history.jsonl", folder);
    int rc = history_load(h);
    if (rc == 0)
        rc = history_open_file(h);
    if (rc < 0)
        history_trouble(h, "cannot be opened", -rc);
}

void history_close(struct history *h)
{
    fd_close(&h->fd);
    mem_free(h->path);
    buf_close(&h->lines);
    *h = (struct history){.fd = -1};
}
