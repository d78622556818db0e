#include "sync/s3/wire_reply.h"

#include <curl/curl.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

struct line {
    const char *value; /* without blanks around it */
    size_t len;
};

typedef void take(struct wire_reply *r, const struct line *l);

static void copy(char *out, size_t size, const struct line *l)
{
    if (l->len >= size)
        return; /* half a tag is none */
    memcpy(out, l->value, l->len);
    out[l->len] = '\0';
}

static void take_etag(struct wire_reply *r, const struct line *l)
{
    copy(r->answer.etag, sizeof r->answer.etag, l);
}

static void take_region(struct wire_reply *r, const struct line *l)
{
    copy(r->region, sizeof r->region, l);
}

static void take_date(struct wire_reply *r, const struct line *l)
{
    copy(r->date, sizeof r->date, l);
}

static void take_modified(struct wire_reply *r, const struct line *l)
{
    char text[64] = "";
    copy(text, sizeof text, l);
    time_t t = curl_getdate(text, NULL);
    r->answer.mtime = t < 0 ? -1 : (int64_t)t * 1000000000;
}

static bool take_number(const char **at, const char *end, int64_t *out)
{
    int64_t n = 0;
    const char *c = *at;
    for (; c < end && *c >= '0' && *c <= '9'; c++) {
        if (n > (INT64_MAX - 9) / 10)
            return false;
        n = n * 10 + (*c - '0');
    }
    if (c == *at)
        return false;
    *at = c;
    *out = n;
    return true;
}

/* "bytes 0-99/1234" or "bytes 0-99/" and a star */
static void take_range(struct wire_reply *r, const struct line *l)
{
    const char *end = l->value + l->len;
    const char *at = l->value + 6;
    int64_t from = -1;
    int64_t last = -1;
    int64_t size = -1;
    if (l->len < 6 || strncasecmp(l->value, "bytes ", 6) != 0 || !take_number(&at, end, &from) ||
        at == end || *at++ != '-' || !take_number(&at, end, &last) || at == end || *at++ != '/')
        return;
    if (!take_number(&at, end, &size))
        size = -1;
    if (last < from || (size >= 0 && last >= size))
        return;
    r->answer.range_from = from;
    r->answer.range_size = size;
    r->range_last = last;
}

static void take_encryption(struct wire_reply *r, const struct line *l)
{
    if (l->len != 6 || memcmp(l->value, "AES256", 6) != 0)
        r->answer.opaque_etag = true;
}

static void take_customer_key(struct wire_reply *r, const struct line *l)
{
    (void)l;
    r->answer.opaque_etag = true;
}

/* "BASE64-N" is the sum of the sums of N parts: nothing that a reader of the object could check. */
static void take_checksum(struct wire_reply *r, const char *algorithm, const struct line *l)
{
    if (r->answer.checksum[0] || memchr(l->value, '-', l->len) || l->len > 90)
        return;
    (void)snprintf(r->answer.checksum, sizeof r->answer.checksum, "%s:%.*s", algorithm, (int)l->len,
                   l->value);
}

static void take_status(struct wire_reply *r, const char *line, size_t len)
{
    const char *space = memchr(line, ' ', len);
    int64_t status = 0;
    wire_reply_clear(r); /* of a 100 before it */
    if (!space)
        return;
    const char *at = space + 1;
    if (take_number(&at, line + len, &status) && status < 1000)
        r->answer.status = (long)status;
}

// clang-format off
static const struct { const char *name; take *take; } headers[] = {
    {"etag",                take_etag},
    {"content-range",       take_range},
    {"last-modified",       take_modified},
    {"date",                take_date},
    {"x-amz-bucket-region", take_region},
    {"x-amz-server-side-encryption", take_encryption},
    {"x-amz-server-side-encryption-customer-algorithm", take_customer_key},
};
// clang-format on

static void take_value(struct wire_reply *r, const char *name, size_t name_len,
                       const struct line *l)
{
    static const char sum[] = "x-amz-checksum-";
    for (size_t i = 0; i < sizeof headers / sizeof *headers; i++) {
        if (strncasecmp(name, headers[i].name, name_len) == 0 && !headers[i].name[name_len]) {
            headers[i].take(r, l);
            return;
        }
    }
    size_t skip = sizeof sum - 1;
    if (name_len <= skip || name_len > skip + 10 || strncasecmp(name, sum, skip) != 0)
        return;
    char algorithm[16] = "";
    for (size_t i = 0; i < name_len - skip; i++)
        algorithm[i] = (char)(name[skip + i] | 0x20);
    if (strcmp(algorithm, "type") != 0)
        take_checksum(r, algorithm, l);
}

void wire_reply_clear(struct wire_reply *r)
{
    struct buf body = r->answer.body;
    buf_clear(&body);
    r->answer.status = 0;
    r->answer.length = r->answer.range_from = r->answer.range_size = r->answer.mtime = -1;
    r->answer.etag[0] = r->answer.checksum[0] = '\0';
    r->answer.opaque_etag = false;
    r->answer.body = body;
    r->region[0] = r->date[0] = '\0';
    r->range_last = -1;
}

void wire_reply_line(struct wire_reply *r, const char *line, size_t len)
{
    if (len > 5 && memcmp(line, "HTTP/", 5) == 0) {
        take_status(r, line, len);
        return;
    }
    const char *colon = memchr(line, ':', len);
    if (!colon || colon == line)
        return;
    const char *from = colon + 1;
    const char *end = line + len;
    while (from < end && (*from == ' ' || *from == '\t'))
        from++;
    while (end > from && (end[-1] == '\r' || end[-1] == '\n' || end[-1] == ' ' || end[-1] == '\t'))
        end--;
    const struct line l = {from, (size_t)(end - from)};
    take_value(r, line, (size_t)(colon - line), &l);
}
