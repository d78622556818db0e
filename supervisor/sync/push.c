#include "sync/push_inner.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/list.h"
#include "base/mem.h"
#include "sync/local/release.h"
#include "sync/merge.h"

static void pump(struct push *x);

// --- the way out ---------------------------------------------------------------------------------

void push_end(struct push *x, enum sync_exit why, const struct err *e)
{
    if (x->stage == PUSH_END)
        return;
    x->stage = PUSH_END;
    x->why = why;
    if (e && why != SYNC_OK)
        *x->err = *e;
    session_later(&x->session);
}

static void on_end(void *ctx, enum sync_exit why, const struct err *e)
{
    push_end(ctx, why, e);
}

static void close_rest(void *ctx)
{
    struct push *x = ctx;
    if (x->walk)
        walk_close(x->walk, NULL);
    if (x->listing) {
        lister_close(&x->lister);
        remote_close(&x->remote);
    }
    session_close(&x->session);
}

static void close_all(struct push *x)
{
    if (x->closed)
        return;
    x->closed = true;
    if (x->upload)
        upload_stop(x->upload, close_rest); /* what is half-way is given up on the server, too */
    else
        close_rest(x);
}

static void on_again(void *ctx)
{
    struct push *x = ctx;
    if (x->stage == PUSH_END)
        close_all(x);
    else
        pump(x);
}

// --- the end of a run that went well -------------------------------------------------------------

static void finish_well(struct push *x)
{
    if (x->o->dry) {
        x->report->fetched = x->report->to_fetch;
        x->report->fetched_bytes = x->report->to_fetch_bytes;
    }
    bool told = x->report->skipped > 0 && x->o->bad_keys == BAD_KEYS_REPORT;
    push_end(x, told ? SYNC_KEYS : SYNC_OK, NULL);
}

static void on_purged(void *ctx, enum sync_exit why, const struct err *e)
{
    struct push *x = ctx;
    if (why == SYNC_OK)
        finish_well(x);
    else
        push_end(x, why, e);
}

static void start_purge(struct push *x)
{
    x->stage = PUSH_REMOVE;
    x->purge = (struct purge){
        .wire = x->session.wire,
        .place = &x->session.place,
        .paths = &x->doomed,
        .gone = &x->report->deleted,
        .ctx = x,
        .on_done = on_purged,
    };
    purge_start(&x->purge);
}

static void finish(struct push *x)
{
    struct err e;
    if (x->report->failed > 0) {
        (void)err_set(&e, -EIO, "%zu files could not be sent; nothing was deleted",
                      x->report->failed);
        push_end(x, SYNC_OBJECTS, &e);
    } else if (x->found == 0 && !x->o->allow_empty) {
        (void)err_set(&e, -ENOENT, "there are no files in %s (--allow-empty accepts that)",
                      x->o->source);
        push_end(x, SYNC_NOT_FOUND, &e);
    } else if (x->o->dry || x->doomed.fd < 0 || x->doomed.counts[1] == 0) {
        finish_well(x);
    } else if (spool_rewind(&x->doomed, &e) < 0) {
        push_end(x, SYNC_LOCAL, &e);
    } else {
        start_purge(x);
    }
}

// --- both sides, side by side --------------------------------------------------------------------

void push_send(struct push *x, const char *path, const char *key, int64_t size, const char *etag)
{
    x->report->to_fetch++;
    x->report->to_fetch_bytes += size;
    if (x->o->dry)
        report_plan(x->report, "upload", path);
    else
        upload_add(x->upload, path, key, etag);
}

static void skip_file(struct push *x, const struct walk_entry *local)
{
    struct err e;
    struct buf shown = BUF_EMPTY;
    s3key_show(&shown, local->path, strlen(local->path));
    (void)err_set(&e, -EINVAL, "skipped: %s %s", buf_str(&shown),
                  S_ISLNK(local->type)   ? "is a symbolic link"
                  : S_ISREG(local->type) ? "is no name that an object can have"
                                         : "is no regular file");
    buf_close(&shown);
    x->report->skipped++;
    if (x->o->bad_keys == BAD_KEYS_FAIL)
        push_end(x, SYNC_KEYS, &e);
    else if (x->o->bad_keys == BAD_KEYS_REPORT)
        report_key(x->report, REPORT_SKIPPED, local->path, strlen(local->path), e.text);
}

static void doom(struct push *x, const char *path)
{
    struct err e;
    if (x->o->dry) {
        report_plan(x->report, "delete", path);
        x->report->deleted++;
    } else if (spool_add(&x->doomed, SPOOL_REMOVE, path, &e) < 0) {
        push_end(x, SYNC_LOCAL, &e);
    }
}

static void act(struct push *x, const struct merge_heads *same)
{
    const char *etag = NULL;
    switch (push_decide(x->o, same->remote, same->local)) {
    case PUSH_KEEP:
        x->report->unchanged++;
        x->found++;
        break;
    case PUSH_CHECK:
        etag = same->remote->etag;
        __attribute__((fallthrough));
    case PUSH_SEND: {
        char *key = mem_printf("%s%s", x->session.place.prefix, same->local->path);
        if (push_is_key(key))
            push_send(x, same->local->path, key, same->local->size, etag);
        else
            skip_file(x, same->local);
        mem_free(key);
        x->found++;
        break;
    }
    case PUSH_DELETE:
        doom(x, same->remote->path);
        break;
    case PUSH_SKIP:
        skip_file(x, same->local);
        break;
    case PUSH_PASS:
        break;
    }
}

enum look { LOOK_READY, LOOK_WAIT, LOOK_OVER };

/* The heads of both streams, where both have one or have ended. */
static enum look look(struct push *x, struct merge_heads *heads)
{
    enum lister_state remote = remote_look(&x->remote, &heads->remote);
    enum walk_state local = walk_look(x->walk, &heads->local);
    struct err e;
    if (remote == LISTER_FAILED)
        push_end(x, x->lister.why, &x->lister.err);
    else if (local == WALK_FAILED)
        (void)walk_error(x->walk, &e), push_end(x, SYNC_LOCAL, &e);
    if (x->stage == PUSH_END || remote == LISTER_WAIT || local == WALK_WAIT)
        return LOOK_WAIT;
    if (remote == LISTER_END)
        heads->remote = NULL;
    if (local == WALK_END)
        heads->local = NULL;
    return heads->remote || heads->local ? LOOK_READY : LOOK_OVER;
}

/* An object below what is a link here, and not followed: its file may well be there. A link follows
 * in the order of paths on all that is below it. */
static bool is_out_of_sight(const struct merge_heads *heads, const struct merge_heads *same)
{
    return same->remote && !same->local && heads->local && S_ISLNK(heads->local->type) &&
           s3key_inside(same->remote->path, heads->local->path);
}

static void stream(struct push *x)
{
    while (x->stage == PUSH_STREAM && upload_has_room(x->upload)) {
        struct merge_heads heads = {0};
        struct merge_heads same;
        enum look seen = look(x, &heads);
        if (seen == LOOK_OVER)
            x->stage = PUSH_DRAIN;
        if (seen != LOOK_READY)
            return;
        (void)merge_next(&heads, &same);
        if (!is_out_of_sight(&heads, &same))
            act(x, &same);
        if (same.remote)
            remote_next(&x->remote);
        if (same.local)
            walk_next(x->walk);
    }
}

static void pump(struct push *x)
{
    if (x->stage == PUSH_STREAM && !x->asking && !x->single)
        stream(x);
    if (x->stage == PUSH_DRAIN && upload_active(x->upload) == 0)
        finish(x);
}

static void on_change(void *ctx)
{
    pump(ctx);
}

static void on_list(struct lister *l)
{
    pump(l->ctx);
}

static void start_streams(struct push *x)
{
    const struct walk_options walk = {
        .reserved = RELEASE_RESERVED, .ctx = x, .on_change = on_change};
    lister_start(&x->lister, x->session.wire, &x->session.place, x->session.place.prefix);
    x->lister.ctx = x;
    x->lister.on_change = on_list;
    x->listing = true;
    remote_init(&x->remote, &x->lister, &x->o->filter);
    x->walk = walk_new(&x->session.loop, x->tree.fd, &walk);
}

// --- the beginning -------------------------------------------------------------------------------

static void on_result(void *ctx, const struct upload_result *result, struct err *e)
{
    struct push *x = ctx;
    if (result->why == SYNC_OK && result->unchanged) {
        x->report->unchanged++;
        x->report->to_fetch--;
        x->report->to_fetch_bytes -= result->size;
    } else if (result->why == SYNC_OK) {
        x->report->fetched++;
        x->report->fetched_bytes += result->size;
    } else if (result->why == SYNC_OBJECTS || result->why == SYNC_LOCAL) {
        x->report->failed++;
        report_key(x->report, REPORT_FAILED, result->path, strlen(result->path), e->text);
    } else {
        push_end(x, result->why, e);
    }
    session_later(&x->session);
}

static void on_bytes(void *ctx, int64_t bytes)
{
    struct push *x = ctx;
    x->report->moved_bytes += bytes;
}

static void on_tick(void *ctx, unsigned waited)
{
    (void)waited;
    struct push *x = ctx;
    x->report->listed = x->found;
    x->report->listed_all = x->stage > PUSH_STREAM;
    if (x->session.wire)
        x->report->retries = wire_retries(x->session.wire);
}

static void on_ready(void *ctx)
{
    struct push *x = ctx;
    const struct upload_options upload = {
        .wire = x->session.wire,
        .place = &x->session.place,
        .tree = &x->tree,
        .concurrency = (unsigned)x->o->concurrency,
        .tries = (unsigned)x->o->tries,
        .sign_payload = strncmp(x->session.place.origin, "https:", 6) != 0,
        .headers = x->session.sse.store,
        .ctx = x,
        .on_result = on_result,
        .on_bytes = on_bytes,
        .on_room = on_change,
    };
    x->upload = upload_new(&x->session.loop, &upload);
    x->stage = PUSH_STREAM;
    if (x->single)
        push_single(x);
    else
        start_streams(x);
    pump(x);
}

/* The folder of one file. Links are followed at the very top, which was named. */
static int open_single(struct push *x)
{
    char path[PATH_MAX];
    const char *given = strrchr(x->o->source, '/');
    if (!realpath(x->o->source, path))
        return -1;
    char *folder = target_folder(path);
    x->single = mem_strdup(strrchr(path, '/') + 1);
    x->name = given ? given + 1 : x->o->source;
    int fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    mem_free(folder);
    return fd;
}

static enum sync_exit open_source(struct push *x, struct err *e)
{
    const char *path = x->o->source;
    struct stat st;
    if (stat(path, &st) == 0)
        x->tree.fd =
            S_ISREG(st.st_mode) ? open_single(x) : open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (x->tree.fd >= 0)
        return SYNC_OK;
    enum sync_exit why = errno == ENOENT ? SYNC_NOT_FOUND : SYNC_LOCAL;
    (void)err_set(e, -errno, "cannot read %s: %s", path, strerror(errno));
    return why;
}

static enum sync_exit open_doomed(struct push *x, struct err *e)
{
    const char *folder = getenv("TMPDIR");
    if (!x->o->delete || x->o->dry || x->single)
        return SYNC_OK;
    int fd = open(folder && *folder ? folder : "/tmp", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    int rc = fd < 0 ? err_set(e, -errno, "%s", strerror(errno)) : spool_open(&x->doomed, fd, e);
    if (rc < 0)
        (void)err_prefix(e, rc, "cannot use the folder for temporary files (TMPDIR)");
    fd_close(&fd);
    return rc < 0 ? SYNC_LOCAL : SYNC_OK;
}

static void run_session(struct push *x)
{
    x->session = (struct session){
        .o = x->o,
        .report = x->report,
        .url = x->o->target,
        .ctx = x,
        .on_ready = on_ready,
        .on_end = on_end,
        .on_again = on_again,
        .on_tick = on_tick,
    };
    session_open(&x->session);
    session_run(&x->session);
    upload_free(x->upload);
    session_free(&x->session);
}

enum sync_exit push_run(const struct arguments *o, struct report *r, struct err *e)
{
    struct push *x = mem_alloc(sizeof *x);
    x->o = o;
    x->report = r;
    x->err = e;
    e->text[0] = '\0';
    x->doomed.fd = -1;
    tree_init(&x->tree, -1);
    enum sync_exit why = open_source(x, e);
    if (why == SYNC_OK)
        why = open_doomed(x, e);
    if (why == SYNC_OK) {
        run_session(x);
        why = x->why;
    }
    r->listed = x->found;
    r->published = !o->dry && (r->fetched > 0 || r->deleted > 0); /* also if the run fails */
    spool_close(&x->doomed);
    tree_close(&x->tree);
    mem_free(x->single);
    mem_free(x);
    return why;
}
