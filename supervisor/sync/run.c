#include "sync/run.h"

#include <errno.h>
#include <malloc.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "sync/sync.h"

enum { TICK_MS = 200 };

// --- the way out ---------------------------------------------------------------------------------

void run_end(struct run *x, enum sync_exit why, const struct err *e)
{
    if (x->stage == RUN_END)
        return;
    x->stage = RUN_END;
    x->why = why;
    if (e && why != SYNC_OK)
        *x->err = *e;
    atomic_store(&x->stop, true);
    run_later(x);
}

void run_end_local(struct run *x, int rc, const struct err *e)
{
    run_end(x, sync_exit_local(rc), e);
}

void run_end_listing(struct run *x)
{
    struct err e = x->lister.err;
    if (x->lister.why == SYNC_SERVER)
        (void)err_prefix(&e, -EIO, "cannot list s3://%s/%s", x->place.bucket, x->place.prefix);
    run_end(x, x->lister.why, &e);
}

static void close_handle(uv_handle_t *handle)
{
    if (!uv_is_closing(handle))
        uv_close(handle, NULL);
}

static void count(struct run *x)
{
    x->report->listed = x->lister.listed;
    x->report->listed_all |= x->stage == RUN_DRAIN || x->stage == RUN_COMMIT;
    if (x->wire)
        x->report->retries = wire_retries(x->wire);
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
    if (x->wire) {
        lister_close(&x->lister);
        remote_close(&x->remote);
        wire_close(x->wire, NULL);
    }
    keyring_close(&x->keyring, NULL);
    close_handle((uv_handle_t *)&x->on_term);
    close_handle((uv_handle_t *)&x->on_int);
    close_handle((uv_handle_t *)&x->tick);
    close_handle((uv_handle_t *)&x->again);
}

static void on_again(uv_timer_t *timer)
{
    struct run *x = container_of(timer, struct run, again);
    if (x->stage == RUN_END)
        close_all(x);
    else
        run_pump(x);
}

void run_later(struct run *x)
{
    (void)uv_timer_start(&x->again, on_again, 0, 0);
}

static void on_signal(uv_signal_t *handle, int number)
{
    struct run *x = handle->data;
    struct err e;
    (void)err_set(&e, -EINTR, "interrupted");
    run_end(x, number == SIGINT ? SYNC_SIGINT : SYNC_SIGTERM, &e);
}

static void on_tick(uv_timer_t *timer)
{
    struct run *x = container_of(timer, struct run, tick);
    count(x);
    report_tick(x->report);
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
    if (x->work_rc < 0) {
        run_end_local(x, x->work_rc, &x->work_err);
        return;
    }
    x->report->deleted = x->removed;
    x->report->published = !is_unchanged(x);
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
    (void)uv_queue_work(&x->loop, &x->work, on_commit_work, on_commit_done);
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
    x->walk = walk_new(&x->loop, x->release.old.fd, &walk);
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
    if (rc < 0)
        run_end(x,
                rc == -EBUSY    ? SYNC_BUSY
                : rc == -EINVAL ? SYNC_USAGE
                                : sync_exit_local(rc),
                &x->work_err);
    else if (x->stage == RUN_OPEN)
        start_streams(x);
}

static void open_target(struct run *x)
{
    x->stage = RUN_OPEN;
    (void)uv_queue_work(&x->loop, &x->work, on_open_work, on_open_done);
}

/* The target is touched only once there is something to put there. */
static void look_at_listing(struct run *x)
{
    const struct remote_file *first = NULL;
    struct err e;
    switch (remote_look(&x->remote, &first)) {
    case LISTER_READY:
        open_target(x);
        break;
    case LISTER_WAIT:
        break;
    case LISTER_END:
        if (check_not_empty(x, &e) == SYNC_OK)
            open_target(x);
        else
            run_end(x, check_not_empty(x, &e), &e);
        break;
    case LISTER_FAILED:
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

static void on_expired(void *ctx)
{
    struct run *x = ctx;
    keyring_load(&x->keyring);
}

static struct wire *open_wire(struct run *x)
{
    const struct arguments *o = x->o;
    const struct wire_options wire = {
        .concurrency = (unsigned)o->concurrency,
        .tries = (unsigned)o->tries,
        .stall_ms = o->stall_ms,
        .connect_ms = o->connect_ms,
        .bytes_per_second = o->bytes_per_second,
        .requester_pays = o->request_payer,
        .ca_file = o->ca_file ? o->ca_file : x->keyring.creds.ca_file,
        .extra = x->sse.object,
        .ctx = x,
        .on_expired = on_expired,
    };
    return wire_new(&x->loop, &wire, &x->place);
}

/* What a manifest belongs to. In which region a bucket is may be found out only on the way. */
static char *source_name(const struct s3_place *p)
{
    if (p->aws)
        return mem_printf("s3://%s/%s", p->bucket, p->prefix);
    return mem_printf("%s%s/%s", p->origin, p->base, p->prefix);
}

static void start_listing(struct run *x)
{
    const struct arguments *o = x->o;
    const struct creds *keys = &x->keyring.creds;
    const struct s3_where where = {
        .source = o->source,
        .endpoint = o->endpoint ? o->endpoint : keys->endpoint,
        .region = o->region      ? o->region
                  : keys->region ? keys->region
                                 : "us-east-1",
        .style = o->style,
    };
    struct err e;
    if (s3_place_init(&x->place, &where, &e) < 0) {
        run_end(x, SYNC_USAGE, &e);
        return;
    }
    x->source = source_name(&x->place);
    x->wire = open_wire(x);
    wire_set_creds(x->wire, keys);
    lister_start(&x->lister, x->wire, &x->place, x->place.prefix);
    x->lister.ctx = x;
    x->lister.on_change = on_list;
    remote_init(&x->remote, &x->lister, &o->filter);
    x->stage = RUN_LIST;
    run_pump(x);
}

static void on_keys(struct keyring *k, int rc, const struct err *e)
{
    struct run *x = k->ctx;
    if (rc < 0) {
        run_end(x, creds_why(rc), e);
    } else if (x->wire) {
        wire_set_creds(x->wire, &k->creds);
    } else if (x->stage == RUN_KEYS) {
        start_listing(x);
    }
}

static void open_loop(struct run *x)
{
    if (uv_loop_init(&x->loop) < 0 || uv_signal_init(&x->loop, &x->on_term) < 0 ||
        uv_signal_init(&x->loop, &x->on_int) < 0)
        abort(); /* no memory or no descriptors, right at the start */
    (void)uv_timer_init(&x->loop, &x->tick);
    (void)uv_timer_init(&x->loop, &x->again);
    x->on_term.data = x->on_int.data = x;
    (void)uv_signal_start(&x->on_term, on_signal, SIGTERM);
    (void)uv_signal_start(&x->on_int, on_signal, SIGINT);
    (void)uv_timer_start(&x->tick, on_tick, TICK_MS, TICK_MS);
}

static enum sync_exit run_loop(struct run *x)
{
    const struct creds_query query = {
        .profile = x->o->profile,
        .env_file = x->o->env_file,
        .region = x->o->region,
        .ca_file = x->o->ca_file,
        .anonymous = x->o->anonymous,
    };
    open_loop(x);
    keyring_init(&x->keyring, &x->loop, &query);
    x->keyring.ctx = x;
    x->keyring.on_keys = on_keys;
    keyring_load(&x->keyring);
    (void)uv_run(&x->loop, UV_RUN_DEFAULT);
    (void)uv_loop_close(&x->loop);
    if (x->opened)
        release_close(&x->release, keeps_staged(x));
    run_feed_close(x);
    s3_place_close(&x->place);
    mem_free(x->source);
    buf_close(&x->inside);
    return x->why;
}

enum sync_exit sync_run(const struct arguments *o, struct report *r, struct err *e)
{
    e->text[0] = '\0';
    struct run *x = mem_alloc(sizeof *x);
    x->o = o;
    x->report = r;
    x->err = e;
    x->backlog.fd = -1;
    const struct sse_query sse = {.key_file = o->sse_c_key_file};
    enum sync_exit why = sse_init(&x->sse, &sse, e) < 0 ? SYNC_USAGE : run_loop(x);
    sse_close(&x->sse);
    mem_free(x);
    return why;
}
