#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/mem.h"
#include "sync/local/release_store.h"
#include "sync/local/scan.h"
#include "sync/local/walk.h"
#include "sync/s3/s3key.h"

struct commit {
    struct release *p;
    atomic_bool *stop;
    size_t *removed;
    struct manifest_reader list; /* what this run wrote */
};

static int check_stop(const struct commit *c, struct err *e)
{
    return atomic_load(c->stop) ? err_set(e, -EINTR, "stopped") : 0;
}

static int fail(const char *path, const char *why, struct err *e)
{
    struct buf shown = BUF_EMPTY;
    s3key_show(&shown, path, strlen(path));
    int rc = err_set(e, -EIO, "%s %s: run the sync again", buf_str(&shown), why);
    buf_close(&shown);
    return rc;
}

static int open_list(struct commit *c, struct err *e)
{
    const struct release *p = c->p;
    struct manifest_reader *x = &c->list;
    manifest_close(x);
    return manifest_open(x, p->store_fd, store_run_name(p), p->source, e);
}

// --- a version that a killed run has begun ---------------------------------------------------

static int check_fetched(const struct manifest_entry *want, const struct walk_entry *file,
                         struct err *e)
{
    if (want->state != MANIFEST_THERE)
        return 0;
    if (!file)
        return fail(want->path, "was fetched but is gone", e);
    if (file->type != S_IFREG || file->size != want->size || file->mtime != want->mtime)
        return fail(want->path, "was changed after it was fetched", e);
    return 0;
}

/* What is not on the list goes; folders come last and go when they are empty. */
static int sweep_entry(struct commit *c, const struct walk_entry *file, struct err *e)
{
    struct release *p = c->p;
    if (file->type == S_IFDIR) {
        int gone = tree_rmdir(&p->fresh, file->path, e);
        return gone == -ENOTEMPTY || gone == -EEXIST ? 0 : gone;
    }
    const struct manifest_entry *want = NULL;
    int rc = 0;
    int order = 1;
    while (rc == 0 && (want = manifest_look(&c->list)) != NULL &&
           (order = path_order(want->path, file->path)) < 0) {
        rc = check_fetched(want, NULL, e);
        manifest_next(&c->list);
    }
    if (rc < 0)
        return rc;
    if (!want || order != 0 || want->state == MANIFEST_WANTED)
        return tree_unlink(&p->fresh, file->path, e);
    rc = check_fetched(want, file, e);
    manifest_next(&c->list);
    return rc;
}

static int sweep(struct commit *c, struct err *e)
{
    struct walk_entry file;
    int rc = open_list(c, e);
    if (rc < 0)
        return rc;
    struct scan *s = scan_new(c->p->fresh.fd, &(struct scan_options){.no_mounts = true});
    while ((rc = scan_next(s, &file, e)) > 0) {
        rc = sweep_entry(c, &file, e);
        if (rc == 0)
            rc = check_stop(c, e);
        if (rc < 0)
            break;
    }
    scan_free(s);
    const struct manifest_entry *want = NULL;
    for (; rc == 0 && (want = manifest_look(&c->list)) != NULL; manifest_next(&c->list))
        rc = check_fetched(want, NULL, e);
    return rc;
}

// --- what was there before -------------------------------------------------------------------

/* What a killed run linked may be of another version. */
static int link_again(struct release *p, const char *path, struct err *e)
{
    struct stat old;
    struct stat now;
    if (tree_stat(&p->old, path, &old) == 0 && tree_stat(&p->fresh, path, &now) == 0 &&
        old.st_ino == now.st_ino && old.st_dev == now.st_dev)
        return 0;
    int rc = tree_unlink(&p->fresh, path, e);
    return rc < 0 ? rc : tree_link(&p->old, &p->fresh, path, e);
}

static int link_kept(struct commit *c, struct err *e)
{
    struct release *p = c->p;
    const struct manifest_entry *x = NULL;
    int rc = open_list(c, e);
    for (; rc == 0 && (x = manifest_look(&c->list)) != NULL; manifest_next(&c->list)) {
        if (x->state == MANIFEST_WANTED)
            rc = fail(x->path, "was not fetched", e);
        if (x->state != MANIFEST_KEPT)
            continue;
        rc = tree_link(&p->old, &p->fresh, x->path, e);
        if (rc == -EEXIST)
            rc = link_again(p, x->path, e);
        if (rc == 0)
            rc = check_stop(c, e);
    }
    if (rc == 0 && (c->list.foreign || c->list.count != p->manifest.count))
        rc =
            err_set(e, -EIO, "the list of files beside the target was changed: run the sync again");
    return rc;
}

static bool is_folder(const char *path)
{
    return path[strlen(path) - 1] == '/';
}

/* The source comes first: what stands in its way is gone. */
static int carry(struct commit *c, const char *path, struct err *e)
{
    struct release *p = c->p;
    int rc =
        is_folder(path) ? tree_mkdir(&p->fresh, path, e) : tree_link(&p->old, &p->fresh, path, e);
    if (rc == -EEXIST || rc == -ENOTDIR || rc == -ELOOP) {
        ++*c->removed;
        return 0;
    }
    return rc == -ENOENT ? 0 : rc;
}

/* Into a new version, what goes is just not carried. */
static int drop(struct commit *c, const char *path)
{
    struct stat st;
    char *folder = is_folder(path) ? mem_strndup(path, strlen(path) - 1) : NULL;
    if (!folder || tree_stat(&c->p->fresh, folder, &st) < 0)
        ++*c->removed;
    mem_free(folder);
    return 0;
}

static int remove_here(struct commit *c, enum spool_what what, const char *path, struct err *e)
{
    struct tree *t = &c->p->fresh;
    struct stat st;
    int rc = 0;
    if (is_folder(path))
        rc = tree_rmdir(t, path, e);
    else if ((rc = tree_stat(t, path, &st)) == 0 || (rc != -ENOENT && rc != -ENOTDIR))
        rc = tree_remove(t, path, e);
    if (rc == 0 && what == SPOOL_REMOVE)
        ++*c->removed;
    bool gone = rc == -ENOENT || rc == -ENOTDIR || rc == -ENOTEMPTY || rc == -EEXIST;
    return gone ? 0 : rc;
}

static int settle_extra(struct commit *c, enum spool_what what, const char *path, struct err *e)
{
    bool atomic = c->p->mode == PUBLISH_ATOMIC;
    switch (what) {
    case SPOOL_CARRY:
        return atomic ? carry(c, path, e) : 0;
    case SPOOL_REMOVE:
        return atomic ? drop(c, path) : remove_here(c, what, path, e);
    case SPOOL_PARTIAL:
        return atomic ? 0 : remove_here(c, what, path, e);
    }
    return 0;
}

static int settle_extras(struct commit *c, struct err *e)
{
    enum spool_what what = SPOOL_CARRY;
    const char *path = NULL;
    int rc = spool_rewind(&c->p->extras, e);
    while (rc == 0 && (rc = spool_next(&c->p->extras, &what, &path, e)) > 0) {
        rc = settle_extra(c, what, path, e);
        if (rc == 0)
            rc = check_stop(c, e);
    }
    return rc;
}

// --- the switch ------------------------------------------------------------------------------

static void stamp(char *text, size_t size, int64_t wall_ms)
{
    time_t seconds = (time_t)(wall_ms / 1000);
    struct tm tm = {0};
    char day[32] = "";
    (void)gmtime_r(&seconds, &tm);
    (void)strftime(day, sizeof day, "%Y%m%dT%H%M%S", &tm);
    (void)snprintf(text, size, "%s.%03dZ", day, (int)(wall_ms % 1000));
}

/* A name that no version has; nobody else makes any, as we have the lock. */
static char *new_version(const struct release *p)
{
    char text[64];
    int64_t now = clock_wall();
    for (;; now++) {
        stamp(text, sizeof text, now);
        char *before = mem_printf("%s-before", text);
        bool taken = store_has(p, text) || store_has(p, before);
        mem_free(before);
        if (!taken)
            return mem_strdup(text);
    }
}

static int flush(const struct release *p, struct err *e)
{
    if (syncfs(p->fresh.fd) == 0)
        return 0;
    return err_set(e, -errno, "cannot flush %s to disk: %s", p->at.path, strerror(errno));
}

/* next/ becomes `version`, with its list, and all of it is on the disk. */
static int name_next(struct release *p, const char *version, struct err *e)
{
    char *manifest = mem_printf("%s.manifest", version);
    int rc = store_prepare(p, version, e);
    if (rc == 0) {
        rc = store_rename(p, store_run_name(p), store_staged_name(p));
        if (rc == 0)
            rc = store_rename(p, STORE_NEXT, version);
        if (rc == 0)
            rc = store_rename(p, store_staged_name(p), manifest);
        if (rc < 0)
            (void)err_set(e, rc, "cannot write to %s: %s", p->store, strerror(-rc));
    }
    mem_free(manifest);
    return rc < 0 ? rc : flush(p, e);
}

static int commit_version(struct commit *c, struct err *e)
{
    struct release *p = c->p;
    char *version = new_version(p);
    int rc = name_next(p, version, e);
    if (rc == 0)
        rc = check_stop(c, e);
    if (rc == 0)
        rc = store_switch(p, version, e);
    mem_free(version);
    if (rc < 0) {
        (void)store_settle(p, NULL); /* it is `next` again */
        return rc;
    }
    /* The new data is in place; what fails from here on is put right by the next run. */
    (void)store_settle(p, NULL);
    (void)release_forget(p, NULL);
    return 0;
}

static int commit_atomic(struct commit *c, struct err *e)
{
    int rc = c->p->resumed ? sweep(c, e) : 0;
    if (rc == 0)
        rc = link_kept(c, e);
    if (rc == 0)
        rc = settle_extras(c, e);
    return rc < 0 ? rc : commit_version(c, e);
}

static int commit_here(struct commit *c, struct err *e)
{
    int rc = settle_extras(c, e);
    if (rc == 0)
        rc = flush(c->p, e);
    if (rc == 0)
        rc = release_keep_list(c->p, e);
    if (rc == 0)
        (void)release_forget(c->p, NULL);
    return rc;
}

int release_commit(struct release *p, atomic_bool *stop, size_t *removed, struct err *e)
{
    struct commit c = {.p = p, .stop = stop, .removed = removed, .list.fd = -1};
    *removed = 0;
    int rc = release_begin(p, e);
    if (rc == 0)
        rc = manifest_flush(&p->manifest, e);
    if (rc == 0)
        rc = check_stop(&c, e);
    if (rc == 0)
        rc = p->mode == PUBLISH_ATOMIC ? commit_atomic(&c, e) : commit_here(&c, e);
    manifest_close(&c.list);
    return rc;
}
