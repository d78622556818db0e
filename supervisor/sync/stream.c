/* The streams side by side: listing, folder and manifests, one path after the other. */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "base/mem.h"
#include "sync/run.h"
#include "sync/s3/s3key.h"

enum { STEPS_AT_A_TIME = 2000 }; /* then others have their turn */

enum step {
    STEP_ON,
    STEP_WAIT,  /* something will call run_pump */
    STEP_ENDED, /* all streams */
};

static bool put_aside(struct run *x, enum spool_what what, const char *path)
{
    struct err e;
    if (x->o->dry)
        return true;
    int rc = spool_add(&x->release.extras, what, path, &e);
    if (rc < 0)
        run_end_local(x, rc, &e);
    return rc == 0;
}

/* A file that is the object already. */
static bool keep(struct run *x, const struct merge_heads *same)
{
    int64_t id = 0;
    x->report->unchanged++;
    x->changed |= merge_is_news(same, &x->rules);
    enum manifest_state state = x->o->publish == PUBLISH_INPLACE ? MANIFEST_THERE : MANIFEST_KEPT;
    return run_note(x, same->remote, state, same->local->mtime, &id);
}

/* Atomic: what a killed run has fetched is trusted if nobody touched it. */
static bool take_staged(struct run *x, const struct merge_heads *same)
{
    const struct manifest_entry *staged = same->staged;
    struct stat st;
    struct err e;
    int64_t id = 0;
    int rc = x->o->dry ? 0 : release_begin(&x->release, &e);
    if (rc < 0) {
        run_end_local(x, rc, &e);
        return false;
    }
    if (x->release.fresh.fd < 0 || tree_stat(&x->release.fresh, same->remote->path, &st) < 0 ||
        !S_ISREG(st.st_mode) || st.st_size != staged->size || tree_mtime(&st) != staged->mtime)
        return run_fetch(x, same);
    x->changed = true;
    x->report->unchanged++;
    return run_note(x, same->remote, MANIFEST_THERE, staged->mtime, &id);
}

// --- one path ------------------------------------------------------------------------------------

static void show_fault(struct buf *out, const struct remote_file *o)
{
    buf_text(out, "the key ");
    s3key_show(out, o->key, o->key_len);
    buf_printf(out, " %s", s3key_fault_text(o->fault));
}

static bool skip(struct run *x, const struct remote_file *o)
{
    struct err e;
    struct buf b = BUF_EMPTY;
    x->report->skipped++;
    show_fault(&b, o);
    switch (x->o->bad_keys) {
    case BAD_KEYS_REPORT:
        (void)err_set(&e, -EINVAL, "skipped: %s", buf_str(&b));
        report_key(x->report, REPORT_SKIPPED, o->key, o->key_len, e.text);
        break;
    case BAD_KEYS_IGNORE:
        break;
    case BAD_KEYS_FAIL:
        (void)err_set(&e, -EINVAL, "%s; nothing was changed", buf_str(&b));
        run_end(x, SYNC_KEYS, &e);
        break;
    }
    buf_close(&b);
    return x->stage != RUN_END;
}

/* A folder is put aside only when nothing was in it: else it comes with what is in it. */
static bool carry(struct run *x, const struct walk_entry *file)
{
    size_t len = strlen(file->path);
    if (S_ISDIR(file->type) && strncmp(buf_str(&x->inside), file->path, len) == 0)
        return true;
    return put_aside(x, SPOOL_CARRY, file->path);
}

static bool remove_extra(struct run *x, const char *path)
{
    x->changed = true;
    x->to_delete++;
    if (x->o->dry)
        report_plan(x->report, "delete", path);
    return put_aside(x, SPOOL_REMOVE, path);
}

static void on_checked(struct check *c)
{
    run_pump(container_of(c, struct run, check));
}

/* --checksum: the file is read first, and the stream waits. */
static bool check(struct run *x, const struct merge_heads *same)
{
    struct check *c = &x->check;
    if (c->busy)
        return false;
    if (!c->known) {
        check_start(c, &x->session.loop, x->release.old.fd, same->remote, on_checked);
        return false;
    }
    bool on = c->same ? keep(x, same) : run_fetch(x, same);
    c->known = !on;
    return on;
}

/* false: something has to be waited for; the same path comes again. */
static bool act(struct run *x, const struct merge_heads *same)
{
    switch (merge_decide(same, &x->rules)) {
    case MERGE_SKIP:
        return skip(x, same->remote);
    case MERGE_FETCH:
        return run_fetch(x, same);
    case MERGE_KEEP:
        return keep(x, same);
    case MERGE_STAGED:
        return take_staged(x, same);
    case MERGE_CHECK:
        return check(x, same);
    case MERGE_CARRY:
        return carry(x, same->local);
    case MERGE_REMOVE:
        return remove_extra(x, same->local->path);
    case MERGE_PARTIAL:
        return put_aside(x, SPOOL_PARTIAL, same->local->path);
    case MERGE_FORGET:
        x->changed |= merge_is_news(same, &x->rules);
        return true;
    }
    return true;
}

static void advance(struct run *x, const struct merge_heads *same)
{
    if (same->local && !S_ISDIR(same->local->type)) {
        buf_clear(&x->inside);
        buf_text(&x->inside, same->local->path);
    }
    if (same->remote)
        remote_next(&x->remote);
    if (same->local)
        walk_next(x->walk);
    if (same->known)
        manifest_next(&x->release.known);
    if (same->staged)
        manifest_next(&x->release.staged);
}

/* STEP_ON: all heads are there, or their streams have ended. */
static enum step look(struct run *x, struct merge_heads *heads)
{
    struct err e;
    enum lister_state remote = remote_look(&x->remote, &heads->remote);
    enum walk_state local = walk_look(x->walk, &heads->local);
    if (remote == LISTER_FAILED) {
        run_end_listing(x);
        return STEP_WAIT;
    }
    if (local == WALK_FAILED) {
        int rc = walk_error(x->walk, &e);
        run_end_local(x, rc, &e);
        return STEP_WAIT;
    }
    if (remote == LISTER_WAIT || local == WALK_WAIT)
        return STEP_WAIT;
    if (remote == LISTER_END)
        heads->remote = NULL;
    if (local == WALK_END)
        heads->local = NULL;
    heads->known = manifest_look(&x->release.known);
    heads->staged = manifest_look(&x->release.staged);
    return STEP_ON;
}

static enum step step(struct run *x)
{
    struct merge_heads heads = {0};
    struct merge_heads same;
    if (look(x, &heads) == STEP_WAIT)
        return STEP_WAIT;
    if (!merge_next(&heads, &same))
        return STEP_ENDED;
    if (!act(x, &same))
        return STEP_WAIT;
    advance(x, &same);
    return STEP_ON;
}

bool stream_pump(struct run *x)
{
    enum step s = STEP_ON;
    for (int i = 0; s == STEP_ON && i < STEPS_AT_A_TIME; i++)
        s = step(x);
    if (s == STEP_ON)
        run_later(x);
    return s == STEP_ENDED;
}
