#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "sync/upload_item.h"

static bool is_md5_tag(const char *etag)
{
    return strlen(etag) == 34 && strspn(etag + 1, "0123456789abcdefABCDEF") == 32;
}

static int on_sent(struct wire_request *r, const struct wire_answer *a, struct err *e)
{
    struct piece *p = r->ctx;
    struct item *i = p->item;
    if (is_md5_tag(a->etag) && !a->opaque_etag && strncasecmp(a->etag + 1, p->md5, 32) != 0)
        return err_set(e, -EBADMSG, "the server has stored something else (MD5 differs)");
    if (i->part_size == 0)
        return 0;
    i->opaque |= a->opaque_etag;
    size_t len = strlen(a->etag);
    if (len == 0 || len >= ETAG_MAX || strpbrk(a->etag, "<>&"))
        return err_set(e, -EBADMSG, "the server gives a part no usable ETag");
    memcpy(i->etags[p->number - 1], a->etag, len + 1);
    memcpy(i->md5s[p->number - 1], p->sums.md5, sizeof p->sums.md5);
    return 0;
}

static void on_sent_done(struct wire_request *r, enum sync_exit why, struct err *e)
{
    struct piece *p = r->ctx;
    struct item *i = p->item;
    p->sending = false;
    if (why == SYNC_OBJECTS && !item_is_unchanged(i)) {
        i->stale = true; /* its bytes were not those of their sum any more */
    } else if (why != SYNC_OK) {
        item_fail(i, why, e);
    } else {
        i->done++;
        i->sent += p->length;
        i->upload->options.on_bytes(i->upload->options.ctx, p->length);
    }
    item_go_on(i);
}

static void piece_send(struct piece *p)
{
    struct item *i = p->item;
    const struct upload_options *o = &i->upload->options;
    digest_hex(p->sums.md5, sizeof p->sums.md5, p->md5);
    digest_hex(p->sums.sha256, sizeof p->sums.sha256, p->sha256);
    buf_clear(&p->md5_base64);
    digest_base64(&p->md5_base64, p->sums.md5, sizeof p->sums.md5);
    char *target = i->part_size ? item_part_target(i, p->number) : item_target(i, NULL);
    wire_request_init(&p->request, WIRE_PUT, target, p);
    item_add_header(&p->request, "content-md5", buf_str(&p->md5_base64));
    if (i->part_size == 0)
        item_add_object_headers(i, &p->request);
    p->request.payload.fd = i->fd;
    p->request.payload.offset = p->offset;
    p->request.payload.length = p->length;
    if (o->sign_payload)
        p->request.payload.sha256 = p->sha256;
    p->request.on_end = on_sent;
    p->request.on_done = on_sent_done;
    p->sending = true;
    wire_send(o->wire, &p->request);
}

static void on_hash(uv_work_t *work)
{
    struct piece *p = container_of(work, struct piece, work);
    p->hashed = digest_file(p->item->fd, p->offset, p->length,
                            p->item->upload->options.sign_payload, &p->sums);
}

static void item_fail_local(struct item *i, int code, const char *what)
{
    struct err e;
    (void)err_set(&e, code, "cannot %s: %s", what, strerror(-code));
    item_fail(i, SYNC_LOCAL, &e);
}

static void on_hashed(uv_work_t *work, int status)
{
    struct piece *p = container_of(work, struct piece, work);
    (void)status;
    p->hashing = false;
    if (p->hashed < 0 && p->item->why == SYNC_OK)
        item_fail_local(p->item, p->hashed, "read it");
    if (p->item->why == SYNC_OK && !p->item->upload->stopping)
        piece_send(p);
    else
        item_go_on(p->item);
}

static void piece_start(struct item *i, struct piece *p)
{
    p->item = i;
    p->number = i->next++;
    p->offset = (int64_t)(p->number - 1) * i->part_size;
    int64_t left = i->before.st_size - p->offset;
    p->length = i->part_size && left > i->part_size ? i->part_size : left;
    p->hashing = true;
    if (uv_queue_work(i->upload->loop, &p->work, on_hash, on_hashed) < 0)
        abort();
}

void item_start_pieces(struct item *i)
{
    unsigned ahead = i->part_size ? UPLOAD_PARTS_AHEAD : 1;
    for (unsigned k = 0; k < ahead && i->next <= i->parts; k++) {
        if (!i->pieces[k].hashing && !i->pieces[k].sending)
            piece_start(i, &i->pieces[k]);
    }
}
