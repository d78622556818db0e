#include "sync/local/release_store.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/fd.h"
#include "base/mem.h"

enum { LINK_TEXT_MAX = 4096 };

bool store_is_inside(const struct release *p)
{
    return p->mode == PUBLISH_INPLACE && !p->at.current;
}

// --- names -----------------------------------------------------------------------------------

bool store_has(const struct release *p, const char *name)
{
    struct stat st;
    return fstatat(p->store_fd, name, &st, AT_SYMLINK_NOFOLLOW) == 0;
}

int store_rename(const struct release *p, const char *from, const char *to)
{
    if (renameat(p->store_fd, from, p->store_fd, to) == 0 || errno == ENOENT)
        return 0;
    return -errno;
}

char *store_read_link(const struct release *p, const char *name)
{
    char text[LINK_TEXT_MAX];
    ssize_t n = readlinkat(p->store_fd, name, text, sizeof text);
    return n > 0 && (size_t)n < sizeof text ? mem_strndup(text, (size_t)n) : NULL;
}

int store_put_link(const struct release *p, const char *name, const char *text)
{
    int rc = tree_clear(p->store_fd, name);
    return rc == 0 && symlinkat(text, p->store_fd, name) < 0 ? -errno : rc;
}

char *store_known_name(const struct release *p)
{
    return p->at.current ? mem_printf("%s.manifest", p->at.current) : mem_strdup("manifest");
}

const char *store_staged_name(const struct release *p)
{
    return p->mode == PUBLISH_ATOMIC ? "next.manifest" : "place.manifest";
}

const char *store_run_name(const struct release *p)
{
    return p->mode == PUBLISH_ATOMIC ? "next.manifest.new" : "place.manifest.new";
}

// --- opening ---------------------------------------------------------------------------------

/* Whoever owns the store could put anything in the place of our versions. */
static int check_owner(const struct release *p, int parent_fd, struct err *e)
{
    struct stat store;
    struct stat parent;
    if (fstat(p->store_fd, &store) < 0 || fstat(parent_fd, &parent) < 0)
        return err_set(e, -errno, "cannot look at %s: %s", p->store, strerror(errno));
    if (store.st_uid == geteuid() || store.st_uid == 0 || store.st_uid == parent.st_uid)
        return 0;
    return err_set(e, -EPERM, "%s belongs to another user (uid %u)", p->store, store.st_uid);
}

static int open_in(struct release *p, int folder, const char *name, struct err *e)
{
    p->store_fd = openat(folder, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    if (p->store_fd < 0)
        return err_set(e, -errno, "cannot open %s: %s", p->store, strerror(errno));
    return check_owner(p, folder, e);
}

static int open_parent(struct release *p, struct err *e)
{
    char *folder = store_is_inside(p) ? mem_strdup(p->at.path) : target_folder(p->at.path);
    p->parent_fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    int rc = p->parent_fd < 0 ? -errno : 0;
    if (rc < 0)
        (void)err_set(e, rc, "cannot open %s: %s", folder, strerror(-rc));
    if (store_is_inside(p))
        p->store = mem_printf("%s/" RELEASE_RESERVED, folder);
    else
        p->store = mem_printf("%s/%s", strcmp(folder, "/") == 0 ? "" : folder, p->at.store_name);
    mem_free(folder);
    return rc;
}

static const char *name_of(const struct release *p)
{
    return store_is_inside(p) ? RELEASE_RESERVED : p->at.store_name;
}

int store_open(struct release *p, struct err *e)
{
    int rc = open_parent(p, e);
    return rc < 0 ? rc : open_in(p, p->parent_fd, name_of(p), e);
}

int store_make(struct release *p, struct err *e)
{
    if (store_is_inside(p) && mkdir(p->at.path, 0777) < 0 && errno != EEXIST)
        return err_set(e, -errno, "cannot create %s: %s", p->at.path, strerror(errno));
    int rc = open_parent(p, e);
    if (rc < 0)
        return rc;
    if (mkdirat(p->parent_fd, name_of(p), 0755) < 0 && errno != EEXIST)
        return err_set(e, -errno, "cannot create %s: %s", p->store, strerror(errno));
    return open_in(p, p->parent_fd, name_of(p), e);
}

/* Before we had the lock, somebody else may have switched the target. */
static int look_again(struct release *p, struct err *e)
{
    struct target now;
    int rc = target_resolve(&now, p->at.path, true, e);
    if (rc < 0)
        return rc;
    if (strcmp(now.path, p->at.path) != 0 ||
        (p->mode == PUBLISH_INPLACE && !now.current != !p->at.current)) {
        target_close(&now);
        return err_set(e, -EBUSY, "another sync of %s has just ended", p->at.path);
    }
    target_close(&p->at);
    p->at = now;
    return 0;
}

static int take_lock(const struct release *p, int folder, const char *store, int *fd, struct err *e)
{
    *fd = openat(folder, STORE_LOCK, O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0600);
    if (*fd < 0)
        return err_set(e, -errno, "cannot open %s/" STORE_LOCK ": %s", store, strerror(errno));
    if (flock(*fd, LOCK_EX | LOCK_NB) == 0)
        return 0;
    int code = errno;
    fd_close(fd); /* it is not ours to write */
    if (code == EWOULDBLOCK)
        return err_set(e, -EBUSY, "another sync of %s is running", p->at.path);
    return err_set(e, -code, "cannot lock %s: %s", store, strerror(code));
}

/*
 * A folder may be synced in place and atomically, with a store in it and one beside it. Each makes
 * its own lock first and then looks for the other's, so that none is overlooked.
 */
static int take_other_lock(struct release *p, struct err *e)
{
    if (p->at.current)
        return 0;
    char *store = NULL;
    if (store_is_inside(p)) {
        char *folder = target_folder(p->at.path);
        store = mem_printf("%s/%s", folder, p->at.store_name);
        mem_free(folder);
    } else {
        store = mem_printf("%s/" RELEASE_RESERVED, p->at.path);
    }
    int fd = open(store, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    int rc = fd < 0 ? 0 : take_lock(p, fd, store, &p->other_lock_fd, e);
    fd_close(&fd);
    mem_free(store);
    return rc;
}

int store_lock(struct release *p, struct err *e)
{
    int rc = take_lock(p, p->store_fd, p->store, &p->lock_fd, e);
    if (rc == 0)
        rc = take_other_lock(p, e);
    if (rc == 0)
        rc = look_again(p, e);
    return rc < 0 ? rc : store_settle(p, e);
}

// --- a switch --------------------------------------------------------------------------------

/* The version that a link of the store or of the target names; NULL: none of ours. */
static const char *version_of(const struct release *p, const char *link)
{
    size_t len = strlen(p->at.store_name);
    if (!link || strncmp(link, p->at.store_name, len) != 0 || link[len] != '/')
        return NULL;
    const char *version = link + len + 1;
    return *version && *version != '.' && !strchr(version, '/') ? version : NULL;
}

/* The target was a folder of its own and was exchanged: it becomes the version before. */
static int settle_folder(const struct release *p, const char *before)
{
    struct stat st;
    if (fstatat(p->store_fd, STORE_LINK, &st, AT_SYMLINK_NOFOLLOW) < 0 || !S_ISDIR(st.st_mode))
        return 0;
    int rc = before ? 0 : store_put_link(p, STORE_BEFORE, "folder-before");
    return rc < 0 ? rc : store_rename(p, STORE_LINK, before ? before : "folder-before");
}

static int settle_previous(const struct release *p, const char *before)
{
    const char *current = p->at.current ? p->at.current : "";
    if (before && strcmp(before, current) != 0 && store_has(p, before))
        return store_rename(p, STORE_BEFORE, TARGET_PREVIOUS);
    return tree_clear(p->store_fd, STORE_BEFORE);
}

/* A version that got its name, but which the target does not show: it is still the next one. */
static int settle_next(const struct release *p)
{
    char *link = store_read_link(p, STORE_LINK);
    char *previous = store_read_link(p, TARGET_PREVIOUS);
    const char *version = version_of(p, link);
    const char *current = p->at.current ? p->at.current : "";
    int rc = 0;
    if (version && strcmp(version, current) != 0 &&
        strcmp(version, previous ? previous : "") != 0) {
        char *manifest = mem_printf("%s.manifest", version);
        rc = store_has(p, STORE_NEXT) ? 0 : store_rename(p, version, STORE_NEXT);
        if (rc == 0)
            rc = store_rename(p, manifest, "next.manifest");
        mem_free(manifest);
    }
    mem_free(previous);
    mem_free(link);
    return rc < 0 ? rc : tree_clear(p->store_fd, STORE_LINK);
}

int store_settle(struct release *p, struct err *e)
{
    if (store_is_inside(p))
        return 0;
    char *before = store_read_link(p, STORE_BEFORE);
    int rc = settle_folder(p, before);
    mem_free(before);
    before = store_read_link(p, STORE_BEFORE);
    if (rc == 0)
        rc = settle_previous(p, before);
    mem_free(before);
    if (rc == 0)
        rc = settle_next(p);
    /* -EBUSY would say that somebody else has the target */
    return rc < 0
               ? err_set(e, rc == -EBUSY ? -EIO : rc, "cannot tidy %s: %s", p->store, strerror(-rc))
               : 0;
}

int store_prepare(struct release *p, const char *version, struct err *e)
{
    char *link = mem_printf("%s/%s", p->at.store_name, version);
    char *before = NULL;
    if (p->took_folder)
        before = mem_printf("%s-before", version);
    else if (p->at.current && store_has(p, p->at.current))
        before = mem_strdup(p->at.current);
    int rc = store_put_link(p, STORE_LINK, link);
    if (rc == 0 && before)
        rc = store_put_link(p, STORE_BEFORE, before);
    mem_free(before);
    mem_free(link);
    return rc < 0 ? err_set(e, rc, "cannot write to %s: %s", p->store, strerror(-rc)) : 0;
}

int release_fail_mounted(const struct release *p, int code, struct err *e)
{
    return err_set(e, code, "%s is a mount point: name a folder in it, or use --publish inplace",
                   p->at.path);
}

/* The one step that readers see. */
int store_switch(struct release *p, const char *version, struct err *e)
{
    int rc = 0;
    if (renameat2(p->store_fd, STORE_LINK, p->parent_fd, target_base(&p->at),
                  p->took_folder ? RENAME_EXCHANGE : 0) < 0)
        rc = -errno;
    if (rc == -EBUSY)
        return release_fail_mounted(p, rc, e);
    if (rc == -EINVAL || rc == -ENOSYS)
        return err_set(e, rc,
                       "this file system cannot exchange the folder %s for a link: move it away "
                       "first, or use --publish inplace",
                       p->at.path);
    if (rc < 0)
        return err_set(e, rc, "cannot switch %s: %s", p->at.path, strerror(-rc));
    (void)fsync(p->parent_fd);
    mem_free(p->at.current);
    p->at.current = mem_strdup(version);
    p->took_folder = false;
    return 0;
}

// --- cleaning --------------------------------------------------------------------------------

static bool is_of(const char *name, const char *version)
{
    size_t len = version ? strlen(version) : 0;
    return version && strncmp(name, version, len) == 0 &&
           (!name[len] || strcmp(name + len, ".manifest") == 0);
}

static bool is_wanted(const struct release *p, const char *name, const char *previous)
{
    static const char *const always[] = {".", "..", STORE_LOCK, STORE_CONFIRMED};
    for (size_t i = 0; i < sizeof always / sizeof *always; i++) {
        if (strcmp(name, always[i]) == 0)
            return true;
    }
    if (p->resumed && (strcmp(name, store_staged_name(p)) == 0 ||
                       (p->mode == PUBLISH_ATOMIC && strcmp(name, STORE_NEXT) == 0)))
        return true;
    if (store_is_inside(p))
        return strcmp(name, "manifest") == 0;
    return strcmp(name, TARGET_PREVIOUS) == 0 || is_of(name, p->at.current) ||
           is_of(name, previous);
}

int store_clean(struct release *p, struct err *e)
{
    char *previous = store_is_inside(p) ? NULL : store_read_link(p, TARGET_PREVIOUS);
    int fd = openat(p->store_fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    DIR *dir = fd < 0 ? NULL : fdopendir(fd);
    int rc = dir ? 0 : err_set(e, -errno, "cannot read %s: %s", p->store, strerror(errno));
    for (struct dirent *d; dir && rc == 0 && (d = readdir(dir)) != NULL;) {
        if (is_wanted(p, d->d_name, previous))
            continue;
        rc = tree_clear(p->store_fd, d->d_name);
        if (rc < 0) /* -EBUSY would say that somebody else has the target */
            rc = err_set(e, -EIO, "cannot remove %s/%s: %s", p->store, d->d_name, strerror(-rc));
    }
    if (dir)
        (void)closedir(dir);
    mem_free(previous);
    return rc;
}
