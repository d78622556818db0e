#include "engine/pidfile.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/fd.h"
#include "base/mem.h"
#include "base/parse.h"

enum { PIDFILE_SLACK_MS = 20 }; /* the kernel counts both times in ticks */

/*
 * Field 22 of /proc/PID/stat. The second field, a name, may contain anything, but the last ) ends
 * it, and the third comes a blank later.
 */
static unsigned long long pidfile_start_ticks(const char *stat)
{
    const char *at = strrchr(stat, ')');
    for (int field = 2; at && field < 22; field++)
        at = strchr(at + 1, ' ');
    return at ? strtoull(at, NULL, 10) : 0;
}

/* When a process was started, in ms since 1970; -1 when there is no such process. */
static int64_t pidfile_started(pid_t pid)
{
    struct buf text = BUF_EMPTY;
    char path[64];
    (void)snprintf(path, sizeof path, "/proc/%d/stat", (int)pid);
    int rc = fd_read_file(path, 65536, &text, NULL);
    unsigned long long ticks = rc == 0 ? pidfile_start_ticks(buf_str(&text)) : 0;
    buf_close(&text);
    if (rc < 0)
        return -1;
    return (int64_t)ticks * 1000 / sysconf(_SC_CLK_TCK) + clock_wall() - clock_boot();
}

/*
 * Has `pid` written the file, or had it written? A process that is younger than the file has only
 * inherited the number of one that is dead.
 */
static bool pidfile_held_by(const struct pidfile *f, pid_t pid)
{
    struct stat st;
    int64_t started = pid == getpid() ? -1 : pidfile_started(pid);
    if (started < 0 || fstat(f->fd, &st) < 0)
        return false;
    int64_t written = (int64_t)st.st_mtim.tv_sec * 1000 + st.st_mtim.tv_nsec / 1000000;
    return started <= written + PIDFILE_SLACK_MS;
}

static int pidfile_check(const struct pidfile *f, struct err *e)
{
    char text[64] = "";
    int64_t pid = 0;
    ssize_t n = pread(f->fd, text, sizeof text - 1, 0);
    if (n < 0)
        return err_set(e, -errno, "cannot read the pid file %s: %s", f->path, strerror(errno));
    if (n == 0)
        return 0;
    if (parse_int(text, &pid, NULL) < 0 || pid <= 0 || pid > INT32_MAX)
        return err_set(e, -EEXIST,
                       "the pid file %s exists and holds no process id: it is not overwritten, "
                       "choose another pidfile= or remove it",
                       f->path);
    if (pidfile_held_by(f, (pid_t)pid))
        return err_set(e, -EEXIST, "the pid file %s belongs to process %d, which is running",
                       f->path, (int)pid);
    return 0;
}

static int pidfile_lock(const struct pidfile *f, struct err *e)
{
    char text[64] = "";
    if (flock(f->fd, LOCK_EX | LOCK_NB) == 0)
        return 0;
    if (errno != EWOULDBLOCK)
        return err_set(e, -errno, "cannot lock the pid file %s: %s", f->path, strerror(errno));
    (void)!pread(f->fd, text, sizeof text - 1, 0);
    text[strcspn(text, "\n")] = '\0';
    return err_set(e, -EEXIST, "the pid file %s belongs to process %s, which is running", f->path,
                   text);
}

/* /dev/null, say: there is nothing in it that could belong to somebody. */
static bool pidfile_is_special(const struct pidfile *f)
{
    struct stat st;
    return fstat(f->fd, &st) == 0 && !S_ISREG(st.st_mode);
}

static int pidfile_write(const struct pidfile *f, struct err *e)
{
    char text[32];
    int len = snprintf(text, sizeof text, "%d\n", (int)getpid());
    if (ftruncate(f->fd, 0) == 0 && pwrite(f->fd, text, (size_t)len, 0) == len)
        return 0;
    return err_set(e, -errno, "cannot write the pid file %s: %s", f->path, strerror(errno));
}

int pidfile_take(struct pidfile *f, const char *path, struct err *e)
{
    *f = (struct pidfile){.path = mem_strdup(path), .fd = -1};
    f->fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0644);
    int rc = f->fd < 0
                 ? err_set(e, -errno, "cannot write the pid file %s: %s", path, strerror(errno))
                 : 0;
    if (rc == 0 && pidfile_is_special(f))
        return 0;
    if (rc == 0)
        rc = pidfile_lock(f, e);
    if (rc == 0)
        rc = pidfile_check(f, e);
    if (rc == 0)
        rc = pidfile_write(f, e);
    if (rc < 0) {
        fd_close(&f->fd);
        mem_free(f->path);
        f->path = NULL;
    }
    return rc;
}

void pidfile_adopt(struct pidfile *f, const char *path, int fd)
{
    *f = (struct pidfile){.path = fd < 0 ? NULL : mem_strdup(path), .fd = fd};
}

void pidfile_give(const struct pidfile *f, uid_t uid, gid_t gid)
{
    if (f->fd >= 0 && !pidfile_is_special(f))
        (void)!fchown(f->fd, uid, gid);
}

int pidfile_take_configured(struct pidfile *f, const struct config *config, struct err *e)
{
    mode_t before = config->nodaemon ? umask(022) : umask((mode_t)config->umask);
    if (config->nodaemon)
        (void)umask(before);
    int rc = pidfile_take(f, config->pidfile, e);
    (void)umask(before);
    if (rc == 0 && config->uid != CONFIG_UNSET)
        pidfile_give(f, (uid_t)config->uid, (gid_t)config->gid);
    return rc == -EEXIST ? rc : 0;
}

void pidfile_drop(struct pidfile *f)
{
    struct stat here;
    struct stat ours;
    if (f->path && !pidfile_is_special(f) && fstat(f->fd, &ours) == 0 &&
        stat(f->path, &here) == 0 && here.st_ino == ours.st_ino && here.st_dev == ours.st_dev)
        (void)unlink(f->path);
    fd_close(&f->fd);
    mem_free(f->path);
    f->path = NULL;
}
