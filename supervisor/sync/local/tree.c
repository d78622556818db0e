#include "sync/local/tree.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/fs.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/fd.h"
#include "base/mem.h"
#include "sync/s3/s3key.h"

enum {
    TREE_OPEN = O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC,
    COPY_CHUNK = 1 << 30,
    COPY_BUFFER = 64 << 10,
};

int64_t tree_mtime(const struct stat *st)
{
    return (int64_t)((uint64_t)st->st_mtim.tv_sec * 1000000000 + (uint64_t)st->st_mtim.tv_nsec);
}

void tree_init(struct tree *t, int fd)
{
    *t = (struct tree){.fd = fd, .parent = -1};
}

void tree_close(struct tree *t)
{
    fd_close(&t->fd);
    fd_close(&t->parent);
    mem_free(t->parent_path);
    t->parent_path = NULL;
}

static int fail(struct err *e, int code, const char *what, const char *path)
{
    struct buf shown = BUF_EMPTY;
    s3key_show(&shown, path, strlen(path));
    if (code == -ENOTDIR || code == -ELOOP)
        (void)err_set(e, code, "cannot %s %s: a link or file is where a folder must be", what,
                      buf_str(&shown));
    else
        (void)err_set(e, code, "cannot %s %s: %s", what, buf_str(&shown), strerror(-code));
    buf_close(&shown);
    return code;
}

static int make_folder(struct tree *t, int at, const char *name, const char *path)
{
    struct stat st;
    mode_t mode = 0777;
    bool known = t->like && tree_stat(t->like, path, &st) == 0 && S_ISDIR(st.st_mode);
    if (known)
        mode = (st.st_mode & 07777) | 0700;
    if (mkdirat(at, name, mode) < 0)
        return errno == EEXIST ? 0 : -errno;
    if (known && fchmodat(at, name, mode, 0) < 0)
        return -errno;
    return 0;
}

/* Opens the folder `path` step by step. */
static int open_folder(struct tree *t, const char *path, bool create)
{
    char *steps = mem_strdup(path);
    int rc = 0;
    int at = openat(t->fd, ".", TREE_OPEN);
    if (at < 0)
        rc = -errno;
    for (char *step = steps, *end; rc == 0 && *step; step = end) {
        end = strchrnul(step, '/');
        bool last = *end == '\0';
        *end = '\0';
        /* until the slash is put back, `steps` reads as the path of this folder */
        rc = create ? make_folder(t, at, step, steps) : 0;
        int next = rc == 0 ? openat(at, step, TREE_OPEN) : -1;
        if (rc == 0 && next < 0)
            rc = -errno;
        fd_close(&at);
        at = next;
        if (!last)
            *end++ = '/';
    }
    mem_free(steps);
    return rc < 0 ? (fd_close(&at), rc) : at;
}

/* The open folder that holds path, and in *name the last part of path. Borrowed. */
static int parent_of(struct tree *t, const char *path, bool create, const char **name)
{
    if (t->fd < 0)
        return -ENOENT;
    const char *slash = strrchr(path, '/');
    size_t len = slash ? (size_t)(slash - path) : 0;
    *name = slash ? slash + 1 : path;
    if (t->parent >= 0 && strlen(t->parent_path) == len && memcmp(t->parent_path, path, len) == 0)
        return t->parent;
    char *folder = mem_strndup(path, len);
    int fd = open_folder(t, folder, create);
    if (fd < 0) {
        mem_free(folder);
        return fd;
    }
    fd_close(&t->parent);
    mem_free(t->parent_path);
    t->parent = fd;
    t->parent_path = folder;
    return fd;
}

int tree_parent(struct tree *t, const char *path, bool create, const char **name)
{
    return parent_of(t, path, create, name);
}

int tree_stat(struct tree *t, const char *path, struct stat *st)
{
    const char *name = NULL;
    int parent = parent_of(t, path, false, &name);
    if (parent < 0)
        return parent;
    return fstatat(parent, name, st, AT_SYMLINK_NOFOLLOW) < 0 ? -errno : 0;
}

int tree_create(struct tree *t, const char *path, struct err *e)
{
    const char *name = NULL;
    int parent = parent_of(t, path, true, &name);
    if (parent < 0)
        return fail(e, parent, "create", path);
    int fd = openat(parent, name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0666);
    return fd < 0 ? fail(e, -errno, "create", path) : fd;
}

static char *without_slash(const char *path)
{
    size_t len = strlen(path);
    return mem_strndup(path, len > 0 && path[len - 1] == '/' ? len - 1 : len);
}

int tree_open(struct tree *t, const char *path, struct err *e)
{
    const char *name = NULL;
    struct stat st;
    int parent = parent_of(t, path, false, &name);
    if (parent < 0)
        return fail(e, parent, "open", path);
    int fd = openat(parent, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
    if (fd < 0)
        return fail(e, -errno, "open", path);
    if (fstat(fd, &st) == 0 && S_ISREG(st.st_mode))
        return fd;
    fd_close(&fd);
    return fail(e, -EINVAL, "open", path);
}

int tree_mkdir(struct tree *t, const char *path, struct err *e)
{
    const char *name = NULL;
    char *folder = without_slash(path);
    int parent = parent_of(t, folder, true, &name);
    int rc = parent < 0 ? parent : make_folder(t, parent, name, folder);
    mem_free(folder);
    return rc < 0 ? fail(e, rc, "create", path) : 0;
}

int tree_rmdir(struct tree *t, const char *path, struct err *e)
{
    const char *name = NULL;
    char *folder = without_slash(path);
    int parent = parent_of(t, folder, false, &name);
    int rc = parent < 0 ? parent : unlinkat(parent, name, AT_REMOVEDIR) < 0 ? -errno : 0;
    mem_free(folder);
    return rc < 0 ? fail(e, rc, "remove", path) : 0;
}

int tree_unlink(struct tree *t, const char *path, struct err *e)
{
    const char *name = NULL;
    int parent = parent_of(t, path, false, &name);
    if (parent >= 0 && unlinkat(parent, name, 0) < 0)
        parent = -errno;
    return parent < 0 && parent != -ENOENT ? fail(e, parent, "remove", path) : 0;
}

int tree_accept(struct tree *t, int from, const char *old_name, const char *path, struct err *e)
{
    const char *name = NULL;
    int parent = parent_of(t, path, true, &name);
    if (parent < 0)
        return fail(e, parent, "write", path);
    return renameat(from, old_name, parent, name) < 0 ? fail(e, -errno, "write", path) : 0;
}

/* Folders go as far up as they are empty; one that is not ends it. */
static void remove_empty_above(struct tree *t, const char *path)
{
    char *folder = mem_strdup(path);
    for (char *slash; (slash = strrchr(folder, '/')) != NULL;) {
        *slash = '\0';
        const char *name = NULL;
        int parent = parent_of(t, folder, false, &name);
        if (parent < 0 || unlinkat(parent, name, AT_REMOVEDIR) < 0)
            break;
    }
    mem_free(folder);
}

int tree_remove(struct tree *t, const char *path, struct err *e)
{
    int rc = tree_unlink(t, path, e);
    if (rc == 0)
        remove_empty_above(t, path);
    return rc;
}

static int copy_by_hand(int in, int out)
{
    char chunk[COPY_BUFFER];
    for (;;) {
        ssize_t n = read(in, chunk, sizeof chunk);
        int rc = n > 0 ? fd_write_all(out, chunk, (size_t)n) : 0;
        if (n == 0 || rc < 0)
            return rc;
        if (n < 0 && errno != EINTR)
            return -errno;
    }
}

/* The same blocks where the file system can share them. */
static int copy_bytes(int in, int out)
{
    if (ioctl(out, FICLONE, in) == 0)
        return 0;
    for (bool first = true;; first = false) {
        ssize_t n = copy_file_range(in, NULL, out, NULL, COPY_CHUNK, 0);
        if (n == 0 && !first)
            return 0;
        if (n > 0 || (n < 0 && errno == EINTR))
            continue;
        /* some file systems cannot, or copy nothing of files whose size they do not know */
        return first ? copy_by_hand(in, out) : -errno;
    }
}

static int copy_file(int in, int out, const struct stat *st)
{
    int rc = copy_bytes(in, out);
    const struct timespec times[2] = {st->st_atim, st->st_mtim};
    if (rc == 0 && (fchmod(out, st->st_mode & 0777) < 0 || futimens(out, times) < 0))
        rc = -errno;
    return rc;
}

static int copy_regular(int from, const char *name, int to)
{
    struct stat st = {0};
    int in = openat(from, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
    int rc = in < 0 || fstat(in, &st) < 0 ? -errno : 0;
    int out = -1;
    if (rc == 0 &&
        (out = openat(to, name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600)) < 0)
        rc = -errno;
    if (rc == 0 && (rc = copy_file(in, out, &st)) < 0)
        (void)unlinkat(to, name, 0);
    fd_close(&in);
    fd_close(&out);
    return rc;
}

static int copy_link(int from, const char *name, int to)
{
    char text[PATH_MAX];
    ssize_t n = readlinkat(from, name, text, sizeof text - 1);
    if (n < 0)
        return -errno;
    text[n] = '\0';
    return symlinkat(text, to, name) < 0 ? -errno : 0;
}

static int copy_at(int from, const char *name, int to)
{
    struct stat st = {0};
    if (fstatat(from, name, &st, AT_SYMLINK_NOFOLLOW) < 0)
        return -errno;
    if (S_ISREG(st.st_mode))
        return copy_regular(from, name, to);
    if (S_ISLNK(st.st_mode))
        return copy_link(from, name, to);
    return mknodat(to, name, st.st_mode, st.st_rdev) < 0 ? -errno : 0;
}

int tree_link(struct tree *from, struct tree *to, const char *path, struct err *e)
{
    const char *name = NULL;
    /* `to` first: making its folders looks into `from` for their modes */
    int dest = parent_of(to, path, true, &name);
    int source = dest < 0 ? dest : parent_of(from, path, false, &name);
    if (source < 0)
        return fail(e, source, "keep", path);
    if (linkat(source, name, dest, name, 0) == 0)
        return 0;
    int rc = -errno;
    if (rc == -EPERM || rc == -EMLINK || rc == -EXDEV || rc == -EOPNOTSUPP)
        rc = copy_at(source, name, dest);
    return rc < 0 ? fail(e, rc, "keep", path) : 0;
}

/* Something is mounted on it, be it a folder or a file. */
static bool is_mounted(int folder, const char *name)
{
    struct statx st = {0};
    return statx(folder, name, AT_SYMLINK_NOFOLLOW | AT_EMPTY_PATH, STATX_TYPE, &st) == 0 &&
           st.stx_attributes & st.stx_attributes_mask & STATX_ATTR_MOUNT_ROOT;
}

bool tree_is_mounted(int folder)
{
    return is_mounted(folder, "");
}

/* A folder that lets nobody write, not even its owner, goes as all else does. */
static int open_to_clear(int folder, const char *name)
{
    struct stat st;
    if (is_mounted(folder, name))
        return -EBUSY;
    int fd = openat(folder, name, TREE_OPEN);
    if (fd < 0 && errno == EACCES && fchmodat(folder, name, S_IRWXU, AT_SYMLINK_NOFOLLOW) == 0)
        fd = openat(folder, name, TREE_OPEN);
    if (fd < 0)
        return -errno;
    if (is_mounted(fd, ""))
        return fd_close(&fd), -EBUSY;
    if (fstat(fd, &st) == 0 && (st.st_mode & S_IRWXU) != S_IRWXU)
        (void)fchmod(fd, S_IRWXU);
    return fd;
}

int tree_clear(int folder, const char *name)
{
    if (unlinkat(folder, name, 0) == 0 || errno == ENOENT)
        return 0;
    if (errno != EISDIR && errno != EPERM)
        return -errno;
    int rc = 0;
    int fd = open_to_clear(folder, name);
    if (fd < 0)
        return fd;
    DIR *dir = fdopendir(fd);
    if (!dir)
        return fd_close(&fd), -ENOMEM;
    for (struct dirent *d; rc == 0 && (d = readdir(dir)) != NULL;) {
        if (strcmp(d->d_name, ".") != 0 && strcmp(d->d_name, "..") != 0)
            rc = tree_clear(dirfd(dir), d->d_name);
    }
    (void)closedir(dir);
    if (rc == 0 && unlinkat(folder, name, AT_REMOVEDIR) < 0)
        rc = -errno;
    return rc;
}
