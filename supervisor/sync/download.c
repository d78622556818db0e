#include "sync/download.h"

#include <errno.h>
#include <string.h>

#include "base/mem.h"
#include "sync/download_inner.h"
#include "sync/s3/s3key.h"

enum {
    LARGE_STARTING = 4, /* large objects that are being opened or have ranges that wait */
    LARGE_OPEN = 32,    /* and all of them: each has a descriptor */
    STREAMS_FIRST = 4,
    STREAMS_MOST = 16,  /* more than the writer has chunks for would only wait */
    WAITED_MOSTLY = 50, /* percent: twice the streams find the time to be served */
};

void download_count(const struct download *d, int64_t bytes)
{
    if (bytes != 0 && d->o.on_bytes)
        d->o.on_bytes(d->o.ctx, bytes);
}

// --- the end of an object ------------------------------------------------------------------------

static void end_starting(struct fetch *f)
{
    if (list_empty(&f->turn))
        return;
    list_remove(&f->turn);
    f->download->starting_count -= f->large;
}

static void forget_fetch(struct fetch *f)
{
    struct download *d = f->download;
    end_starting(f);
    list_remove(&f->link);
    d->active--;
    d->large -= f->large;
}

static void name_object(struct err *e, const struct fetch *f)
{
    struct buf shown = BUF_EMPTY;
    s3key_show(&shown, f->key, f->key_len);
    (void)err_prefix(e, -EIO, "%s", buf_str(&shown));
    buf_close(&shown);
}

/* The last word about an object; it is gone afterwards. */
static void end_fetch(struct fetch *f, enum sync_exit why, struct err *e)
{
    struct download *d = f->download;
    const struct download_result result = {
        .id = f->id,
        .why = why,
        .mtime = f->file.mtime,
        .size = f->file.size,
        .key = f->key,
        .key_len = f->key_len,
        .unverified = f->file.sum[0] == '\0' || f->file.doubtful,
    };
    if (why != SYNC_OK)
        name_object(e, f);
    forget_fetch(f);
    d->o.on_result(d->o.ctx, &result, e);
    mem_free(f);
}

static void cancel_head(struct fetch *f)
{
    if (f->asking)
        wire_cancel(f->download->o.wire, &f->head);
    f->asking = false;
}

/* The listing was allowed, so what is denied or missing is this object alone. */
static void fail_fetch(struct fetch *f, enum sync_exit why, struct err *e)
{
    struct download *d = f->download;
    cancel_head(f);
    bool gone = why == SYNC_DENIED || why == SYNC_NOT_FOUND || why == SYNC_OBJECTS;
    piece_cancel_all(f->download, f);
    if (f->in_writer)
        writer_drop(d->writer, &f->file, !gone);
    f->in_writer = false;
    end_fetch(f, gone ? SYNC_OBJECTS : why, e);
}

// --- asking --------------------------------------------------------------------------------------

static void ask_more(struct download *d);

/* What can go on goes on; the owner hears of it when there is room for another object. */
static void go_on(struct download *d)
{
    ask_more(d);
    if (d->flushing && d->busy == 0 && d->active > 0)
        writer_flush(d->writer);
    if (download_has_room(d))
        d->o.on_room(d->o.ctx);
}

static void put_small(struct piece *p)
{
    struct fetch *f = p->fetch;
    struct chunk *c = p->chunk;
    p->chunk = NULL;
    piece_give_back(p);
    f->in_writer = true;
    writer_put(f->download->writer, &f->file, c);
}

static void finish_large(struct fetch *f)
{
    if (f->parts_left == 0 && !f->asking)
        writer_finish(f->download->writer, &f->file);
}

static int on_head(struct wire_request *r, const struct wire_answer *a, struct err *e)
{
    (void)e;
    struct fetch *f = r->ctx;
    memcpy(f->file.checksum, a->checksum, sizeof f->file.checksum);
    return 0;
}

/* Without an answer there is no checksum, as with servers that have none. */
static void on_head_done(struct wire_request *r, enum sync_exit why, struct err *e)
{
    (void)why;
    (void)e;
    struct fetch *f = r->ctx;
    f->asking = false;
    finish_large(f);
}

/* Parts bring no checksum of the whole. */
static void ask_checksum(struct fetch *f)
{
    const struct download_options *o = &f->download->o;
    wire_request_init(&f->head, WIRE_HEAD, s3_object_target(o->place, f->key, f->key_len), f);
    f->head.if_match = f->file.etag;
    f->head.headers[0] = (struct wire_header){"x-amz-checksum-mode", "ENABLED"};
    f->head.on_end = on_head;
    f->head.on_done = on_head_done;
    f->asking = f->asked = true;
    wire_send(o->wire, &f->head);
}

static void end_part(struct piece *p)
{
    struct fetch *f = p->fetch;
    struct download *d = f->download;
    piece_hand_over(p);
    for (size_t i = 0; i < p->parts; i++)
        writer_part(d->writer, &f->file, p->part + i);
    f->parts_left -= p->parts;
    piece_give_back(p);
    if (f->file.opaque_etag && !f->asked && !f->file.checksum[0])
        ask_checksum(f);
    finish_large(f);
}

static void start_large(struct fetch *f)
{
    struct download *d = f->download;
    f->next_part = 0;
    f->opened = false;
    f->in_writer = true;
    list_append(&d->starting, &f->turn);
    d->starting_count++;
    writer_open(d->writer, &f->file);
}

/* From the beginning, in one request. */
static void take_whole(struct fetch *f)
{
    f->whole = true;
    f->next_part = 0;
    f->parts_left = f->file.part_count;
    for (size_t i = 0; i < f->file.part_count; i++)
        writer_part_again(f->download->writer, &f->file, i);
}

/* The server turned out to know no ranges. */
static void restart_whole(struct fetch *f)
{
    struct download *d = f->download;
    cancel_head(f);
    piece_cancel_all(d, f);
    take_whole(f);
    if (list_empty(&f->turn)) {
        list_append(&d->starting, &f->turn);
        d->starting_count++;
    }
}

void download_piece_done(struct piece *p, enum sync_exit why, struct err *e)
{
    struct download *d = p->fetch->download;
    if (why != SYNC_OK && d->no_ranges && p->fetch->large && !p->fetch->whole)
        restart_whole(p->fetch);
    else if (why != SYNC_OK)
        fail_fetch(p->fetch, why, e);
    else if (p->fetch->large)
        end_part(p);
    else if (piece_take_chunk(p))
        put_small(p);
    else
        list_append(&d->paused, &p->link); /* an empty object, and no chunk to say so */
    go_on(d);
}

static void ask_small(struct fetch *f)
{
    struct piece *p = piece_take(f);
    p->from = 0;
    p->length = f->file.size;
    p->parts = 0;
    piece_send(p, false);
}

static void ask_part(struct fetch *f)
{
    struct piece *p = piece_take(f);
    int64_t most = f->whole ? INT64_MAX : WRITER_PART;
    p->part = f->next_part;
    p->parts = f->whole ? f->file.part_count : 1;
    p->from = (int64_t)p->part * WRITER_PART;
    p->length = f->file.size - p->from;
    if (p->length > most)
        p->length = most;
    f->next_part += p->parts;
    piece_send(p, p->length < f->file.size);
}

static void skip_parts(struct fetch *f)
{
    while (f->next_part < f->file.part_count && f->file.parts[f->next_part])
        f->next_part++;
}

/* Objects take turns, so that their bytes are verified side by side. */
static void ask_parts(struct download *d)
{
    struct fetch *f = NULL;
    list_each (f, &d->starting, turn) {
        if (!f->opened)
            continue;
        if (list_empty(&d->idle) || d->busy_parts >= d->streams)
            return;
        ask_part(f);
        skip_parts(f);
        if (f->next_part == f->file.part_count)
            end_starting(f);
    }
}

static void ask_more(struct download *d)
{
    while (!list_empty(&d->again) && !list_empty(&d->idle)) {
        struct fetch *f = container_of(d->again.next, struct fetch, turn);
        list_remove(&f->turn);
        ask_small(f);
    }
    for (size_t before = SIZE_MAX; before != d->busy;) {
        before = d->busy;
        ask_parts(d);
    }
}

// --- the writer ----------------------------------------------------------------------------------

static void on_file_open(struct writer_file *file, int rc, struct err *e)
{
    struct fetch *f = file->ctx;
    struct download *d = f->download;
    if (rc < 0) {
        f->in_writer = false;
        end_fetch(f, sync_exit_local(rc), e);
        go_on(d);
        return;
    }
    f->opened = true;
    f->parts_left = 0;
    for (size_t i = 0; i < file->part_count; i++)
        f->parts_left += !file->parts[i];
    /* without an ETag ranges could be of different objects */
    if (f->parts_left > 0 && (d->no_ranges || !file->etag))
        take_whole(f);
    skip_parts(f);
    if (f->parts_left == 0)
        end_starting(f);
    finish_large(f);
    go_on(d);
}

/* Bytes that are not those of the object are asked for again. */
static bool try_again(struct fetch *f, int rc)
{
    struct download *d = f->download;
    unsigned most = f->file.doubtful && d->o.tries < 2 ? 2 : d->o.tries;
    if (rc != -EBADMSG || ++f->tries >= most)
        return false;
    download_count(d, -f->file.size);
    if (f->large)
        start_large(f);
    else
        list_append(&d->again, &f->turn);
    return true;
}

static void on_file_done(struct writer_file *file, int rc, struct err *e)
{
    struct fetch *f = file->ctx;
    struct download *d = f->download;
    f->in_writer = false;
    if (f->large) /* a write may have failed while more was coming */
        piece_cancel_all(f->download, f);
    cancel_head(f);
    end_starting(f);
    if (!try_again(f, rc))
        end_fetch(f, rc == -EBADMSG ? SYNC_SERVER : sync_exit_local(rc), e);
    go_on(d);
}

void download_resume(struct download *d)
{
    for (size_t i = 0; i < d->piece_count && !list_empty(&d->paused); i++) {
        struct piece *p = container_of(d->paused.next, struct piece, link);
        list_remove(&p->link);
        if (p->got < p->length)
            wire_resume(d->o.wire, &p->request);
        else if (piece_take_chunk(p))
            put_small(p);
        else
            list_append(&d->paused, &p->link);
        if (d->paused.prev == &p->link)
            break; /* it waits again */
    }
    go_on(d);
}

// --- the machine ---------------------------------------------------------------------------------

struct download *download_new(const struct download_options *o)
{
    struct download *d = mem_alloc(sizeof *d);
    d->o = *o;
    d->piece_count = 2 * (size_t)o->concurrency;
    d->streams = o->concurrency < STREAMS_FIRST ? o->concurrency : STREAMS_FIRST;
    d->pieces = mem_array(d->piece_count, sizeof *d->pieces);
    list_init(&d->idle);
    list_init(&d->paused);
    list_init(&d->all);
    list_init(&d->again);
    list_init(&d->starting);
    for (size_t i = 0; i < d->piece_count; i++)
        list_append(&d->idle, &d->pieces[i].link);
    return d;
}

void download_set_writer(struct download *d, struct writer *w)
{
    d->writer = w;
}

void download_widen(struct download *d, unsigned waited)
{
    const unsigned most = d->o.concurrency < STREAMS_MOST ? d->o.concurrency : STREAMS_MOST;
    if (waited < WAITED_MOSTLY || d->busy_parts < d->streams || d->streams >= most)
        return;
    d->streams = 2 * d->streams < most ? 2 * d->streams : most;
    go_on(d);
}

bool download_has_room(const struct download *d)
{
    return !list_empty(&d->idle) && list_empty(&d->again) && d->starting_count < LARGE_STARTING &&
           d->large < LARGE_OPEN;
}

/* A text behind the struct. */
static const char *keep_text(char **at, const char *text, size_t len)
{
    char *copy = *at;
    memcpy(copy, text, len);
    copy[len] = '\0';
    *at += len + 1;
    return copy;
}

void download_add(struct download *d, int64_t id, const struct remote_file *file)
{
    size_t etag_len = file->etag ? strlen(file->etag) : 0;
    struct fetch *f = mem_alloc(sizeof *f + file->path_len + file->key_len + etag_len + 3);
    char *at = (char *)(f + 1);
    f->download = d;
    f->id = id;
    f->key = keep_text(&at, file->key, file->key_len);
    f->key_len = file->key_len;
    f->file = (struct writer_file){
        .path = keep_text(&at, file->path, file->path_len),
        .size = file->size,
        .mtime = file->mtime,
        .etag = file->etag ? keep_text(&at, file->etag, etag_len) : NULL,
        .ctx = f,
        .on_open = on_file_open,
        .on_done = on_file_done,
    };
    f->large = file->size > WRITER_CHUNK;
    list_init(&f->turn);
    list_append(&d->all, &f->link);
    d->active++;
    d->large += f->large;
    if (f->large)
        start_large(f);
    else
        ask_small(f);
}

size_t download_active(const struct download *d)
{
    return d->active;
}

void download_flush(struct download *d)
{
    d->flushing = true;
    if (d->busy == 0 && d->active > 0)
        writer_flush(d->writer);
}

void download_stop(struct download *d, bool keep)
{
    piece_cancel_all(d, NULL);
    struct fetch *f = NULL;
    list_each (f, &d->all, link) {
        cancel_head(f);
        if (f->in_writer)
            writer_drop(d->writer, &f->file, keep);
        forget_fetch(f);
        mem_free(f);
    }
}

void download_free(struct download *d)
{
    if (!d)
        return;
    mem_free(d->pieces);
    mem_free(d);
}
