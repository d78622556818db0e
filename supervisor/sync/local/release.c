#include "sync/local/release.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/mem.h"
#include "sync/local/release_store.h"
#include "sync/s3/s3key.h"

enum { FOLDER_OPEN = O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC };

void release_init(struct release *p)
{
    *p = (struct release){.parent_fd = -1, .store_fd = -1, .lock_fd = -1, .other_lock_fd = -1};
    tree_init(&p->old, -1);
    tree_init(&p->fresh, -1);
    p->known.fd = p->staged.fd = p->manifest.fd = p->extras.fd = -1;
    p->known.end = p->staged.end = true;
}

// --- what a killed run left ------------------------------------------------------------------

static bool is_trusted(const struct manifest_reader *x)
{
    return x->exists && !x->foreign && (x->durable || x->current);
}

/* Copies what `from` says of the paths behind `after`. */
static int copy_entries(struct manifest_writer *to, struct manifest_reader *from,
                        const struct buf *after, struct err *e)
{
    int rc = 0;
    for (const struct manifest_entry *x; rc == 0 && (x = manifest_look(from)) != NULL;
         manifest_next(from)) {
        if (!after || after->len == 0 || path_order(x->path, buf_str(after)) > 0)
            rc = manifest_add(to, x, NULL, e);
    }
    return rc;
}

/*
 * Two runs were killed: what the second said holds as far as it came, beyond that what the first
 * one said.
 */
static int join_lists(const struct release *p, struct manifest_reader *first,
                      struct manifest_reader *second, struct err *e)
{
    static const char name[] = "manifest.join";
    struct manifest_writer out;
    int rc = manifest_create(&out, p->store_fd, name, p->source, 0600, e);
    if (rc < 0)
        return rc;
    rc = copy_entries(&out, second, NULL, e);
    if (rc == 0)
        rc = copy_entries(&out, first, &second->last, e);
    if (rc == 0)
        rc = first->durable && second->durable ? manifest_seal(&out, e) : manifest_flush(&out, e);
    manifest_abandon(&out);
    if (rc == 0 && renameat(p->store_fd, name, p->store_fd, store_staged_name(p)) < 0)
        rc = err_set(e, -errno, "cannot write to %s: %s", p->store, strerror(errno));
    return rc;
}

/* From next.manifest and next.manifest.new to next.manifest alone. *ok: it can be trusted. */
static int join_staged(const struct release *p, bool *ok, struct err *e)
{
    struct manifest_reader first;
    struct manifest_reader second = {.fd = -1};
    int rc = manifest_open(&first, p->store_fd, store_staged_name(p), p->source, e);
    if (rc == 0)
        rc = manifest_open(&second, p->store_fd, store_run_name(p), p->source, e);
    *ok = rc == 0 && (first.exists || second.exists) && (!first.exists || is_trusted(&first)) &&
          (!second.exists || is_trusted(&second));
    if (*ok && second.exists) {
        if (first.exists)
            rc = join_lists(p, &first, &second, e);
        else
            rc = store_rename(p, store_run_name(p), store_staged_name(p));
    }
    manifest_close(&first);
    manifest_close(&second);
    return rc;
}

static int open_staged(struct release *p, struct err *e)
{
    bool ok = false;
    int fd = -1;
    int rc = join_staged(p, &ok, e);
    if (rc < 0 || !ok)
        return rc;
    if (p->mode == PUBLISH_ATOMIC && (fd = openat(p->store_fd, STORE_NEXT, FOLDER_OPEN)) < 0)
        return 0;
    tree_init(&p->fresh, fd);
    p->fresh.like = &p->old;
    p->resumed = true;
    return manifest_open(&p->staged, p->store_fd, store_staged_name(p), p->source, e);
}

// --- opening ---------------------------------------------------------------------------------

/* What the target shows now. A link of ours whose version is gone shows nothing. */
static int open_old(struct release *p, struct err *e)
{
    char *path =
        p->at.current ? mem_printf("%s/%s", p->store, p->at.current) : mem_strdup(p->at.path);
    int rc = 0;
    int fd = open(path, FOLDER_OPEN);
    if (fd < 0 && errno == ENOTDIR)
        rc = err_set(e, -ENOTDIR, "%s is no folder", p->at.path);
    else if (fd < 0 && errno != ENOENT)
        rc = err_set(e, -errno, "cannot open %s: %s", path, strerror(errno));
    p->took_folder = p->mode == PUBLISH_ATOMIC && fd >= 0 && !p->at.current;
    tree_init(&p->old, fd);
    mem_free(path);
    if (rc == 0 && p->took_folder && tree_is_mounted(fd)) /* before anything is fetched */
        rc = release_fail_mounted(p, -ENOTSUP, e);
    return rc;
}

/* That of a folder is in it, where a sync in place has left it. */
static int open_known(struct release *p, struct err *e)
{
    int folder = p->store_fd;
    if (p->took_folder)
        folder = openat(p->old.fd, RELEASE_RESERVED, FOLDER_OPEN);
    char *name = store_known_name(p);
    int rc = manifest_open(&p->known, folder, name, p->source, e);
    mem_free(name);
    if (p->took_folder)
        fd_close(&folder);
    return rc;
}

/* Who may not list the target may not read its names in a manifest either. */
static mode_t manifest_mode(const struct release *p)
{
    struct stat st;
    bool hidden = p->old.fd >= 0 && fstat(p->old.fd, &st) == 0 && !(st.st_mode & S_IROTH);
    return hidden ? 0600 : 0644;
}

static int open_files(struct release *p, struct err *e)
{
    int rc = open_staged(p, e);
    if (rc == 0)
        rc = store_clean(p, e);
    if (rc == 0)
        rc = open_known(p, e);
    if (rc == 0)
        rc = manifest_create(&p->manifest, p->store_fd, store_run_name(p), p->source,
                             manifest_mode(p), e);
    return rc < 0 ? rc : spool_open(&p->extras, p->store_fd, e);
}

static int open_dry(struct release *p, struct err *e)
{
    int rc = store_open(p, e);
    if (rc == -ENOENT || rc == -ENOTDIR)
        rc = 0;
    if (rc == 0)
        rc = open_old(p, e);
    return rc < 0 ? rc : open_known(p, e);
}

static int open_all(struct release *p, struct err *e)
{
    int rc = store_make(p, e);
    if (rc == 0)
        rc = store_lock(p, e);
    if (rc == 0)
        rc = open_old(p, e);
    return rc < 0 ? rc : open_files(p, e);
}

/* Who is in a folder that is exchanged for a link goes on to see the old one. */
static int check_name(const char *target, enum publish_mode mode, struct err *e)
{
    size_t len = strlen(target);
    while (len > 1 && target[len - 1] == '/')
        len--;
    bool dot = target[len - 1] == '.' && (len == 1 || target[len - 2] == '/');
    bool dots =
        len >= 2 && strncmp(target + len - 2, "..", 2) == 0 && (len == 2 || target[len - 3] == '/');
    if (mode != PUBLISH_ATOMIC || (!dot && !dots))
        return 0;
    return err_set(e, -EINVAL,
                   "'%s' would be exchanged for a link, and whoever is in it would still see the "
                   "old: name it from outside, or use --publish inplace",
                   target);
}

int release_open(struct release *p, const char *target, enum publish_mode mode, bool dry,
                 const char *source, struct err *e)
{
    release_init(p);
    p->mode = mode;
    p->dry = dry;
    p->source = mem_strdup(source);
    int rc = check_name(target, mode, e);
    if (rc == 0)
        rc = target_resolve(&p->at, target, dry, e);
    if (rc == 0)
        rc = dry ? open_dry(p, e) : open_all(p, e);
    if (rc < 0)
        release_close(p, true);
    return rc;
}

// --- writing ---------------------------------------------------------------------------------

/* The new version is as readable as the old one was. */
static int copy_access(const struct release *p, struct err *e)
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

static int begin_next(struct release *p, struct err *e)
{
    if (p->fresh.fd < 0) {
        if (mkdirat(p->store_fd, STORE_NEXT, 0777) < 0)
            return err_set(e, -errno, "cannot create a folder in %s: %s", p->store,
                           strerror(errno));
        int fd = openat(p->store_fd, STORE_NEXT, FOLDER_OPEN);
        tree_init(&p->fresh, fd);
        p->fresh.like = &p->old;
        if (fd < 0)
            return err_set(e, -errno, "cannot open %s/" STORE_NEXT ": %s", p->store,
                           strerror(errno));
    }
    return copy_access(p, e);
}

static int begin_here(struct release *p, struct err *e)
{
    if (p->old.fd < 0)
        return err_set(e, -ENOENT, "%s links to a version that is gone; sync it atomically first",
                       p->at.path);
    int fd = openat(p->old.fd, ".", FOLDER_OPEN);
    tree_init(&p->fresh, fd);
    return fd < 0 ? err_set(e, -errno, "cannot open %s: %s", p->at.path, strerror(errno)) : 0;
}

int release_begin(struct release *p, struct err *e)
{
    if (p->begun || p->dry)
        return 0;
    int rc = p->mode == PUBLISH_ATOMIC ? begin_next(p, e) : begin_here(p, e);
    p->begun = rc == 0;
    return rc;
}

int64_t release_space(const struct release *p)
{
    struct statvfs v;
    int fd = p->fresh.fd;
    if (fd < 0)
        fd = p->mode == PUBLISH_INPLACE ? p->old.fd : p->store_fd >= 0 ? p->store_fd : p->parent_fd;
    /* no blocks at all are a file system that has no limit, or does not know it */
    if (fd < 0 || fstatvfs(fd, &v) < 0 || v.f_blocks == 0)
        return -1;
    uint64_t room = (uint64_t)v.f_bavail * v.f_frsize;
    return room > INT64_MAX ? INT64_MAX : (int64_t)room;
}

// --- ends ------------------------------------------------------------------------------------

int release_confirm(const struct release *p, struct err *e)
{
    int fd =
        openat(p->store_fd, STORE_CONFIRMED, O_WRONLY | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0600);
    int rc = fd < 0 || futimens(fd, NULL) < 0 ? -errno : 0;
    fd_close(&fd);
    return rc < 0
               ? err_set(e, rc, "cannot write %s/" STORE_CONFIRMED ": %s", p->store, strerror(-rc))
               : 0;
}

int release_forget(struct release *p, struct err *e)
{
    p->resumed = p->begun = false;
    manifest_close(&p->staged);
    manifest_abandon(&p->manifest);
    tree_close(&p->fresh);
    return store_clean(p, e);
}

int release_keep_list(struct release *p, struct err *e)
{
    char *name = store_known_name(p);
    int rc = manifest_flush(&p->manifest, e);
    if (rc == 0 && fdatasync(p->manifest.fd) < 0)
        rc = err_set(e, -errno, "cannot flush the list of files: %s", strerror(errno));
    if (rc == 0) {
        rc = store_rename(p, store_run_name(p), name);
        if (rc < 0)
            (void)err_set(e, rc, "cannot write %s/%s: %s", p->store, name, strerror(-rc));
    }
    mem_free(name);
    return rc;
}

/* In place: what earlier runs left in the target itself. */
static void remove_partials(struct release *p)
{
    enum spool_what what = SPOOL_CARRY;
    const char *path = NULL;
    if (p->mode != PUBLISH_INPLACE || p->extras.counts[2] == 0 || release_begin(p, NULL) < 0 ||
        spool_rewind(&p->extras, NULL) < 0)
        return;
    while (spool_next(&p->extras, &what, &path, NULL) > 0) {
        if (what == SPOOL_PARTIAL)
            (void)tree_remove(&p->fresh, path, NULL);
    }
}

int release_unchanged(struct release *p, struct err *e)
{
    if (p->dry)
        return 0;
    bool fits = p->known.exists && !p->known.foreign && p->known.count == p->manifest.count;
    int rc = fits || p->took_folder ? 0 : release_keep_list(p, e);
    remove_partials(p);
    int cleaned = release_forget(p, rc == 0 ? e : NULL);
    return rc < 0 ? rc : cleaned;
}

/* What was fetched is there for the next run, also after a crash of the machine. */
static int keep_staged(struct release *p)
{
    if (manifest_flush(&p->manifest, NULL) < 0)
        return -EIO;
    if (p->mode == PUBLISH_ATOMIC && syncfs(p->fresh.fd) < 0)
        return -errno;
    return manifest_seal(&p->manifest, NULL);
}

/* A run that failed. */
static void leave(struct release *p, bool keep)
{
    if (keep && p->begun && p->manifest.count > 0) {
        (void)keep_staged(p);
        return;
    }
    if (keep) { /* it has added nothing to what the runs before it left */
        (void)unlinkat(p->store_fd, store_run_name(p), 0);
        return;
    }
    remove_partials(p);
    (void)release_forget(p, NULL);
}

void release_close(struct release *p, bool keep)
{
    if (p->manifest.fd >= 0)
        leave(p, keep);
    manifest_close(&p->known);
    manifest_close(&p->staged);
    manifest_abandon(&p->manifest);
    spool_close(&p->extras);
    tree_close(&p->old);
    tree_close(&p->fresh);
    fd_close(&p->parent_fd);
    fd_close(&p->store_fd);
    fd_close(&p->lock_fd);
    fd_close(&p->other_lock_fd);
    target_close(&p->at);
    mem_free(p->store);
    mem_free(p->source);
    release_init(p);
}
