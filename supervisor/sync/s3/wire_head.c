#include <stdio.h>
#include <string.h>

#include "base/mem.h"
#include "sync/s3/wire_slot.h"

enum { UNASKED_MAX = 1 << 20 }; /* longer payloads wait for a word of the server */

/* SHA-256 of nothing. */
static const char empty_hash[] = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";

/* Lines are collected in one text that may move as it grows: by offset first. */
struct head {
    struct wire_slot *slot;
    size_t at[WIRE_LINES_MAX];
    size_t count;
    struct sigv4_header headers[WIRE_SIGNED_MAX]; /* what is signed, sorted by name */
    size_t signed_count;
};

int64_t wire_payload_size(const struct wire_payload *p)
{
    return p->fd >= 0 ? p->length : (int64_t)p->len;
}

static void add_line(struct head *h, const char *name, const char *value)
{
    struct buf *b = &h->slot->text;
    h->at[h->count++] = b->len;
    buf_text(b, name);
    buf_append(b, ": ", 2);
    buf_text(b, value);
    buf_append(b, "", 1);
}

static void add_signed(struct head *h, const char *name, const char *value)
{
    size_t i = h->signed_count++;
    for (; i > 0 && strcmp(h->headers[i - 1].name, name) > 0; i--)
        h->headers[i] = h->headers[i - 1];
    h->headers[i] = (struct sigv4_header){name, value};
}

static void add_given(struct head *h, const struct wire_header *given)
{
    for (size_t i = 0; given && i < WIRE_HEADERS_MAX && given[i].name; i++) {
        if (strncmp(given[i].name, "x-amz-", 6) == 0)
            add_signed(h, given[i].name, given[i].value);
        else
            add_line(h, given[i].name, given[i].value);
    }
}

static const char *method_name(enum wire_method method)
{
    switch (method) {
    case WIRE_GET:
        return "GET";
    case WIRE_HEAD:
        return "HEAD";
    case WIRE_PUT:
        return "PUT";
    case WIRE_POST:
        return "POST";
    case WIRE_DELETE:
        return "DELETE";
    }
    return "";
}

static const char *payload_hash(const struct wire_payload *p)
{
    if (p->sha256)
        return p->sha256;
    return p->len || p->fd >= 0 ? SIGV4_UNSIGNED : empty_hash;
}

/* The key of the day is of one region. */
static void check_region(struct wire *w)
{
    if (w->signer_region && strcmp(w->signer_region, w->place->region) == 0)
        return;
    mem_free(w->signer_region);
    w->signer_region = mem_strdup(w->place->region);
    w->signer.region = w->signer_region;
    sigv4_close(&w->signer);
}

static const char *stamp(struct wire *w, int64_t server_ms)
{
    if (server_ms / 1000 != w->stamp_second) {
        w->stamp_second = server_ms / 1000;
        sigv4_time(w->stamp_second, w->stamp);
    }
    return w->stamp;
}

static void sign(struct head *h, int64_t wall)
{
    struct wire_slot *s = h->slot;
    struct wire *w = s->wire;
    struct wire_request *r = s->request;
    check_region(w);
    s->signed_at = wall + w->skew;
    const char *now = stamp(w, s->signed_at);
    const char *hash = payload_hash(&r->payload);
    add_signed(h, "host", w->place->host);
    add_signed(h, "x-amz-content-sha256", hash);
    add_signed(h, "x-amz-date", now);
    if (w->creds.token)
        add_signed(h, "x-amz-security-token", w->creds.token);

    char *question = strchr(r->target, '?');
    if (question)
        *question = '\0';
    const struct sigv4_request what = {.method = method_name(r->method),
                                       .path = r->target,
                                       .query = question ? question + 1 : "",
                                       .headers = h->headers,
                                       .header_count = h->signed_count,
                                       .payload = hash,
                                       .time = now};
    struct buf *b = &s->text;
    h->at[h->count++] = b->len;
    buf_text(b, "Authorization: ");
    sigv4_sign(&w->signer, &what, b);
    buf_append(b, "", 1);
    if (question)
        *question = '?';
}

/* All that x-amz- has; Host is libcurl's, which writes it the same. */
static void add_signed_lines(struct head *h)
{
    for (size_t i = 0; i < h->signed_count; i++) {
        if (strcmp(h->headers[i].name, "host") != 0)
            add_line(h, h->headers[i].name, h->headers[i].value);
    }
}

bool wire_is_of_object(const struct wire *w, const struct wire_request *r)
{
    size_t base = strlen(w->place->base);
    return strncmp(r->target, w->place->base, base) == 0 && r->target[base] == '/' &&
           r->target[base + 1] && r->target[base + 1] != '?';
}

static struct curl_slist *link_lines(struct head *h)
{
    struct curl_slist *lines = h->slot->lines;
    for (size_t i = 0; i < h->count; i++) {
        lines[i].data = h->slot->text.data + h->at[i];
        lines[i].next = i + 1 < h->count ? &lines[i + 1] : NULL;
    }
    return h->count ? lines : NULL;
}

struct curl_slist *wire_head_write(struct wire_slot *s, int64_t wall)
{
    struct wire *w = s->wire;
    struct wire_request *r = s->request;
    struct head h = {.slot = s};
    if (s->text.len)
        explicit_bzero(s->text.data, s->text.len);
    buf_clear(&s->text);
    buf_text(&s->text, w->place->origin);
    buf_text(&s->text, r->target);
    buf_append(&s->text, "", 1);
    if (r->if_match)
        add_line(&h, "If-Match", r->if_match);
    if (r->range_length > 0) {
        char range[64];
        (void)snprintf(range, sizeof range, "bytes=%lld-%lld", (long long)r->range_from,
                       (long long)(r->range_from + r->range_length - 1));
        add_line(&h, "Range", range);
    }
    int64_t size = wire_payload_size(&r->payload);
    if (size > 0 && size <= UNASKED_MAX)
        add_line(&h, "Expect", ""); /* sends it without asking, which would take a second */
    add_given(&h, r->headers);
    if (wire_is_of_object(w, r) && r->method != WIRE_DELETE) /* nothing is read or stored by it */
        add_given(&h, w->options.extra);
    if (w->options.requester_pays)
        add_signed(&h, "x-amz-request-payer", "requester");
    if (w->creds.access_key)
        sign(&h, wall);
    add_signed_lines(&h);
    return link_lines(&h);
}
