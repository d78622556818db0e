/* One object into one file: when nothing is below the source, but an object has its name. */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/mem.h"
#include "sync/local/target.h"
#include "sync/run.h"
#include "sync/s3/s3key.h"

bool single_is_possible(const struct run *x)
{
    const char *source = x->o->source;
    return x->session.place.prefix[0] && source[strlen(source) - 1] != '/';
}

// --- the file ------------------------------------------------------------------------------------

static const char *last_part(const char *path)
{
    const char *slash = strrchr(path, '/');
    return slash ? slash + 1 : path;
}

static bool is_folder(const char *path)
{
    struct stat st;
    return path[strlen(path) - 1] == '/' || (stat(path, &st) == 0 && S_ISDIR(st.st_mode));
}

/* The folder, which is ours alone while it is open; -errno. */
static int open_folder(const struct run *x, const char *path, struct err *e)
{
    int made = x->o->dry ? 0 : target_make_folders(path, e);
    if (made < 0)
        return made;
    int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0)
        return err_set(e, -errno, "cannot open %s: %s", path, strerror(errno));
    if (x->o->dry || flock(fd, LOCK_EX | LOCK_NB) == 0)
        return fd;
    int rc = errno == EWOULDBLOCK ? err_set(e, -EBUSY, "another sync into %s is running", path)
                                  : err_set(e, -errno, "cannot lock %s: %s", path, strerror(errno));
    (void)close(fd);
    return rc;
}

/* Where the object goes: `fresh` is the folder, the name is the caller's. */
static int choose(struct run *x, char **name, struct err *e)
{
    const char *target = x->o->target;
    bool inside = is_folder(target);
    char *folder = inside ? mem_strdup(target) : target_folder(target);
    *name = mem_strdup(last_part(inside ? buf_str(&x->key) : target));
    enum s3key_fault fault = s3key_check(*name, strlen(*name));
    int fd = fault == KEY_OK ? open_folder(x, folder, e)
                             : err_set(e, inside ? -EILSEQ : -EINVAL, "the name of the file %s",
                                       s3key_fault_text(fault));
    mem_free(folder);
    x->release = (struct release){.mode = PUBLISH_INPLACE};
    tree_init(&x->release.old, -1);
    tree_init(&x->release.fresh, fd < 0 ? -1 : fd);
    x->single.chosen = true;
    bool would_be_made = x->o->dry && fd == -ENOENT;
    return fd < 0 && !would_be_made ? fd : 0;
}

/* Devices and pipes, also behind a link as /dev/stdout is one, are not to be replaced by a file. */
static int check_kind(const struct run *x, const char *name, struct err *e)
{
    struct stat st;
    if (fstatat(x->release.fresh.fd, name, &st, 0) < 0 || S_ISREG(st.st_mode))
        return 0;
    if (S_ISDIR(st.st_mode))
        return err_set(e, -EISDIR, "%s is a folder", name);
    return err_set(e, -ENOTSUP, "%s is no file, and is not replaced by one", x->o->target);
}

/* 1: the file is the object, as far as size and time tell. */
static int compare(const struct run *x, const struct remote_file *o, struct err *e)
{
    struct stat st;
    if (x->release.fresh.fd < 0)
        return 0;
    if (fstatat(x->release.fresh.fd, o->path, &st, AT_SYMLINK_NOFOLLOW) < 0)
        return errno == ENOENT
                   ? 0
                   : err_set(e, -errno, "cannot look at %s: %s", x->o->target, strerror(errno));
    int rc = check_kind(x, o->path, e);
    if (rc < 0)
        return rc;
    return S_ISREG(st.st_mode) && st.st_size == o->size && !x->o->checksum &&
           (x->o->size_only || tree_mtime(&st) == o->mtime);
}

// --- fetching it ---------------------------------------------------------------------------------

static void on_fetched(void *ctx, const struct download_result *result, struct err *e)
{
    struct run *x = ctx;
    if (result->why == SYNC_OK) {
        x->report->fetched = 1;
        x->report->fetched_bytes = result->size;
        x->report->published = true;
    } else {
        x->report->failed = 1;
    }
    run_end(x, result->why, e);
}

static void fetch(struct run *x, const struct remote_file *o)
{
    x->report->to_fetch = 1;
    x->report->to_fetch_bytes = o->size;
    if (x->o->dry) {
        report_plan(x->report, "fetch", o->path);
        x->report->fetched = 1;
        x->report->fetched_bytes = o->size;
        run_end(x, SYNC_OK, NULL);
        return;
    }
    run_open_download(x, on_fetched);
    if (!run_check_space(x, o->size, NULL))
        return;
    download_add(x->download, 0, o);
    download_flush(x->download);
}

static void same(struct run *x)
{
    x->report->unchanged = 1;
    run_end(x, SYNC_OK, NULL);
}

static void fail(struct run *x, int rc, const struct err *e)
{
    switch (rc) {
    case -EBUSY:
        run_end(x, SYNC_BUSY, e);
        break;
    case -EINVAL:
        run_end(x, SYNC_USAGE, e);
        break;
    case -EILSEQ: /* the last part of the key is no name */
        run_end(x, SYNC_KEYS, e);
        break;
    default:
        run_end_local(x, rc, e);
        break;
    }
}

static void decide(struct run *x)
{
    const struct single *s = &x->single;
    struct err e;
    char *name = NULL;
    int rc = choose(x, &name, &e);
    x->report->listed = x->lister.listed = 1;
    const struct remote_file o = {
        .path = name,
        .path_len = strlen(name),
        .key = buf_str(&x->key),
        .key_len = x->key.len,
        .etag = s->etag.len ? buf_str(&s->etag) : NULL,
        .size = s->size,
        .mtime = s->mtime,
    };
    if (rc == 0)
        rc = compare(x, &o, &e);
    if (rc < 0)
        fail(x, rc, &e);
    else if (rc == 0)
        fetch(x, &o);
    else
        same(x);
    mem_free(name);
}

// --- whether there is one ------------------------------------------------------------------------

static int on_head_end(struct wire_request *r, const struct wire_answer *a, struct err *e)
{
    struct run *x = r->ctx;
    if (a->length < 0 || a->mtime < 0)
        return err_set(e, -EBADMSG, "the server does not say how large and how old it is");
    x->single.size = a->length;
    x->single.mtime = a->mtime;
    buf_text(&x->single.etag, a->etag);
    return 0;
}

static void on_head_done(struct wire_request *r, enum sync_exit why, struct err *e)
{
    struct run *x = r->ctx;
    const struct single *s = &x->single;
    bool missing = why == SYNC_NOT_FOUND || why == SYNC_OBJECTS || why == SYNC_DENIED;
    if (why == SYNC_OK)
        decide(x);
    else if (missing && s->instead == SYNC_OK)
        run_open_target(x); /* --allow-empty */
    else if (missing)
        run_end(x, s->instead, &s->err); /* what the listing said is more to the point */
    else
        run_end(x, why, e);
}

void single_start(struct run *x, enum sync_exit instead, const struct err *e)
{
    const struct s3_place *place = &x->session.place;
    x->stage = RUN_SINGLE;
    x->single.instead = instead;
    if (instead != SYNC_OK)
        x->single.err = *e;
    buf_append(&x->key, place->prefix, strlen(place->prefix) - 1);
    wire_request_init(&x->single.head, WIRE_HEAD,
                      s3_object_target(place, buf_str(&x->key), x->key.len), x);
    x->single.head.on_end = on_head_end;
    x->single.head.on_done = on_head_done;
    wire_send(x->session.wire, &x->single.head);
}

void single_close(struct run *x)
{
    if (x->single.chosen)
        tree_close(&x->release.fresh);
    buf_close(&x->single.etag);
}
