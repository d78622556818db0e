#include "sync/publish.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <time.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/clock.h"
#include "base/fd.h"
#include "base/mem.h"

enum { LINKS_MAX = 8, LINK_TEXT_MAX = 4096, STAMP_TRIES = 1000 };

#define LOCK_NAME "lock"
#define LINK_NAME "link"         /* the target's next link, before it is in place */
#define PREVIOUS_NAME "previous" /* link to the version before the current one */

// --- where the target is -------------------------------------------------------------------

static char *folder_of(const char *path)
{
    const char *slash = strrchr(path, '/');
    if (!slash)
        return mem_strdup(".");
    return slash == path ? mem_strdup("/") : mem_strndup(path, (size_t)(slash - path));
}

static char *read_link(const char *path)
{
    char text[LINK_TEXT_MAX];
    ssize_t n = readlink(path, text, sizeof text);
    return n > 0 && (size_t)n < sizeof text ? mem_strndup(text, (size_t)n) : NULL;
}

static char *store_name_of(const char *target)
{
    const char *slash = strrchr(target, '/');
    return mem_printf(".%s.mainstay", slash ? slash + 1 : target);
}

/* "20261121T..." for ".data.mainstay/20261121T...", the link of an earlier sync; else NULL. */
static const char *version_in(const char *link, const char *store_name)
{
    size_t len = strlen(store_name);
    if (strncmp(link, store_name, len) != 0 || link[len] != '/')
        return NULL;
    const char *version = link + len + 1;
    return *version && *version != '.' && !strchr(version, '/') ? version : NULL;
}

/* One step along a link that somebody else made; NULL when `path` is none or is ours. */
static char *follow(const char *path, char **current)
{
    char *link = read_link(path);
    if (!link)
        return NULL;
    char *name = store_name_of(path);
    const char *version = version_in(link, name);
    char *next = NULL;
    if (version)
        *current = mem_strdup(version);
    else if (link[0] == '/')
        next = mem_strdup(link);
    else {
        char *folder = folder_of(path);
        next = mem_printf("%s/%s", folder, link);
        mem_free(folder);
    }
    mem_free(name);
    mem_free(link);
    return next;
}

static char *without_slashes(const char *path)
{
    size_t len = strlen(path);
    while (len > 1 && path[len - 1] == '/')
        len--;
    return mem_strndup(path, len);
}

static int make_folders(const char *path, struct err *e)
{
    char *copy = mem_strdup(path);
    int rc = 0;
    for (char *c = copy + 1; rc == 0; c++) {
        char was = *c;
        if (was != '/' && was != '\0')
            continue;
        *c = '\0';
        if (mkdir(copy, 0777) < 0 && errno != EEXIST && errno != EISDIR && errno != EROFS)
            rc = err_set(e, -errno, "cannot create the folder %s: %s", copy, strerror(errno));
        *c = was;
        if (was == '\0')
            break;
    }
    mem_free(copy);
    return rc;
}

/* Absolute, without links, dots and double slashes, but for the last part. */
static int resolve_parent(struct publish *p, struct err *e)
{
    const char *slash = strrchr(p->target, '/');
    const char *last = slash ? slash + 1 : p->target;
    char real[PATH_MAX];
    char *folder = NULL;
    int rc = 0;
    struct stat st;
    if (lstat(p->target, &st) == 0 && S_ISDIR(st.st_mode)) {
        if (!realpath(p->target, real))
            return err_set(e, -errno, "cannot resolve %s: %s", p->target, strerror(errno));
        mem_free(p->target);
        p->target = mem_strdup(real);
        return 0;
    }
    if (!*last || strcmp(last, ".") == 0 || strcmp(last, "..") == 0)
        return err_set(e, -EINVAL, "'%s' is no name for a folder", p->target);
    folder = folder_of(p->target);
    if (!p->dry)
        rc = make_folders(folder, e);
    if (rc == 0 && realpath(folder, real)) {
        char *full = mem_printf("%s/%s", strcmp(real, "/") == 0 ? "" : real, last);
        mem_free(p->target);
        p->target = full;
    } else if (rc == 0 && !(p->dry && errno == ENOENT)) {
        rc = err_set(e, -errno, "cannot resolve %s: %s", folder, strerror(errno));
    }
    mem_free(folder);
    return rc;
}

static int resolve(struct publish *p, const char *target, struct err *e)
{
    p->target = without_slashes(target);
    for (int i = 0; i < LINKS_MAX; i++) {
        int rc = resolve_parent(p, e);
        if (rc < 0)
            return rc;
        char *next = follow(p->target, &p->current);
        if (!next) {
            p->base = strrchr(p->target, '/') ? strrchr(p->target, '/') + 1 : p->target;
            p->store_name = store_name_of(p->target);
            return 0;
        }
        mem_free(p->target);
        p->target = without_slashes(next);
        mem_free(next);
    }
    return err_set(e, -ELOOP, "%s is a circle of links", target);
}

// --- opening ---------------------------------------------------------------------------------

/* Whoever owns the store could put anything in the place of our versions. */
static int check_owner(const struct publish *p, int parent_fd, struct err *e)
{
    struct stat store;
    struct stat parent;
    if (fstat(p->store_fd, &store) < 0 || fstat(parent_fd, &parent) < 0)
        return err_set(e, -errno, "cannot look at %s: %s", p->store, strerror(errno));
    if (store.st_uid == geteuid() || store.st_uid == 0 || store.st_uid == parent.st_uid)
        return 0;
    return err_set(e, -EPERM, "%s belongs to another user (uid %u)", p->store, store.st_uid);
}

static int open_store(struct publish *p, int folder, const char *name, struct err *e)
{
    if (mkdirat(folder, name, 0755) < 0 && errno != EEXIST)
        return err_set(e, -errno, "cannot create %s: %s", p->store, strerror(errno));
    p->store_fd = openat(folder, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    if (p->store_fd < 0)
        return err_set(e, -errno, "cannot open %s: %s", p->store, strerror(errno));
    return check_owner(p, folder, e);
}

static int lock_store(struct publish *p, struct err *e)
{
    p->lock_fd = openat(p->store_fd, LOCK_NAME, O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0600);
    if (p->lock_fd < 0)
        return err_set(e, -errno, "cannot open %s/" LOCK_NAME ": %s", p->store, strerror(errno));
    if (flock(p->lock_fd, LOCK_EX | LOCK_NB) == 0)
        return 0;
    if (errno == EWOULDBLOCK)
        return err_set(e, -EBUSY, "another sync of %s is running", p->target);
    return err_set(e, -errno, "cannot lock %s: %s", p->store, strerror(errno));
}

static bool is_index_of(const char *name, const char *version)
{
    size_t len = strlen(version);
    return strncmp(name, version, len) == 0 && strcmp(name + len, ".index") == 0;
}

static bool is_wanted(const char *name, const char *version)
{
    return version && (strcmp(name, version) == 0 || is_index_of(name, version));
}

/* Removes all but the lock, the two versions that are kept, and the link that names one. */
static int clean_store(struct publish *p, const char *current, const char *previous, struct err *e)
{
    int fd = openat(p->store_fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    DIR *dir = fd < 0 ? NULL : fdopendir(fd);
    if (!dir)
        return err_set(e, -errno, "cannot read %s: %s", p->store, strerror(errno));
    int rc = 0;
    for (struct dirent *d; rc == 0 && (d = readdir(dir)) != NULL;) {
        const char *name = d->d_name;
        if (strcmp(name, ".") == 0 || strcmp(name, "..") == 0 || strcmp(name, LOCK_NAME) == 0 ||
            strcmp(name, PREVIOUS_NAME) == 0 || is_wanted(name, current) ||
            is_wanted(name, previous))
            continue;
        rc = tree_clear(p->store_fd, name);
        if (rc < 0)
            (void)err_set(e, rc, "cannot remove %s/%s: %s", p->store, name, strerror(-rc));
    }
    (void)closedir(dir);
    return rc;
}

static int clean_leftovers(struct publish *p, struct err *e)
{
    char *path = mem_printf("%s/" PREVIOUS_NAME, p->store);
    char *previous = read_link(path);
    int rc = clean_store(p, p->current, previous, e);
    mem_free(previous);
    mem_free(path);
    return rc;
}

/* What the target shows now. A link of ours whose version is gone shows nothing. */
static int open_old(struct publish *p, struct err *e)
{
    char *path = p->current ? mem_printf("%s/%s", p->store, p->current) : mem_strdup(p->target);
    int rc = 0;
    int fd = open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    if (fd < 0 && errno == ENOTDIR)
        rc = err_set(e, -ENOTDIR, "%s is no folder", p->target);
    else if (fd < 0 && errno != ENOENT)
        rc = err_set(e, -errno, "cannot open %s: %s", path, strerror(errno));
    p->took_folder = fd >= 0 && !p->current;
    tree_init(&p->old, fd);
    mem_free(path);
    return rc;
}

static int open_atomic(struct publish *p, struct err *e)
{
    char *folder = folder_of(p->target);
    p->store = mem_printf("%s/%s", strcmp(folder, "/") == 0 ? "" : folder, p->store_name);
    int rc = open_old(p, e);
    if (rc < 0 || p->dry)
        goto done;
    p->parent_fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (p->parent_fd < 0)
        rc = err_set(e, -errno, "cannot open %s: %s", folder, strerror(errno));
    if (rc == 0)
        rc = open_store(p, p->parent_fd, p->store_name, e);
    if (rc == 0)
        rc = lock_store(p, e);
    if (rc == 0)
        rc = clean_leftovers(p, e);
done:
    mem_free(folder);
    return rc;
}

/* A version of an atomic sync is a folder like any other here: its files are never written. */
static int open_inplace(struct publish *p, struct err *e)
{
    if (p->current) {
        char *folder = folder_of(p->target);
        char *version = mem_printf("%s/%s/%s", folder, p->store_name, p->current);
        mem_free(p->target);
        mem_free(folder);
        p->target = version;
        mem_free(p->current);
        p->current = NULL;
    }
    p->store = mem_printf("%s/" PUBLISH_RESERVED, p->target);
    if (!p->dry && mkdir(p->target, 0777) < 0 && errno != EEXIST)
        return err_set(e, -errno, "cannot create %s: %s", p->target, strerror(errno));
    int rc = open_old(p, e);
    if (rc < 0 || p->dry)
        return rc;
    p->took_folder = false;
    rc = open_store(p, p->old.fd, PUBLISH_RESERVED, e);
    return rc < 0 ? rc : lock_store(p, e);
}

int publish_open(struct publish *p, const char *target, enum publish_mode mode, bool dry,
                 struct err *e)
{
    *p = (struct publish){.mode = mode, .dry = dry, .parent_fd = -1, .store_fd = -1, .lock_fd = -1};
    tree_init(&p->old, -1);
    tree_init(&p->fresh, -1);
    int rc = resolve(p, target, e);
    if (rc == 0)
        rc = mode == PUBLISH_ATOMIC ? open_atomic(p, e) : open_inplace(p, e);
    if (rc < 0)
        publish_close(p);
    return rc;
}

void publish_close(struct publish *p)
{
    tree_close(&p->old);
    tree_close(&p->fresh);
    if (p->next)
        (void)tree_clear(p->store_fd, p->next);
    if (p->lock_fd >= 0 && p->mode == PUBLISH_INPLACE)
        (void)clean_store(p, "index", NULL, NULL);
    fd_close(&p->parent_fd);
    fd_close(&p->store_fd);
    fd_close(&p->lock_fd);
    mem_free(p->target);
    mem_free(p->store_name);
    mem_free(p->store);
    mem_free(p->current);
    mem_free(p->next);
    *p = (struct publish){.parent_fd = -1, .store_fd = -1, .lock_fd = -1};
    tree_init(&p->old, -1);
    tree_init(&p->fresh, -1);
}

static char *index_path(const struct publish *p, const char *version)
{
    if (p->mode == PUBLISH_INPLACE)
        return mem_printf("%s/index", p->store);
    return version ? mem_printf("%s/%s.index", p->store, version) : NULL;
}

char *publish_old_index(const struct publish *p)
{
    return index_path(p, p->current);
}

char *publish_new_index(const struct publish *p)
{
    return index_path(p, p->next);
}

// --- writing ---------------------------------------------------------------------------------

static char *stamp(int64_t wall_ms)
{
    time_t seconds = (time_t)(wall_ms / 1000);
    struct tm tm = {0};
    char text[32] = "";
    (void)gmtime_r(&seconds, &tm);
    (void)strftime(text, sizeof text, "%Y%m%dT%H%M%S", &tm);
    return mem_printf("%s.%03dZ", text, (int)(wall_ms % 1000));
}

static int make_version(struct publish *p, struct err *e)
{
    int64_t now = clock_wall();
    for (int i = 0; i < STAMP_TRIES; i++) {
        char *name = stamp(now + i);
        if (mkdirat(p->store_fd, name, 0777) == 0) {
            p->next = name;
            return 0;
        }
        mem_free(name);
        if (errno != EEXIST)
            break;
    }
    return err_set(e, -errno, "cannot create a folder in %s: %s", p->store, strerror(errno));
}

/* The new version is as readable as the old one was. */
static int copy_access(const struct publish *p, struct err *e)
{
    struct stat st;
    if (p->old.fd < 0)
        return 0;
    if (fstat(p->old.fd, &st) < 0)
        return err_set(e, -errno, "cannot look at %s: %s", p->target, strerror(errno));
    if ((st.st_uid != geteuid() || st.st_gid != getegid()) &&
        fchown(p->fresh.fd, st.st_uid, st.st_gid) < 0 && errno != EPERM)
        return err_set(e, -errno, "cannot set the owner of %s: %s", p->target, strerror(errno));
    if (fchmod(p->fresh.fd, (st.st_mode & 07777) | 0700) < 0)
        return err_set(e, -errno, "cannot set the mode of %s: %s", p->target, strerror(errno));
    return 0;
}

int publish_begin(struct publish *p, struct err *e)
{
    int fd = -1;
    if (p->mode == PUBLISH_INPLACE) {
        fd = openat(p->old.fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        tree_init(&p->fresh, fd);
        return fd < 0 ? err_set(e, -errno, "cannot open %s: %s", p->target, strerror(errno)) : 0;
    }
    int rc = make_version(p, e);
    if (rc < 0)
        return rc;
    fd = openat(p->store_fd, p->next, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    if (fd < 0)
        return err_set(e, -errno, "cannot open %s/%s: %s", p->store, p->next, strerror(errno));
    tree_init(&p->fresh, fd);
    p->fresh.like = &p->old;
    return copy_access(p, e);
}

static const char *slot_name(unsigned slot, char *text, size_t size)
{
    (void)snprintf(text, size, "part-%u", slot);
    return text;
}

int publish_create(struct publish *p, const char *path, unsigned slot, struct err *e)
{
    if (p->mode == PUBLISH_ATOMIC)
        return tree_create(&p->fresh, path, e);
    char name[32];
    int fd = openat(p->store_fd, slot_name(slot, name, sizeof name),
                    O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW | O_CLOEXEC, 0666);
    return fd < 0 ? err_set(e, -errno, "cannot create %s/%s: %s", p->store, name, strerror(errno))
                  : fd;
}

int publish_accept(struct publish *p, const char *path, unsigned slot, struct err *e)
{
    if (p->mode == PUBLISH_ATOMIC)
        return 0;
    char name[32];
    return tree_accept(&p->fresh, p->store_fd, slot_name(slot, name, sizeof name), path, e);
}

/* The one step that readers see. */
static int switch_link(struct publish *p, struct err *e)
{
    char *text = mem_printf("%s/%s", p->store_name, p->next);
    int rc = tree_clear(p->store_fd, LINK_NAME);
    if (rc == 0 && symlinkat(text, p->store_fd, LINK_NAME) < 0)
        rc = -errno;
    mem_free(text);
    if (rc == 0 && renameat2(p->store_fd, LINK_NAME, p->parent_fd, p->base,
                             p->took_folder ? RENAME_EXCHANGE : 0) < 0)
        rc = -errno;
    if (rc == -EBUSY)
        return err_set(e, rc, "%s is a mount point: name a folder in it, or use --publish inplace",
                       p->target);
    if (rc == -EINVAL || rc == -ENOSYS)
        return err_set(e, rc,
                       "this file system cannot exchange the folder %s for a link: move it away "
                       "first, or use --publish inplace",
                       p->target);
    return rc < 0 ? err_set(e, rc, "cannot switch %s: %s", p->target, strerror(-rc)) : 0;
}

/* Names the version before, first of all for people who want to go back. */
static int remember_previous(struct publish *p, const char *name)
{
    static const char temp[] = LINK_NAME;
    int rc = tree_clear(p->store_fd, temp);
    if (rc == 0 && (symlinkat(name, p->store_fd, temp) < 0 ||
                    renameat(p->store_fd, temp, p->store_fd, PREVIOUS_NAME) < 0))
        rc = -errno;
    return rc;
}

/* The new data is in place; what fails from here on is put right by the next run. */
static void keep_previous(struct publish *p)
{
    char *previous = p->current ? mem_strdup(p->current) : NULL;
    if (p->took_folder) {
        previous = mem_printf("%s-before", p->next);
        if (renameat(p->store_fd, LINK_NAME, p->store_fd, previous) < 0)
            goto done;
    }
    if (!previous || remember_previous(p, previous) == 0)
        (void)clean_store(p, p->next, previous, NULL);
done:
    mem_free(previous);
}

int publish_commit(struct publish *p, struct err *e)
{
    if (syncfs(p->fresh.fd) < 0)
        return err_set(e, -errno, "cannot flush %s to disk: %s", p->target, strerror(errno));
    if (p->mode == PUBLISH_INPLACE)
        return 0;
    int rc = switch_link(p, e);
    if (rc < 0)
        return rc;
    (void)fsync(p->parent_fd);
    keep_previous(p);
    mem_free(p->current);
    p->current = p->next;
    p->next = NULL;
    return 0;
}
