#include "sync/local/publish.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <time.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/clock.h"
#include "base/fd.h"
#include "base/mem.h"

enum { STAMP_TRIES = 1000 };

#define LOCK_NAME "lock"
#define CONFIRMED_NAME "confirmed" /* its time is that of the last sync that was whole */
#define LINK_NAME "link"           /* the target's next link, before it is in place */

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
        return err_set(e, -EBUSY, "another sync of %s is running", p->at.path);
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

/* Keeps the lock, the stamp, two versions and the link that names one; all else goes. */
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
            strcmp(name, CONFIRMED_NAME) == 0 || strcmp(name, TARGET_PREVIOUS) == 0 ||
            is_wanted(name, current) || is_wanted(name, previous))
            continue;
        rc = tree_clear(p->store_fd, name);
        if (rc < 0) /* -EBUSY would say that somebody else has the target */
            rc = err_set(e, -EIO, "cannot remove %s/%s: %s", p->store, name, strerror(-rc));
    }
    (void)closedir(dir);
    return rc;
}

static int clean_leftovers(struct publish *p, struct err *e)
{
    char *path = mem_printf("%s/" TARGET_PREVIOUS, p->store);
    char *previous = target_read_link(path);
    int rc = clean_store(p, p->at.current, previous, e);
    mem_free(previous);
    mem_free(path);
    return rc;
}

/* What the target shows now. A link of ours whose version is gone shows nothing. */
static int open_old(struct publish *p, struct err *e)
{
    char *path =
        p->at.current ? mem_printf("%s/%s", p->store, p->at.current) : mem_strdup(p->at.path);
    int rc = 0;
    int fd = open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    if (fd < 0 && errno == ENOTDIR)
        rc = err_set(e, -ENOTDIR, "%s is no folder", p->at.path);
    else if (fd < 0 && errno != ENOENT)
        rc = err_set(e, -errno, "cannot open %s: %s", path, strerror(errno));
    p->took_folder = fd >= 0 && !p->at.current;
    tree_init(&p->old, fd);
    p->old.no_mounts = p->mode == PUBLISH_ATOMIC;
    mem_free(path);
    return rc;
}

/* The store beside the target, ours alone from here on, without what a killed run left. */
static int take_store(struct publish *p, struct err *e)
{
    char *folder = target_folder(p->at.path);
    int rc = 0;
    p->parent_fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (p->parent_fd < 0)
        rc = err_set(e, -errno, "cannot open %s: %s", folder, strerror(errno));
    mem_free(folder);
    if (rc == 0)
        rc = open_store(p, p->parent_fd, p->at.store_name, e);
    if (rc == 0)
        rc = lock_store(p, e);
    return rc < 0 ? rc : clean_leftovers(p, e);
}

static int open_beside(struct publish *p, struct err *e)
{
    char *folder = target_folder(p->at.path);
    p->store = mem_printf("%s/%s", strcmp(folder, "/") == 0 ? "" : folder, p->at.store_name);
    mem_free(folder);
    int rc = open_old(p, e);
    return rc < 0 || p->dry ? rc : take_store(p, e);
}

/* In place, in a folder that no atomic sync made: its store is inside. */
static int open_inside(struct publish *p, struct err *e)
{
    p->store = mem_printf("%s/" PUBLISH_RESERVED, p->at.path);
    if (!p->dry && mkdir(p->at.path, 0777) < 0 && errno != EEXIST)
        return err_set(e, -errno, "cannot create %s: %s", p->at.path, strerror(errno));
    int rc = open_old(p, e);
    if (rc == 0 && !p->dry)
        rc = open_store(p, p->old.fd, PUBLISH_RESERVED, e);
    if (rc == 0 && !p->dry)
        rc = lock_store(p, e);
    return rc < 0 || p->dry ? rc : clean_store(p, "index", NULL, e);
}

static bool is_inside(const struct publish *p)
{
    return p->mode == PUBLISH_INPLACE && !p->at.current;
}

int publish_open(struct publish *p, const char *target, enum publish_mode mode, bool dry,
                 struct err *e)
{
    *p = (struct publish){.mode = mode, .dry = dry, .parent_fd = -1, .store_fd = -1, .lock_fd = -1};
    tree_init(&p->old, -1);
    tree_init(&p->fresh, -1);
    int rc = target_resolve(&p->at, target, dry, e);
    if (rc == 0)
        rc = is_inside(p) ? open_inside(p, e) : open_beside(p, e);
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
        (void)(is_inside(p) ? clean_store(p, "index", NULL, NULL) : clean_leftovers(p, NULL));
    fd_close(&p->parent_fd);
    fd_close(&p->store_fd);
    fd_close(&p->lock_fd);
    target_close(&p->at);
    mem_free(p->store);
    mem_free(p->next);
    *p = (struct publish){.parent_fd = -1, .store_fd = -1, .lock_fd = -1};
    tree_init(&p->old, -1);
    tree_init(&p->fresh, -1);
}

char *publish_old_index(const struct publish *p)
{
    if (p->at.current)
        return mem_printf("%s/%s.index", p->store, p->at.current);
    return mem_printf("%s/" PUBLISH_RESERVED "/index", p->at.path);
}

char *publish_new_index(const struct publish *p)
{
    return p->next ? mem_printf("%s/%s.index", p->store, p->next) : publish_old_index(p);
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
        return err_set(e, -errno, "cannot look at %s: %s", p->at.path, strerror(errno));
    if ((st.st_uid != geteuid() || st.st_gid != getegid()) &&
        fchown(p->fresh.fd, st.st_uid, st.st_gid) < 0 && errno != EPERM)
        return err_set(e, -errno, "cannot set the owner of %s: %s", p->at.path, strerror(errno));
    if (fchmod(p->fresh.fd, (st.st_mode & 07777) | 0700) < 0)
        return err_set(e, -errno, "cannot set the mode of %s: %s", p->at.path, strerror(errno));
    return 0;
}

int publish_begin(struct publish *p, struct err *e)
{
    int fd = -1;
    if (p->mode == PUBLISH_INPLACE && p->old.fd < 0)
        return err_set(e, -ENOENT, "%s links to a version that is gone; sync it atomically first",
                       p->at.path);
    if (p->mode == PUBLISH_INPLACE) {
        fd = openat(p->old.fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        tree_init(&p->fresh, fd);
        return fd < 0 ? err_set(e, -errno, "cannot open %s: %s", p->at.path, strerror(errno)) : 0;
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
    char *text = mem_printf("%s/%s", p->at.store_name, p->next);
    int rc = tree_clear(p->store_fd, LINK_NAME);
    if (rc == 0 && symlinkat(text, p->store_fd, LINK_NAME) < 0)
        rc = -errno;
    mem_free(text);
    if (rc == 0 && renameat2(p->store_fd, LINK_NAME, p->parent_fd, target_base(&p->at),
                             p->took_folder ? RENAME_EXCHANGE : 0) < 0)
        rc = -errno;
    if (rc == -EBUSY)
        return err_set(e, rc, "%s is a mount point: name a folder in it, or use --publish inplace",
                       p->at.path);
    if (rc == -EINVAL || rc == -ENOSYS)
        return err_set(e, rc,
                       "this file system cannot exchange the folder %s for a link: move it away "
                       "first, or use --publish inplace",
                       p->at.path);
    return rc < 0 ? err_set(e, rc, "cannot switch %s: %s", p->at.path, strerror(-rc)) : 0;
}

/* Names the version before, first of all for people who want to go back. */
static int remember_previous(struct publish *p, const char *name)
{
    static const char temp[] = LINK_NAME;
    int rc = tree_clear(p->store_fd, temp);
    if (rc == 0 && (symlinkat(name, p->store_fd, temp) < 0 ||
                    renameat(p->store_fd, temp, p->store_fd, TARGET_PREVIOUS) < 0))
        rc = -errno;
    return rc;
}

/* The new data is in place; what fails from here on is put right by the next run. */
static void keep_previous(struct publish *p)
{
    char *previous = p->at.current ? mem_strdup(p->at.current) : NULL;
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
        return err_set(e, -errno, "cannot flush %s to disk: %s", p->at.path, strerror(errno));
    if (p->mode == PUBLISH_INPLACE)
        return 0;
    int rc = switch_link(p, e);
    if (rc < 0)
        return rc;
    (void)fsync(p->parent_fd);
    keep_previous(p);
    mem_free(p->at.current);
    p->at.current = p->next;
    p->next = NULL;
    return 0;
}

int publish_confirm(const struct publish *p, struct err *e)
{
    int fd = openat(p->store_fd, CONFIRMED_NAME, O_WRONLY | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0600);
    int rc = fd < 0 || futimens(fd, NULL) < 0 ? -errno : 0;
    fd_close(&fd);
    return rc < 0
               ? err_set(e, rc, "cannot write %s/" CONFIRMED_NAME ": %s", p->store, strerror(-rc))
               : 0;
}
