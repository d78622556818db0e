#include "sync/run.h"

#include <errno.h>
#include <string.h>

#include "base/mem.h"
#include "sync/sync.h"

// --- the way out ---------------------------------------------------------------------------------

/* What to do about it, where the reason is not in the sentence. */
static const char *advice(int rc)
{
    switch (rc) {
    case -EACCES:
    case -EPERM:
        return "; who runs the sync must be allowed to write there";
    case -EROFS:
        return "; the disk is mounted read-only";
    case -ENOTDIR:
        return "; a file is where a folder must be";
    default:
        return "";
    }
}

void run_end(struct run *x, enum sync_exit why, const struct err *e)
{
    if (x->stage == RUN_END)
        return;
    x->stage = RUN_END;
    x->why = why;
    if (e && why != SYNC_OK)
        (void)err_set(x->err, -EIO, "%s%s", e->text,
                      why == SYNC_FULL ? "; make room there, then run it again" : "");
    atomic_store(&x->stop, true);
    run_later(x);
}

void run_end_local(struct run *x, int rc, const struct err *e)
{
    struct err advised;
    (void)err_set(&advised, rc, "%s%s", e->text, advice(rc));
    run_end(x, sync_exit_local(rc), &advised);
}

void run_end_listing(struct run *x)
{
    struct err e = x->lister.err;
    if (x->lister.why == SYNC_SERVER)
        (void)err_prefix(&e, -EIO, "cannot list s3://%s/%s", x->session.place.bucket,
                         x->session.place.prefix);
    run_end(x, x->lister.why, &e);
}

static void count(struct run *x)
{
    x->report->listed = x->lister.listed;
    x->report->listed_all |=
        x->stage == RUN_SINGLE || x->stage == RUN_DRAIN || x->stage == RUN_COMMIT;
    if (x->session.wire)
        x->report->retries = wire_retries(x->session.wire);
}

/* What was fetched serves the next run, but not where it would keep the disk full. */
static bool keeps_staged(const struct run *x)
{
    return x->why != SYNC_FULL;
}

/* The loop ends once all of these are closed, and what the work queue does is done. */
static void close_all(struct run *x)
{
    if (x->closed)
        return;
    x->closed = true;
    count(x);
    atomic_store(&x->check.stop, true);
    if (x->download)
        download_stop(x->download, keeps_staged(x));
    download_free(x->download);
    x->download = NULL;
    if (x->writer)
        writer_close(x->writer, NULL);
    if (x->walk)
        walk_close(x->walk, NULL);
    if (x->session.wire) {
        lister_close(&x->lister);
        remote_close(&x->remote);
    }
    session_close(&x->session);
}

static void on_again(void *ctx)
{
    struct run *x = ctx;
    if (x->stage == RUN_END)
        close_all(x);
    else
        run_pump(x);
}

void run_later(struct run *x)
{
    session_later(&x->session);
}

// --- the end of a run that went well -------------------------------------------------------------

/* Nothing where data was expected is a mistake far more often than a wish. */
static enum sync_exit check_not_empty(const struct run *x, struct err *e)
{
    if (x->wanted > 0 || x->o->allow_empty)
        return SYNC_OK;
    if (x->report->skipped > 0) {
        (void)err_set(e, -EINVAL, "no key under %s is a usable file name; nothing was changed",
                      x->o->source);
        return SYNC_KEYS;
    }
    if (x->remote.excluded > 0)
        (void)err_set(e, -ENOENT, "the filters leave none of the %zu objects under %s",
                      x->remote.excluded, x->o->source);
    else
        (void)err_set(e, -ENOENT, "there are no objects under %s (--allow-empty accepts that)",
                      x->o->source);
    return SYNC_NOT_FOUND;
}

/* The target shows the data already, and its manifest knows. */
static bool is_unchanged(const struct run *x)
{
    const struct release *p = &x->release;
    bool published = p->mode == PUBLISH_INPLACE || !p->took_folder;
    return !x->changed && published && p->old.fd >= 0 && p->known.exists && !p->known.foreign;
}

static void on_commit_work(uv_work_t *work)
{
    struct run *x = container_of(work, struct run, work);
    struct release *p = &x->release;
    int rc = is_unchanged(x) ? release_unchanged(p, &x->work_err)
                             : release_commit(p, &x->stop, &x->removed, &x->work_err);
    x->committed = rc == 0;
    x->work_rc = rc < 0 ? rc : release_confirm(p, &x->work_err);
}

static enum sync_exit well(const struct run *x)
{
    bool told = x->o->bad_keys != BAD_KEYS_IGNORE;
    return told && x->report->skipped > 0 ? SYNC_KEYS : SYNC_OK;
}

/* A signal that came too late to stop the switch has stopped nothing. */
static void on_commit_done(uv_work_t *work, int status)
{
    (void)status;
    struct run *x = container_of(work, struct run, work);
    bool here = x->o->publish == PUBLISH_INPLACE; /* what went has gone, also if the run fails */
    if (x->committed || here)
        x->report->deleted = x->removed;
    x->report->published |= x->committed ? !is_unchanged(x) : here && x->removed > 0;
    if (x->work_rc < 0) {
        run_end_local(x, x->work_rc, &x->work_err);
        return;
    }
    run_end(x, well(x), NULL);
    x->why = well(x);
}

static void finish_dry(struct run *x)
{
    x->report->fetched = x->report->to_fetch;
    x->report->fetched_bytes = x->report->to_fetch_bytes;
    x->report->deleted = x->to_delete;
    run_end(x, well(x), NULL);
}

static void finish(struct run *x)
{
    struct err e;
    enum sync_exit why = check_not_empty(x, &e);
    if (why == SYNC_OK && x->report->failed > 0) {
        (void)err_set(&e, -EIO, "%zu objects could not be fetched; nothing was deleted",
                      x->report->failed);
        why = SYNC_OBJECTS;
    }
    if (why != SYNC_OK) {
        run_end(x, why, &e);
        return;
    }
    if (x->o->dry) {
        finish_dry(x);
        return;
    }
    run_feed_close(x);
    x->stage = RUN_COMMIT;
    (void)uv_queue_work(&x->session.loop, &x->work, on_commit_work, on_commit_done);
}

// --- the target ----------------------------------------------------------------------------------

static void on_walk(void *ctx)
{
    run_pump(ctx);
}

static void start_streams(struct run *x)
{
    const struct walk_options walk = {
        .no_mounts = x->release.mode == PUBLISH_ATOMIC,
        .reserved = RELEASE_RESERVED,
        .ctx = x,
        .on_change = on_walk,
    };
    x->rules = (struct merge_rules){
        .inplace = x->release.mode == PUBLISH_INPLACE,
        .delete = x->o->delete,
        .size_only = x->o->size_only,
        .checksum = x->o->checksum,
        .foreign = x->release.known.foreign,
        .has_manifest = x->release.known.exists,
        .filter = &x->o->filter,
    };
    x->walk = walk_new(&x->session.loop, x->release.old.fd, &walk);
    x->stage = RUN_STREAM;
    run_pump(x);
}

static void on_open_work(uv_work_t *work)
{
    struct run *x = container_of(work, struct run, work);
    x->work_rc =
        release_open(&x->release, x->o->target, x->o->publish, x->o->dry, x->source, &x->work_err);
}

static void on_open_done(uv_work_t *work, int status)
{
    (void)status;
    struct run *x = container_of(work, struct run, work);
    int rc = x->work_rc;
    x->opened = rc == 0;
    if (rc == -EBUSY || rc == -EINVAL)
        run_end(x, rc == -EBUSY ? SYNC_BUSY : SYNC_USAGE, &x->work_err);
    else if (rc < 0)
        run_end_local(x, rc, &x->work_err);
    else if (x->stage == RUN_OPEN)
        start_streams(x);
}

void run_open_target(struct run *x)
{
    x->stage = RUN_OPEN;
    (void)uv_queue_work(&x->session.loop, &x->work, on_open_work, on_open_done);
}

/* The target is touched only once there is something to put there. */
static void look_at_listing(struct run *x)
{
    const struct remote_file *first = NULL;
    enum sync_exit why = SYNC_OK;
    struct err e;
    switch (remote_look(&x->remote, &first)) {
    case LISTER_READY:
        run_open_target(x);
        break;
    case LISTER_WAIT:
        break;
    case LISTER_END:
        why = check_not_empty(x, &e);
        if (x->lister.listed == 0 && single_is_possible(x))
            single_start(x, why, &e);
        else if (why == SYNC_OK)
            run_open_target(x);
        else
            run_end(x, why, &e);
        break;
    case LISTER_FAILED: /* who may not list may still read an object */
        if (x->lister.why == SYNC_DENIED && single_is_possible(x))
            single_start(x, SYNC_DENIED, &x->lister.err);
        else
            run_end_listing(x);
        break;
    }
}

/* In place every file that comes is a change, and --bad-keys fail promised that there is none. */
static bool waits_for_all(const struct run *x)
{
    return x->o->bad_keys == BAD_KEYS_FAIL && x->o->publish == PUBLISH_INPLACE;
}

/* All is decided: what has still to come comes. */
static void drain(struct run *x)
{
    if (x->pending > 0 || x->stage == RUN_END)
        return;
    if (x->download)
        download_flush(x->download);
    if (!x->download || download_active(x->download) == 0)
        finish(x);
}

void run_pump(struct run *x)
{
    switch (x->stage) {
    case RUN_LIST:
        look_at_listing(x);
        break;
    case RUN_STREAM:
        if (stream_pump(x))
            x->stage = RUN_DRAIN;
        if (x->stage == RUN_DRAIN || !waits_for_all(x))
            run_feed(x);
        if (x->stage == RUN_DRAIN)
            drain(x);
        break;
    case RUN_DRAIN:
        run_feed(x);
        drain(x);
        break;
    case RUN_KEYS:
    case RUN_SINGLE:
    case RUN_OPEN:
    case RUN_COMMIT:
    case RUN_END:
        break;
    }
}

// --- the beginning -------------------------------------------------------------------------------

static void on_list(struct lister *l)
{
    run_pump(l->ctx);
}

/* What a manifest belongs to. In which region a bucket is may be found out only on the way. */
static char *source_name(const struct s3_place *p)
{
    if (p->aws)
        return mem_printf("s3://%s/%s", p->bucket, p->prefix);
    return mem_printf("%s%s/%s", p->origin, p->base, p->prefix);
}

static void on_ready(void *ctx)
{
    struct run *x = ctx;
    const struct s3_place *place = &x->session.place;
    x->source = source_name(place);
    lister_start(&x->lister, x->session.wire, place, place->prefix);
    x->lister.ctx = x;
    x->lister.on_change = on_list;
    remote_init(&x->remote, &x->lister, &x->o->filter);
    x->stage = RUN_LIST;
    run_pump(x);
}

static void on_end(void *ctx, enum sync_exit why, const struct err *e)
{
    run_end(ctx, why, e);
}

static void on_tick(void *ctx, unsigned waited)
{
    struct run *x = ctx;
    count(x);
    if (x->download && x->stage != RUN_END)
        download_widen(x->download, waited);
}

enum sync_exit sync_run(const struct arguments *o, struct report *r, struct err *e)
{
    struct run *x = mem_alloc(sizeof *x);
    x->session = (struct session){
        .o = o,
        .report = r,
        .url = o->source,
        .ctx = x,
        .on_ready = on_ready,
        .on_end = on_end,
        .on_again = on_again,
        .on_tick = on_tick,
    };
    x->o = o;
    x->report = r;
    x->err = e;
    x->backlog.fd = -1;
    e->text[0] = '\0';
    session_open(&x->session);
    session_run(&x->session);
    enum sync_exit why = x->why;
    if (x->opened)
        release_close(&x->release, keeps_staged(x));
    run_feed_close(x);
    single_close(x);
    session_free(&x->session);
    mem_free(x->source);
    buf_close(&x->inside);
    mem_free(x);
    return why;
}
