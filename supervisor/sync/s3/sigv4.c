#include "sync/s3/sigv4.h"

#include <openssl/evp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { BLOCK = 64 }; /* of SHA-256 */

struct part {
    const void *data;
    size_t len;
};

static void hash_hex(const unsigned char *hash, size_t len, char *hex)
{
    static const char digits[] = "0123456789abcdef";
    for (size_t i = 0; i < len; i++) {
        hex[2 * i] = digits[hash[i] >> 4];
        hex[2 * i + 1] = digits[hash[i] & 15];
    }
    hex[2 * len] = '\0';
}

/* libcrypto without SHA-256 is a broken installation: nothing could be signed. */
static void must(int worked)
{
    if (!worked)
        abort();
}

/* Asking libcrypto for the digest by name each time would cost more than the digest. */
static void sha256(struct sigv4 *s, const struct part *parts, size_t count, unsigned char *out)
{
    if (!s->digest) {
        s->digest = EVP_MD_fetch(NULL, "SHA256", NULL);
        s->context = EVP_MD_CTX_new();
        must(s->digest && s->context);
    }
    must(EVP_DigestInit_ex2(s->context, s->digest, NULL));
    for (size_t i = 0; i < count; i++)
        must(EVP_DigestUpdate(s->context, parts[i].data, parts[i].len));
    must(EVP_DigestFinal_ex(s->context, out, NULL));
}

/* RFC 2104; `out` may be `key`. */
static void hmac(struct sigv4 *s, struct part key, const char *text, unsigned char *out)
{
    unsigned char inner[BLOCK] = {0};
    unsigned char outer[BLOCK];
    unsigned char hash[SIGV4_HASH];
    if (key.len > BLOCK)
        sha256(s, &key, 1, inner);
    else
        memcpy(inner, key.data, key.len);
    for (size_t i = 0; i < BLOCK; i++) {
        outer[i] = inner[i] ^ 0x5c;
        inner[i] ^= 0x36;
    }
    sha256(s, (const struct part[]){{inner, BLOCK}, {text, strlen(text)}}, 2, hash);
    sha256(s, (const struct part[]){{outer, BLOCK}, {hash, SIGV4_HASH}}, 2, out);
    explicit_bzero(inner, sizeof inner);
    explicit_bzero(outer, sizeof outer);
}

void sigv4_hash(const void *data, size_t len, char *hex)
{
    unsigned char hash[SIGV4_HASH];
    unsigned hash_len = sizeof hash;
    if (!EVP_Digest(data, len, hash, &hash_len, EVP_sha256(), NULL))
        abort();
    hash_hex(hash, sizeof hash, hex);
}

void sigv4_time(int64_t now, char *text)
{
    time_t seconds = (time_t)now;
    struct tm tm = {0};
    (void)gmtime_r(&seconds, &tm);
    if (strftime(text, SIGV4_TIME_SIZE, "%Y%m%dT%H%M%SZ", &tm) == 0)
        text[0] = '\0';
}

static const char *service_of(const struct sigv4 *s)
{
    return s->service ? s->service : "s3";
}

static void derive_key(struct sigv4 *s, const char *day)
{
    const struct part key = {s->key, SIGV4_HASH};
    struct buf first = BUF_EMPTY;
    buf_printf(&first, "AWS4%s", s->secret);
    hmac(s, (struct part){first.data, first.len}, day, s->key);
    hmac(s, key, s->region, s->key);
    hmac(s, key, service_of(s), s->key);
    hmac(s, key, "aws4_request", s->key);
    explicit_bzero(first.data, first.len);
    buf_close(&first);
    memcpy(s->day, day, sizeof s->day);
}

static void add(struct buf *out, const char *before, const char *text)
{
    buf_text(out, before);
    buf_text(out, text);
}

static void append_names(const struct sigv4_request *r, struct buf *out)
{
    for (size_t i = 0; i < r->header_count; i++)
        add(out, i ? ";" : "", r->headers[i].name);
}

static void canonical_request(const struct sigv4_request *r, struct buf *out)
{
    buf_text(out, r->method);
    add(out, "\n", r->path);
    add(out, "\n", r->query);
    buf_char(out, '\n');
    for (size_t i = 0; i < r->header_count; i++) {
        buf_text(out, r->headers[i].name);
        add(out, ":", r->headers[i].value);
        buf_char(out, '\n');
    }
    buf_char(out, '\n');
    append_names(r, out);
    add(out, "\n", r->payload);
}

static void append_scope(const struct sigv4 *s, struct buf *out)
{
    buf_text(out, s->day);
    add(out, "/", s->region);
    add(out, "/", service_of(s));
    buf_text(out, "/aws4_request");
}

void sigv4_sign(struct sigv4 *s, const struct sigv4_request *r, struct buf *out)
{
    char day[sizeof s->day] = "";
    memcpy(day, r->time, sizeof day - 1);
    if (strcmp(day, s->day) != 0)
        derive_key(s, day);

    char hex[2 * SIGV4_HASH + 1];
    unsigned char hash[SIGV4_HASH];
    struct buf *text = &s->text;
    buf_clear(text);
    canonical_request(r, text);
    sha256(s, &(struct part){text->data, text->len}, 1, hash);
    hash_hex(hash, sizeof hash, hex);
    buf_clear(text);
    add(text, "AWS4-HMAC-SHA256\n", r->time);
    buf_char(text, '\n');
    append_scope(s, text);
    add(text, "\n", hex);
    hmac(s, (struct part){s->key, SIGV4_HASH}, text->data, hash);
    hash_hex(hash, sizeof hash, hex);

    add(out, "AWS4-HMAC-SHA256 Credential=", s->access_key);
    buf_char(out, '/');
    append_scope(s, out);
    buf_text(out, ",SignedHeaders=");
    append_names(r, out);
    add(out, ",Signature=", hex);
}

void sigv4_close(struct sigv4 *s)
{
    explicit_bzero(s->key, sizeof s->key);
    s->day[0] = '\0';
    EVP_MD_CTX_free(s->context);
    EVP_MD_free(s->digest);
    s->context = s->digest = NULL;
    if (s->text.len)
        explicit_bzero(s->text.data, s->text.len); /* a session token was among it */
    buf_close(&s->text);
}
