#include <errno.h>
#include <string.h>

#include "sync/download_inner.h"

struct piece *piece_take(struct fetch *f)
{
    struct download *d = f->download;
    struct piece *p = container_of(d->idle.next, struct piece, link);
    list_remove(&p->link);
    d->busy++;
    d->busy_parts += f->large;
    p->fetch = f;
    p->got = 0;
    return p;
}

void piece_give_back(struct piece *p)
{
    struct download *d = p->fetch->download;
    if (p->chunk)
        writer_give_back(d->writer, p->chunk);
    p->chunk = NULL;
    d->busy--;
    d->busy_parts -= p->fetch->large;
    p->fetch = NULL;
    list_remove(&p->link);
    list_append(&d->idle, &p->link);
}

void piece_hand_over(struct piece *p)
{
    if (p->chunk)
        writer_write(p->fetch->download->writer, &p->fetch->file, p->chunk);
    p->chunk = NULL;
}

void piece_cancel_all(struct download *d, const struct fetch *f)
{
    for (size_t i = 0; i < d->piece_count; i++) {
        struct piece *p = &d->pieces[i];
        if (!p->fetch || (f && p->fetch != f))
            continue;
        wire_cancel(d->o.wire, &p->request);
        piece_give_back(p);
    }
}

// --- bytes on their way --------------------------------------------------------------------------

/* Another try begins: what came in the last one counts no more. */
static int on_begin(struct wire_request *r, struct err *e)
{
    (void)e;
    struct piece *p = r->ctx;
    struct download *d = p->fetch->download;
    list_remove(&p->link);
    if (p->got == 0)
        return 0;
    download_count(d, -p->got);
    p->got = 0;
    if (p->chunk)
        writer_give_back(d->writer, p->chunk);
    p->chunk = NULL;
    for (size_t i = 0; i < p->parts; i++)
        writer_part_again(d->writer, &p->fetch->file, p->part + i);
    return 0;
}

/* A chunk in which there is room; false: there is none in the pool. */
bool piece_take_chunk(struct piece *p)
{
    if (p->chunk)
        return true;
    p->chunk = writer_chunk(p->fetch->download->writer);
    if (!p->chunk)
        return false;
    p->chunk->offset = p->from + p->got;
    p->chunk->len = 0;
    return true;
}

static void fill_chunk(struct piece *p, const char *data, size_t len)
{
    memcpy(p->chunk->data + p->chunk->len, data, len);
    p->chunk->len += len;
    p->got += (int64_t)len;
    if (p->fetch->large && p->chunk->len == WRITER_CHUNK)
        piece_hand_over(p);
}

/* Nobody holds a chunk and waits for another: all could then wait for each other. */
static int wait_for_chunk(struct piece *p)
{
    struct download *d = p->fetch->download;
    if (p->fetch->large)
        piece_hand_over(p);
    list_append(&d->paused, &p->link);
    writer_flush(d->writer);
    return WIRE_PAUSE;
}

static int on_data(struct wire_request *r, const struct wire_answer *a, const char *data,
                   size_t len, struct err *e)
{
    struct piece *p = r->ctx;
    if (a->status == 200 && r->range_length > 0 && p->length < p->fetch->file.size) {
        p->fetch->download->no_ranges = true;
        return err_set(e, -EPROTO, "the server sends no parts of objects");
    }
    if (len > (size_t)(p->length - p->got))
        return err_set(e, -EBADMSG, "it is longer than listed");
    if (len == 0)
        return 0;
    if (!piece_take_chunk(p))
        return wait_for_chunk(p);
    size_t first = WRITER_CHUNK - p->chunk->len;
    if (first > len)
        first = len;
    if (first < len) { /* nothing may be taken before there is room for all */
        struct chunk *next = writer_chunk(p->fetch->download->writer);
        if (!next)
            return wait_for_chunk(p);
        fill_chunk(p, data, first);
        next->offset = p->from + p->got;
        next->len = 0;
        p->chunk = next;
    } else {
        first = 0;
    }
    fill_chunk(p, data + first, len - first);
    download_count(p->fetch->download, (int64_t)len);
    return 0;
}

static int on_end(struct wire_request *r, const struct wire_answer *a, struct err *e)
{
    struct piece *p = r->ctx;
    struct writer_file *file = &p->fetch->file;
    if (p->got != p->length)
        return err_set(e, -EBADMSG, "it is shorter than listed");
    file->opaque_etag |= a->opaque_etag;
    if (a->checksum[0])
        memcpy(file->checksum, a->checksum, sizeof file->checksum);
    return 0;
}

static void on_done(struct wire_request *r, enum sync_exit why, struct err *e)
{
    struct piece *p = r->ctx;
    list_remove(&p->link);
    download_piece_done(p, why, e);
}

void piece_send(struct piece *p, bool ranged)
{
    struct fetch *f = p->fetch;
    const struct download_options *o = &f->download->o;
    struct wire_request *r = &p->request;
    wire_request_init(r, WIRE_GET, s3_object_target(o->place, f->key, f->key_len), p);
    r->if_match = f->file.etag;
    if (ranged) {
        r->range_from = p->from;
        r->range_length = p->length;
        r->whole_is_fine = true;
    } else {
        r->headers[0] = (struct wire_header){"x-amz-checksum-mode", "ENABLED"};
    }
    r->on_begin = on_begin;
    r->on_data = on_data;
    r->on_end = on_end;
    r->on_done = on_done;
    wire_send(o->wire, r);
}
