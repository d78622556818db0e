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

#include "base/fd.h"
#include "base/mem.h"
#include "base/parse.h"

/* Is `pid` a supervisor that does not lock its file, such as Supervisor's own? */
static bool pidfile_held_by(pid_t pid)
{
    struct buf line = BUF_EMPTY;
    char path[64];
    (void)snprintf(path, sizeof path, "/proc/%d/cmdline", (int)pid);
    bool held = pid != getpid() && fd_read_file(path, 65536, &line, NULL) == 0 &&
                (memmem(line.data, line.len, "supervisord", 11) ||
                 memmem(line.data, line.len, "mainstayd", 9));
    buf_close(&line);
    return held;
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
    if (parse_int(text, &pid, NULL) < 0 || pid <= 0)
        return err_set(e, -EEXIST,
                       "the pid file %s exists and holds no process id: it is not overwritten, "
                       "choose another pidfile= or remove it",
                       f->path);
    if (pidfile_held_by((pid_t)pid))
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

int pidfile_take(struct pidfile *f, const char *path, struct err *e)
{
    *f = (struct pidfile){.path = mem_strdup(path), .fd = -1};
    f->fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0644);
    int rc = f->fd < 0
                 ? err_set(e, -errno, "cannot write the pid file %s: %s", path, strerror(errno))
                 : pidfile_lock(f, e);
    if (rc == 0)
        rc = pidfile_check(f, e);
    if (rc == 0) {
        char text[32];
        int len = snprintf(text, sizeof text, "%d\n", (int)getpid());
        if (ftruncate(f->fd, 0) < 0 || pwrite(f->fd, text, (size_t)len, 0) < len)
            rc = err_set(e, -errno, "cannot write the pid file %s: %s", path, strerror(errno));
    }
    if (rc < 0) {
        fd_close(&f->fd);
        mem_free(f->path);
        f->path = NULL;
    }
    return rc;
}

void pidfile_drop(struct pidfile *f)
{
    struct stat here;
    struct stat ours;
    if (f->path && fstat(f->fd, &ours) == 0 && stat(f->path, &here) == 0 &&
        here.st_ino == ours.st_ino && here.st_dev == ours.st_dev)
        (void)unlink(f->path);
    fd_close(&f->fd);
    mem_free(f->path);
    f->path = NULL;
}
