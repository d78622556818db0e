#include "sync/local/walk.h"

#include <errno.h>
#include <stdatomic.h>
#include <stddef.h>
#include <string.h>

#include "base/buf.h"
#include "base/list.h"
#include "base/mem.h"
#include "sync/local/scan.h"

enum { BATCH_ENTRIES = 512, BATCH_BYTES = 64 << 10 };

/* What the thread has read in one turn. */
struct batch {
    struct buf paths;                         /* each with its NUL */
    struct walk_entry entries[BATCH_ENTRIES]; /* their paths are set when they are looked at */
    uint32_t begins[BATCH_ENTRIES];           /* of the path in `paths` */
    size_t count;
    size_t at;
    bool last;
    int rc; /* why it is the last, or 0 */
    struct err e;
};

/* While `working`, the thread has `scan` and the batch that is not shown. */
struct walk {
    uv_loop_t *loop;
    struct walk_options o;
    void (*on_closed)(void *ctx);
    uv_work_t work;
    bool working;
    bool filled; /* the other batch waits to be shown */
    bool waiting;
    bool closing;
    atomic_bool stop;
    struct scan *scan;
    struct batch batches[2];
    unsigned shown;
};

static struct batch *other(struct walk *w)
{
    return &w->batches[1 - w->shown];
}

static void fill(struct walk *w, struct batch *b)
{
    struct walk_entry entry;
    buf_clear(&b->paths);
    b->count = b->at = 0;
    while (b->count < BATCH_ENTRIES && b->paths.len < BATCH_BYTES && !atomic_load(&w->stop)) {
        b->rc = scan_next(w->scan, &entry, &b->e);
        if (b->rc <= 0) {
            b->last = true;
            return;
        }
        b->begins[b->count] = (uint32_t)b->paths.len;
        b->entries[b->count++] = entry;
        buf_append(&b->paths, entry.path, strlen(entry.path) + 1);
    }
}

static void free_walk(struct walk *w)
{
    scan_free(w->scan);
    buf_close(&w->batches[0].paths);
    buf_close(&w->batches[1].paths);
    void (*on_closed)(void *) = w->on_closed;
    void *ctx = w->o.ctx;
    mem_free(w);
    if (on_closed)
        on_closed(ctx);
}

static void on_work(uv_work_t *work)
{
    struct walk *w = container_of(work, struct walk, work);
    if (!atomic_load(&w->stop))
        fill(w, other(w));
}

static void on_filled(uv_work_t *work, int status)
{
    (void)status; /* canceled only when closing */
    struct walk *w = container_of(work, struct walk, work);
    w->working = false;
    w->filled = true;
    bool waiting = w->waiting;
    w->waiting = false;
    if (w->closing)
        free_walk(w);
    else if (waiting)
        w->o.on_change(w->o.ctx);
}

static void read_ahead(struct walk *w)
{
    w->working = true;
    (void)uv_queue_work(w->loop, &w->work, on_work, on_filled);
}

struct walk *walk_new(uv_loop_t *loop, int folder, const struct walk_options *o)
{
    struct walk *w = mem_alloc(sizeof *w);
    w->loop = loop;
    w->o = *o;
    w->scan = scan_new(folder,
                       &(struct scan_options){.no_mounts = o->no_mounts, .reserved = o->reserved});
    read_ahead(w);
    return w;
}

enum walk_state walk_look(struct walk *w, const struct walk_entry **entry)
{
    struct batch *b = &w->batches[w->shown];
    if (b->at == b->count && w->filled && !b->last) {
        w->shown = 1 - w->shown;
        w->filled = false;
        b = &w->batches[w->shown];
        if (!b->last)
            read_ahead(w);
    }
    if (b->at < b->count) {
        b->entries[b->at].path = b->paths.data + b->begins[b->at];
        *entry = &b->entries[b->at];
        return WALK_READY;
    }
    if (b->last)
        return b->rc < 0 ? WALK_FAILED : WALK_END;
    w->waiting = true;
    return WALK_WAIT;
}

void walk_next(struct walk *w)
{
    w->batches[w->shown].at++;
}

int walk_error(const struct walk *w, struct err *e)
{
    const struct batch *b = &w->batches[w->shown];
    return err_set(e, b->rc, "%s", b->e.text);
}

void walk_close(struct walk *w, void (*on_closed)(void *ctx))
{
    if (!w)
        return;
    w->on_closed = on_closed;
    w->closing = true;
    atomic_store(&w->stop, true);
    if (w->working)
        (void)uv_cancel((uv_req_t *)&w->work);
    else
        read_ahead(w);
}
