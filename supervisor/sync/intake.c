/* What a run fetches: from the decision to the mark in the manifest that the file is there. */
#include <errno.h>
#include <string.h>
#include <sys/stat.h>

#include "sync/run.h"

bool run_note(struct run *x, const struct remote_file *o, enum manifest_state state, int64_t mtime,
              int64_t *id)
{
    struct err e;
    x->wanted++;
    if (x->o->dry)
        return true;
    const struct manifest_entry entry = {
        .path = o->path, .etag = o->etag, .size = o->size, .mtime = mtime, .state = state};
    int rc = manifest_add(&x->release.manifest, &entry, id, &e);
    if (rc < 0)
        run_end_local(x, rc, &e);
    return rc == 0;
}

static void on_fetched(void *ctx, const struct download_result *result, struct err *e)
{
    struct run *x = ctx;
    struct err failed;
    if (x->stage == RUN_END)
        return;
    if (result->why == SYNC_OK) {
        x->report->fetched++;
        x->report->fetched_bytes += result->size;
        x->report->published |= x->o->publish == PUBLISH_INPLACE; /* also if the run fails */
        int rc =
            manifest_mark(&x->release.manifest, result->id, MANIFEST_THERE, result->mtime, &failed);
        if (rc < 0)
            run_end_local(x, rc, &failed);
        return;
    }
    x->report->failed++;
    if (result->why != SYNC_OBJECTS || x->o->publish == PUBLISH_ATOMIC)
        run_end(x, result->why, e);
    else
        report_key(x->report, REPORT_FAILED, result->key, result->key_len, e->text);
}

static void on_bytes(void *ctx, int64_t bytes)
{
    struct run *x = ctx;
    x->report->moved_bytes += bytes;
}

static void on_download_room(void *ctx)
{
    run_pump(ctx);
}

static void on_writer_room(void *ctx)
{
    struct run *x = ctx;
    if (x->download && x->stage != RUN_END)
        download_resume(x->download);
}

void run_open_download(struct run *x,
                       void (*on_result)(void *ctx, const struct download_result *result,
                                         struct err *e))
{
    const struct download_options o = {
        .wire = x->session.wire,
        .place = &x->session.place,
        .concurrency = (unsigned)x->o->concurrency,
        .tries = (unsigned)x->o->tries,
        .ctx = x,
        .on_result = on_result,
        .on_bytes = on_bytes,
        .on_room = on_download_room,
    };
    x->space = release_space(&x->release);
    x->writer = writer_new(&x->session.loop, &x->release, x, on_writer_room);
    x->download = download_new(&o);
    download_set_writer(x->download, x->writer);
}

static int begin_fetching(struct run *x, struct err *e)
{
    int rc = release_begin(&x->release, e);
    if (rc == 0)
        run_open_download(x, on_fetched);
    return rc;
}

static int64_t add(int64_t a, int64_t b)
{
    int64_t sum = 0;
    return __builtin_add_overflow(a, b, &sum) ? INT64_MAX : sum;
}

/*
 * A full disk shows before the hours of transfer. In place a file makes room when it is replaced,
 * so that only growth counts, and the largest that is beside its predecessor for a while.
 */
bool run_check_space(struct run *x, int64_t size, const struct walk_entry *old)
{
    int64_t more = size;
    if (x->o->dry)
        return true;
    if (x->o->publish == PUBLISH_INPLACE && old && S_ISREG(old->type))
        more = size > old->size ? size - old->size : 0;
    x->needed = add(x->needed, more);
    if (size > x->largest)
        x->largest = size;
    int64_t beside = x->o->publish == PUBLISH_INPLACE && old ? x->largest : 0;
    if (x->space < 0 || x->release.resumed || x->needed <= x->space - beside)
        return true;
    struct err e;
    struct buf need = BUF_EMPTY;
    struct buf have = BUF_EMPTY;
    progress_show_bytes(&need, x->needed + beside);
    progress_show_bytes(&have, x->space);
    (void)err_set(&e, -ENOSPC, "at least %s are needed but only %s are free on the disk of %s",
                  buf_str(&need), buf_str(&have), x->o->target);
    run_end(x, SYNC_FULL, &e);
    buf_close(&need);
    buf_close(&have);
    return false;
}

/* It is fetched when its turn comes: what is to be done with all others is found out meanwhile. */
bool run_fetch(struct run *x, const struct merge_heads *same)
{
    const struct remote_file *o = same->remote;
    struct err e;
    int64_t id = 0;
    int rc = x->download || x->o->dry ? 0 : begin_fetching(x, &e);
    if (rc < 0) {
        run_end_local(x, rc, &e);
        return false;
    }
    if (!run_check_space(x, o->size, same->local) ||
        !run_note(x, o, MANIFEST_WANTED, o->mtime, &id))
        return false;
    x->changed = true;
    x->report->to_fetch++;
    x->report->to_fetch_bytes = add(x->report->to_fetch_bytes, o->size);
    if (x->o->dry) {
        report_plan(x->report, "fetch", o->path);
        return true;
    }
    x->pending++;
    rc = x->backlog.fd < 0 ? manifest_follow(&x->backlog, &x->release.manifest, id, &e) : 0;
    if (rc < 0)
        run_end_local(x, rc, &e);
    return rc == 0;
}

/* The next that is to be fetched, from the file; what is still in memory is written first. */
static int next_wanted(struct run *x, const struct manifest_entry **wanted, struct err *e)
{
    bool flushed = false;
    for (;;) {
        const struct manifest_entry *entry = manifest_look(&x->backlog);
        *wanted = entry;
        if (entry && entry->state == MANIFEST_WANTED)
            return 0;
        if (entry) {
            manifest_next(&x->backlog);
            continue;
        }
        int rc = flushed ? err_set(e, -EIO, "the list of files is not what was written")
                         : manifest_flush(&x->release.manifest, e);
        if (rc < 0)
            return rc;
        flushed = true;
        manifest_follow_on(&x->backlog);
    }
}

static void feed_one(struct run *x, const struct manifest_entry *entry)
{
    buf_clear(&x->key);
    buf_text(&x->key, x->session.place.prefix);
    buf_text(&x->key, entry->path);
    const struct remote_file o = {
        .path = entry->path,
        .path_len = strlen(entry->path),
        .key = buf_str(&x->key),
        .key_len = x->key.len,
        .etag = entry->etag,
        .size = entry->size,
        .mtime = entry->mtime,
    };
    x->pending--;
    download_add(x->download, entry->id, &o);
    manifest_next(&x->backlog);
}

void run_feed(struct run *x)
{
    struct err e;
    while (x->pending > 0 && download_has_room(x->download)) {
        const struct manifest_entry *entry = NULL;
        int rc = next_wanted(x, &entry, &e);
        if (rc < 0) {
            run_end_local(x, rc, &e);
            return;
        }
        feed_one(x, entry);
    }
}

void run_feed_close(struct run *x)
{
    manifest_close(&x->backlog);
    buf_close(&x->key);
}
