#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "base/mem.h"
#include "sync/s3/list.h"
#include "sync/s3/reply.h"
#include "sync/upload_item.h"

// --- targets -------------------------------------------------------------------------------------

char *item_target(const struct item *i, const char *query)
{
    char *path = s3_object_target(i->upload->options.place, i->key, strlen(i->key));
    if (!query)
        return path;
    char *whole = mem_printf("%s?%s", path, query);
    mem_free(path);
    return whole;
}

char *item_part_target(const struct item *i, unsigned number)
{
    struct buf b = BUF_EMPTY;
    if (number)
        buf_printf(&b, "partNumber=%u&", number);
    buf_text(&b, "uploadId=");
    s3_encode(&b, i->upload_id, strlen(i->upload_id), false);
    char *target = item_target(i, buf_str(&b));
    buf_close(&b);
    return target;
}

void item_add_header(struct wire_request *r, const char *name, const char *value)
{
    for (unsigned k = 0; k < WIRE_HEADERS_MAX - 1; k++) {
        if (!r->headers[k].name) {
            r->headers[k] = (struct wire_header){name, value};
            return;
        }
    }
}

void item_add_object_headers(const struct item *i, struct wire_request *r)
{
    item_add_header(r, "content-type", upload_content_type(i->key));
    for (const struct wire_header *h = i->upload->options.headers; h && h->name; h++)
        item_add_header(r, h->name, h->value);
}

// --- beginning and ending a multipart upload -----------------------------------------------------

static void on_control_done(struct wire_request *r, enum sync_exit why, struct err *e)
{
    struct item *i = r->ctx;
    i->controlling = false;
    if (why != SYNC_OK)
        item_fail(i, why, e);
    item_go_on(i);
}

static void control_begin(struct item *i, enum wire_method method, char *target)
{
    wire_request_init(&i->control, method, target, i);
    i->control.on_done = on_control_done;
    i->controlling = true;
}

static int on_created(struct wire_request *r, const struct wire_answer *a, struct err *e)
{
    struct item *i = r->ctx;
    if (reply_text(buf_str(&a->body), a->body.len, "InitiateMultipartUploadResult", "UploadId",
                   i->upload_id, sizeof i->upload_id) &&
        i->upload_id[0])
        return 0;
    i->upload_id[0] = '\0';
    return err_set(e, -EBADMSG, "the server does not say how to send it in parts");
}

void item_create_upload(struct item *i)
{
    control_begin(i, WIRE_POST, item_target(i, "uploads="));
    item_add_object_headers(i, &i->control);
    i->control.on_end = on_created;
    wire_send(i->upload->options.wire, &i->control);
}

/* "9b2c...-12": the sum of the parts' sums. */
static void whole_etag(const struct item *i, char *text, size_t size)
{
    unsigned char md5[MD5_SIZE];
    char hex[2 * MD5_SIZE + 1];
    digest_md5(i->md5s, (size_t)i->parts * sizeof *i->md5s, md5);
    digest_hex(md5, sizeof md5, hex);
    (void)snprintf(text, size, "\"%s-%u\"", hex, i->parts);
}

/* The answer may be an error in spite of its status 200. */
static int on_completed(struct wire_request *r, const struct wire_answer *a, struct err *e)
{
    struct item *i = r->ctx;
    char etag[ETAG_MAX];
    char want[ETAG_MAX];
    if (!reply_text(buf_str(&a->body), a->body.len, "CompleteMultipartUploadResult", "ETag", etag,
                    sizeof etag)) {
        struct s3_error error;
        list_read_error(buf_str(&a->body), a->body.len, &error);
        return err_set(e, -EBADMSG, "the server did not put its parts together%s%s",
                       error.code[0] ? ": " : "", error.code);
    }
    whole_etag(i, want, sizeof want);
    size_t quotes = etag[0] == '"' ? 0 : 1;
    bool sums = strlen(etag) + 2 * quotes == strlen(want) && strchr(etag, '-');
    if (sums && !a->opaque_etag && !i->opaque &&
        strncasecmp(etag, want + quotes, strlen(etag)) != 0)
        return err_set(e, -ESTALE, "the server has put together something else (ETag differs)");
    i->completed = true;
    i->upload_id[0] = '\0';
    return 0;
}

/* Nobody knows the parts: they may have been put together before, and the answer was lost. */
static int on_looked(struct wire_request *r, const struct wire_answer *a, struct err *e)
{
    struct item *i = r->ctx;
    char want[ETAG_MAX];
    (void)e;
    whole_etag(i, want, sizeof want);
    i->completed = a->length == i->before.st_size && strcasecmp(a->etag, want) == 0;
    return 0;
}

static void on_looked_done(struct wire_request *r, enum sync_exit why, struct err *e)
{
    struct item *i = r->ctx;
    (void)why;
    (void)e;
    i->controlling = false;
    if (i->completed)
        i->upload_id[0] = '\0';
    else
        item_fail(i, SYNC_OBJECTS, &i->lost);
    item_go_on(i);
}

static void on_complete_done(struct wire_request *r, enum sync_exit why, struct err *e)
{
    struct item *i = r->ctx;
    if (why != SYNC_OBJECTS || i->upload->stopping) {
        on_control_done(r, why, e);
        return;
    }
    i->lost = *e;
    control_begin(i, WIRE_HEAD, item_target(i, NULL));
    i->control.on_end = on_looked;
    i->control.on_done = on_looked_done;
    wire_send(i->upload->options.wire, &i->control);
}

void item_complete_upload(struct item *i)
{
    buf_clear(&i->body);
    buf_text(&i->body, "<CompleteMultipartUpload>");
    for (unsigned k = 0; k < i->parts; k++)
        buf_printf(&i->body, "<Part><PartNumber>%u</PartNumber><ETag>%s</ETag></Part>", k + 1,
                   i->etags[k]);
    buf_text(&i->body, "</CompleteMultipartUpload>");
    control_begin(i, WIRE_POST, item_part_target(i, 0));
    item_add_header(&i->control, "content-type", "application/xml");
    i->control.payload.data = i->body.data;
    i->control.payload.len = i->body.len;
    i->control.on_end = on_completed;
    i->control.on_done = on_complete_done;
    wire_send(i->upload->options.wire, &i->control);
}

static void on_abort_done(struct wire_request *r, enum sync_exit why, struct err *e)
{
    (void)why;
    (void)e;
    struct item *i = r->ctx;
    i->controlling = i->aborting = false;
    item_go_on(i);
}

static int on_aborted(struct wire_request *r, const struct wire_answer *a, struct err *e)
{
    (void)r;
    (void)a;
    (void)e;
    return 0;
}

/* What was sent costs money for as long as nobody gives it up. */
void item_abort_upload(struct item *i)
{
    control_begin(i, WIRE_DELETE, item_part_target(i, 0));
    i->upload_id[0] = '\0';
    i->control.on_end = on_aborted;
    i->control.on_done = on_abort_done;
    i->aborting = true;
    wire_send(i->upload->options.wire, &i->control);
}
