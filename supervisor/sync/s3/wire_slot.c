#include "sync/s3/wire_slot.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"

/* What is received at once: made anew for each request, so it is no larger than worth it. */
enum { RECEIVE_SMALL = 32 << 10, RECEIVE_LARGE = 128 << 10, SEND_SIZE = 64 << 10 };

// --- the head of an answer ---------------------------------------------------------------------

static bool same_etag(const char *a, const char *b)
{
    if (strncmp(a, "W/", 2) == 0)
        a += 2;
    if (strncmp(b, "W/", 2) == 0)
        b += 2;
    return strcmp(a, b) == 0;
}

static int check_range(const struct wire_slot *s, struct err *e)
{
    const struct wire_request *r = s->request;
    const struct wire_answer *a = &s->reply.answer;
    if (r->range_length <= 0)
        return a->status == 206 ? err_set(e, -EBADMSG, "the server sent a part unasked") : 0;
    if (a->status == 200) { /* it knows no ranges; good enough if it is all of it */
        if (r->whole_is_fine ||
            (r->range_from == 0 && a->length >= 0 && a->length <= r->range_length))
            return 0;
        return err_set(e, -EPROTO, "the server sends no parts of objects");
    }
    int64_t last = r->range_from + r->range_length - 1;
    bool cut = a->range_size >= 0 && s->reply.range_last == a->range_size - 1;
    if (a->range_from == r->range_from &&
        (s->reply.range_last == last || (cut && s->reply.range_last < last)))
        return 0;
    return err_set(e, -EBADMSG, "the server sent another part than it was asked for");
}

static int check_tag(const struct wire_slot *s, struct err *e)
{
    const char *wanted = s->request->if_match;
    const char *tag = s->reply.answer.etag;
    if (!wanted || !*wanted || *wanted == '*' || !*tag || same_etag(wanted, tag))
        return 0;
    return err_set(e, -ESTALE, "it changed since the listing");
}

void wire_slot_check_head(struct wire_slot *s)
{
    if (s->body)
        return;
    s->body = true;
    curl_off_t length = -1;
    (void)curl_easy_getinfo(s->curl, CURLINFO_CONTENT_LENGTH_DOWNLOAD_T, &length);
    struct wire_answer *a = &s->reply.answer;
    a->length = length;
    if (a->status == 206 && (a->range_from != 0 || s->reply.range_last + 1 != a->range_size))
        a->checksum[0] = '\0'; /* it would be of a part */
    s->fine = a->status == 200 || a->status == 204 || a->status == 206;
    if (!s->fine)
        return;
    s->failed = check_tag(s, &s->err);
    if (s->failed == 0)
        s->failed = check_range(s, &s->err);
}

// --- what libcurl calls ------------------------------------------------------------------------

static size_t on_header(char *line, size_t one, size_t len, void *ctx)
{
    (void)one;
    struct wire_slot *s = ctx;
    s->moved = (int64_t)uv_now(s->wire->loop);
    s->head += len;
    if (s->head > WIRE_HEAD_MAX) {
        s->failed = err_set(&s->err, -EPROTO, "the server sends header lines without end");
        return 0;
    }
    if (!s->body) /* what follows a body is no head */
        wire_reply_line(&s->reply, line, len);
    return len;
}

/* Bodies that nobody takes piece by piece. */
static int collect(struct wire_slot *s, const char *data, size_t len)
{
    struct buf *body = &s->reply.answer.body;
    if (len > WIRE_BODY_MAX - body->len)
        return err_set(&s->err, -EPROTO, "the answer is longer than %d bytes", WIRE_BODY_MAX);
    buf_append(body, data, len);
    return 0;
}

static size_t take_error(struct wire_slot *s, const char *data, size_t len)
{
    size_t room = WIRE_ERROR_MAX - s->error.len;
    buf_append(&s->error, data, len < room ? len : room);
    return len <= room ? len : CURL_WRITEFUNC_ERROR; /* enough: it may have no end */
}

static size_t on_body(char *data, size_t one, size_t len, void *ctx)
{
    (void)one;
    struct wire_slot *s = ctx;
    struct wire_request *r = s->request;
    if (!r)
        return CURL_WRITEFUNC_ERROR;
    s->moved = (int64_t)uv_now(s->wire->loop);
    wire_slot_check_head(s);
    if (!s->fine)
        return take_error(s, data, len);
    if (s->failed < 0)
        return CURL_WRITEFUNC_ERROR;
    if (wire_starve(s->wire) > 0) {
        s->starved = true;
        return CURL_WRITEFUNC_PAUSE;
    }
    int rc =
        r->on_data ? r->on_data(r, &s->reply.answer, data, len, &s->err) : collect(s, data, len);
    if (rc == WIRE_PAUSE) {
        s->paused = true;
        return CURL_WRITEFUNC_PAUSE;
    }
    wire_pace_spend(&s->wire->pace, (int64_t)len);
    s->failed = rc;
    return rc < 0 ? CURL_WRITEFUNC_ERROR : len;
}

static size_t on_payload(char *out, size_t one, size_t room, void *ctx)
{
    (void)one;
    struct wire_slot *s = ctx;
    if (!s->request)
        return CURL_READFUNC_ABORT;
    const struct wire_payload *p = &s->request->payload;
    int64_t left = wire_payload_size(p) - s->sent;
    size_t n = left < (int64_t)room ? (size_t)left : room;
    s->moved = (int64_t)uv_now(s->wire->loop);
    if (n == 0)
        return 0;
    if (wire_starve(s->wire) > 0) {
        s->starved = true;
        return CURL_READFUNC_PAUSE;
    }
    if (p->fd >= 0) {
        ssize_t got = pread(p->fd, out, n, p->offset + s->sent);
        if (got <= 0) {
            s->failed = got < 0
                            ? err_set(&s->err, -errno, "cannot read the file: %s", strerror(errno))
                            : err_set(&s->err, -EIO, "the file became shorter");
            return CURL_READFUNC_ABORT;
        }
        n = (size_t)got;
    } else {
        memcpy(out, p->data + s->sent, n);
    }
    s->sent += (int64_t)n;
    wire_pace_spend(&s->wire->pace, (int64_t)n);
    return n;
}

/* libcurl sends again what went into a connection that turned out to be closed. */
static int on_rewind(void *ctx, curl_off_t offset, int origin)
{
    struct wire_slot *s = ctx;
    if (origin != SEEK_SET || !s->request)
        return CURL_SEEKFUNC_FAIL;
    s->sent = offset;
    return CURL_SEEKFUNC_OK;
}

// --- a try -------------------------------------------------------------------------------------

static void set_method(struct wire_slot *s, enum wire_method method)
{
    CURL *c = s->curl;
    (void)curl_easy_setopt(c, CURLOPT_CUSTOMREQUEST, NULL);
    (void)curl_easy_setopt(c, CURLOPT_HTTPGET, 1L); /* undoes the others */
    switch (method) {
    case WIRE_GET:
        break;
    case WIRE_HEAD:
        (void)curl_easy_setopt(c, CURLOPT_NOBODY, 1L);
        break;
    case WIRE_PUT:
        (void)curl_easy_setopt(c, CURLOPT_UPLOAD, 1L);
        break;
    case WIRE_POST:
        (void)curl_easy_setopt(c, CURLOPT_UPLOAD, 1L);
        (void)curl_easy_setopt(c, CURLOPT_CUSTOMREQUEST, "POST");
        break;
    case WIRE_DELETE:
        (void)curl_easy_setopt(c, CURLOPT_CUSTOMREQUEST, "DELETE");
        break;
    }
    s->method = method;
}

void wire_slot_open(struct wire_slot *s)
{
    const struct wire *w = s->wire;
    CURL *c = s->curl = curl_easy_init();
    if (!c)
        abort();
    (void)curl_easy_setopt(c, CURLOPT_PRIVATE, s);
    (void)curl_easy_setopt(c, CURLOPT_WRITEFUNCTION, on_body);
    (void)curl_easy_setopt(c, CURLOPT_WRITEDATA, s);
    (void)curl_easy_setopt(c, CURLOPT_HEADERFUNCTION, on_header);
    (void)curl_easy_setopt(c, CURLOPT_HEADERDATA, s);
    (void)curl_easy_setopt(c, CURLOPT_READFUNCTION, on_payload);
    (void)curl_easy_setopt(c, CURLOPT_READDATA, s);
    (void)curl_easy_setopt(c, CURLOPT_SEEKFUNCTION, on_rewind);
    (void)curl_easy_setopt(c, CURLOPT_SEEKDATA, s);
    (void)curl_easy_setopt(c, CURLOPT_ERRORBUFFER, s->curl_error);
    (void)curl_easy_setopt(c, CURLOPT_USERAGENT, "mainstay-sync/" MAINSTAY_VERSION);
    (void)curl_easy_setopt(c, CURLOPT_PATH_AS_IS, 1L); /* the path is signed as it is sent */
    (void)curl_easy_setopt(c, CURLOPT_PROTOCOLS_STR, "http,https");
    (void)curl_easy_setopt(c, CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_2TLS);
    (void)curl_easy_setopt(c, CURLOPT_SUPPRESS_CONNECT_HEADERS, 1L);
    (void)curl_easy_setopt(c, CURLOPT_FOLLOWLOCATION, 0L);
    (void)curl_easy_setopt(c, CURLOPT_NOSIGNAL, 1L);
    (void)curl_easy_setopt(c, CURLOPT_QUICK_EXIT, 1L); /* no waiting for a name to be found */
    (void)curl_easy_setopt(c, CURLOPT_UPLOAD_BUFFERSIZE, (long)SEND_SIZE);
    (void)curl_easy_setopt(c, CURLOPT_CONNECTTIMEOUT_MS, (long)w->options.connect_ms);
    if (w->no_proxy)
        (void)curl_easy_setopt(c, CURLOPT_PROXY, ""); /* saves looking for one each time */
    if (w->options.ca_file) { /* these, and not those of the system's folder besides */
        (void)curl_easy_setopt(c, CURLOPT_CAINFO, w->options.ca_file);
        (void)curl_easy_setopt(c, CURLOPT_CAPATH, NULL);
    }
    wire_sockets_prepare(&s->wire->sockets, c);
    set_method(s, WIRE_GET);
}

static void clear(struct wire_slot *s)
{
    s->dropped = s->body = s->fine = false;
    s->paused = s->resume = s->starved = s->stalled = false;
    s->begun = s->moved = (int64_t)uv_now(s->wire->loop);
    s->sent = 0;
    s->head = 0;
    s->failed = 0;
    s->err.text[0] = s->curl_error[0] = '\0';
    s->creds = s->wire->generation;
    s->moves = s->wire->moves;
    s->unsent = 0;
    wire_reply_clear(&s->reply);
    buf_clear(&s->error);
}

int wire_slot_start(struct wire_slot *s)
{
    struct wire_request *r = s->request;
    clear(s);
    int rc = r->on_begin ? r->on_begin(r, &s->err) : 0;
    if (rc < 0 || s->request != r)
        return rc;
    struct curl_slist *lines = wire_head_write(s, clock_wall());
    if (s->method != r->method)
        set_method(s, r->method);
    CURLcode set = curl_easy_setopt(s->curl, CURLOPT_URL, s->text.data);
    (void)curl_easy_setopt(s->curl, CURLOPT_BUFFERSIZE,
                           (long)(r->range_length > RECEIVE_LARGE ? RECEIVE_LARGE : RECEIVE_SMALL));
    (void)curl_easy_setopt(s->curl, CURLOPT_HTTPHEADER, lines);
    if (r->method == WIRE_PUT || r->method == WIRE_POST)
        (void)curl_easy_setopt(s->curl, CURLOPT_INFILESIZE_LARGE,
                               (curl_off_t)wire_payload_size(&r->payload));
    if (set != CURLE_OK || curl_multi_add_handle(s->wire->multi, s->curl) != CURLM_OK)
        return err_set(&s->err, -ENOMEM, "cannot start a request");
    s->added = true;
    return 0;
}

void wire_slot_close(struct wire_slot *s)
{
    if (s->added)
        (void)curl_multi_remove_handle(s->wire->multi, s->curl);
    curl_easy_cleanup(s->curl);
    if (s->text.len)
        explicit_bzero(s->text.data, s->text.len);
    buf_close(&s->text);
    buf_close(&s->error);
    buf_close(&s->reply.answer.body);
}
