#include "traffic/rotated.h"

#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/mem.h"

/* How often a log is looked at again because it was being rotated meanwhile. */
enum { ATTEMPTS = 5 };

/* One look at a log's folder. */
struct look {
    const char *path;   /* of the log */
    const char *base;   /* the file name in it */
    int folder;         /* borrowed from the open DIR */
    time_t since;       /* older files are left out */
    bool found;         /* some file of the log is there, of whatever age */
    bool changed;       /* a file went away between being listed and being opened */
    size_t opened_late; /* files that were not there in the look before */
};

void log_files_init(struct log_files *l)
{
    l->count = 0;
    l->unread = NULL;
}

void log_files_close(struct log_files *l)
{
    for (size_t i = 0; i < l->count; i++) {
        fd_close(&l->items[i].fd);
        mem_free(l->items[i].path);
    }
    mem_free(l->unread);
    log_files_init(l);
}

static int compare_files(const void *left, const void *right)
{
    const struct log_file *a = left;
    const struct log_file *b = right;
    if (a->written_ns != b->written_ns)
        return a->written_ns < b->written_ns ? -1 : 1;
    if (a->rotated != b->rotated)
        return a->rotated ? -1 : 1;
    return strcmp(a->path, b->path);
}

void log_files_sort(struct log_files *l)
{
    qsort(l->items, l->count, sizeof *l->items, compare_files);
}

static bool has_file(const struct log_files *l, const struct stat *st)
{
    for (size_t i = 0; i < l->count; i++)
        if (l->items[i].inode == st->st_ino && l->items[i].device == st->st_dev)
            return true;
    return false;
}

/* What stands behind a log's name. */
enum rest { REST_FOREIGN, REST_OURS, REST_UNREAD };

/* The log itself; `.1`, `.2.gz`, `-20261121`, `-20261121-1763712000.gz`; or `.2.xz`. */
static enum rest rest_of(const char *rest)
{
    static const char *const unread[] = {".bz2", ".lz", ".lz4", ".lzma",
                                         ".xz",  ".Z",  ".zip", ".zst"};
    if (*rest == '\0')
        return REST_OURS;
    if ((*rest != '.' && *rest != '-') || !isdigit((unsigned char)rest[1]))
        return REST_FOREIGN;
    rest += 1 + strspn(rest + 1, "0123456789-");
    if (*rest == '\0' || strcmp(rest, ".gz") == 0)
        return REST_OURS;
    for (size_t i = 0; i < sizeof unread / sizeof *unread; i++)
        if (strcmp(rest, unread[i]) == 0)
            return REST_UNREAD;
    return REST_FOREIGN;
}

/* While gzip works, LOG.2 and the unfinished LOG.2.gz are both there. */
static bool is_being_compressed(const struct look *k, const char *name)
{
    size_t len = strlen(name);
    if (len < 3 || strcmp(name + len - 3, ".gz") != 0)
        return false;
    char plain[NAME_MAX + 1];
    (void)snprintf(plain, sizeof plain, "%.*s", (int)len - 3, name);
    return faccessat(k->folder, plain, F_OK, 0) == 0;
}

static int add_open(struct log_files *l, struct look *k, const char *name, int fd, struct err *e)
{
    struct stat st;
    char *path = mem_printf("%.*s%s", (int)(k->base - k->path), k->path, name);
    int rc = 0;
    if (fstat(fd, &st) < 0)
        rc = err_set(e, -errno, "cannot read %s: %s", path, strerror(errno));
    else if (!S_ISREG(st.st_mode))
        rc = err_set(e, -EINVAL, "%s is not a regular file", path);
    else if (has_file(l, &st) || st.st_mtime < k->since)
        k->found = true;
    else if (l->count == ROTATED_FILES_MAX)
        rc = err_set(e, -EMFILE, "more than %d files belong to the logs", ROTATED_FILES_MAX);
    else {
        k->found = true;
        k->opened_late++;
        l->items[l->count++] = (struct log_file){
            .log = k->path,
            .path = path,
            .fd = fd,
            .rotated = strcmp(name, k->base) != 0,
            .device = st.st_dev,
            .inode = st.st_ino,
            .size = st.st_size,
            .written_ns = (int64_t)st.st_mtim.tv_sec * 1000000000 + st.st_mtim.tv_nsec,
        };
        return 0;
    }
    fd_close(&fd);
    mem_free(path);
    return rc;
}

static int open_file(struct log_files *l, struct look *k, const char *name, struct err *e)
{
    if (is_being_compressed(k, name))
        return 0;
    /* O_NONBLOCK: a fifo of that name must not hold us up */
    int fd = openat(k->folder, name, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    if (fd >= 0)
        return add_open(l, k, name, fd, e);
    if (errno == ENOENT) {
        k->changed = true;
        return 0;
    }
    return err_set(e, -errno, "cannot open %.*s%s: %s", (int)(k->base - k->path), k->path, name,
                   strerror(errno));
}

/* Nothing of it is counted, which is told, unless what it had is there uncompressed. */
static void leave_unread(struct log_files *l, const struct look *k, const char *name)
{
    char plain[NAME_MAX + 1];
    struct stat st;
    (void)snprintf(plain, sizeof plain, "%.*s", (int)(strrchr(name, '.') - name), name);
    if (l->unread != NULL || fstatat(k->folder, name, &st, 0) < 0 || st.st_mtime < k->since ||
        faccessat(k->folder, plain, F_OK, 0) == 0)
        return;
    l->unread = mem_printf("%.*s%s", (int)(k->base - k->path), k->path, name);
}

static int look_around(struct log_files *l, struct look *k, DIR *folder, struct err *e)
{
    size_t len = strlen(k->base);
    const struct dirent *entry;
    int rc = 0;
    while (rc == 0 && (errno = 0, entry = readdir(folder)) != NULL) {
        if (strncmp(entry->d_name, k->base, len) != 0)
            continue;
        switch (rest_of(entry->d_name + len)) {
        case REST_FOREIGN:
            break;
        case REST_OURS:
            rc = open_file(l, k, entry->d_name, e);
            break;
        case REST_UNREAD:
            leave_unread(l, k, entry->d_name);
            break;
        }
    }
    if (rc == 0 && errno != 0)
        return err_set(e, -errno, "cannot read the folder of %s: %s", k->path, strerror(errno));
    return rc;
}

static DIR *open_folder(const struct look *k)
{
    if (k->base == k->path)
        return opendir(".");
    char *folder = mem_strndup(k->path, (size_t)(k->base - k->path));
    DIR *dir = opendir(folder);
    int saved = errno;
    mem_free(folder);
    errno = saved;
    return dir;
}

int log_files_add(struct log_files *l, const char *path, time_t since, struct err *e)
{
    const char *slash = strrchr(path, '/');
    struct look k = {.path = path, .base = slash ? slash + 1 : path, .since = since};
    if (*k.base == '\0')
        return err_set(e, -EINVAL, "'%s' names no file", path);
    DIR *folder = open_folder(&k);
    if (folder == NULL)
        return err_set(e, -errno, "cannot open %s: %s", path, strerror(errno));
    k.folder = dirfd(folder);
    int rc = 0;
    /* A rotation renames what we list; only a look that finds nothing new is a whole one. */
    for (int i = 0; i < ATTEMPTS && rc == 0; i++) {
        k.changed = false;
        k.opened_late = 0;
        rewinddir(folder);
        rc = look_around(l, &k, folder, e);
        if (!k.changed && k.opened_late == 0)
            break;
    }
    (void)closedir(folder);
    if (rc == 0 && !k.found)
        return err_set(e, -ENOENT, "cannot open %s: %s", path, strerror(ENOENT));
    return rc;
}
