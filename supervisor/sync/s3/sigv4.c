#include "sync/s3/sigv4.h"

#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

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
static void hmac(const unsigned char *key, size_t key_len, const char *text, unsigned char *out)
{
    unsigned len = SIGV4_HASH;
    if (!HMAC(EVP_sha256(), key, (int)key_len, (const unsigned char *)text, strlen(text), out,
              &len))
        abort();
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
    struct buf first = BUF_EMPTY;
    buf_printf(&first, "AWS4%s", s->secret);
    hmac((const unsigned char *)first.data, first.len, day, s->key);
    hmac(s->key, SIGV4_HASH, s->region, s->key);
    hmac(s->key, SIGV4_HASH, service_of(s), s->key);
    hmac(s->key, SIGV4_HASH, "aws4_request", s->key);
    explicit_bzero(first.data, first.len);
    buf_close(&first);
    memcpy(s->day, day, sizeof s->day);
}

static void append_names(const struct sigv4_request *r, struct buf *out)
{
    for (size_t i = 0; i < r->header_count; i++)
        buf_printf(out, "%s%s", i ? ";" : "", r->headers[i].name);
}

static void canonical_request(const struct sigv4_request *r, struct buf *out)
{
    buf_printf(out, "%s\n%s\n%s\n", r->method, r->path, r->query);
    for (size_t i = 0; i < r->header_count; i++)
        buf_printf(out, "%s:%s\n", r->headers[i].name, r->headers[i].value);
    buf_char(out, '\n');
    append_names(r, out);
    buf_printf(out, "\n%s", r->payload);
}

void sigv4_sign(struct sigv4 *s, const struct sigv4_request *r, struct buf *out)
{
    char day[sizeof s->day] = "";
    memcpy(day, r->time, sizeof day - 1);
    if (strcmp(day, s->day) != 0)
        derive_key(s, day);

    char hex[2 * SIGV4_HASH + 1];
    struct buf text = BUF_EMPTY;
    canonical_request(r, &text);
    sigv4_hash(text.data, text.len, hex);
    buf_clear(&text);
    buf_printf(&text, "AWS4-HMAC-SHA256\n%s\n%s/%s/%s/aws4_request\n%s", r->time, day, s->region,
               service_of(s), hex);
    unsigned char signature[SIGV4_HASH];
    hmac(s->key, SIGV4_HASH, text.data, signature);
    hash_hex(signature, sizeof signature, hex);
    buf_close(&text);

    buf_printf(out,
               "AWS4-HMAC-SHA256 Credential=%s/%s/%s/%s/aws4_request,SignedHeaders=", s->access_key,
               day, s->region, service_of(s));
    append_names(r, out);
    buf_printf(out, ",Signature=%s", hex);
}

void sigv4_close(struct sigv4 *s)
{
    explicit_bzero(s->key, sizeof s->key);
    s->day[0] = '\0';
}

void md5_init(struct md5 *m)
{
    m->context = EVP_MD_CTX_new();
    m->usable = false;
}

void md5_start(struct md5 *m)
{
    m->usable = m->context && EVP_DigestInit_ex(m->context, EVP_md5(), NULL) == 1;
}

void md5_add(struct md5 *m, const void *data, size_t len)
{
    if (m->usable)
        m->usable = EVP_DigestUpdate(m->context, data, len) == 1;
}

bool md5_end(struct md5 *m, char *hex)
{
    unsigned char hash[EVP_MAX_MD_SIZE];
    unsigned len = 0;
    if (!m->usable || EVP_DigestFinal_ex(m->context, hash, &len) != 1)
        return false;
    m->usable = false;
    hash_hex(hash, len, hex);
    return true;
}

void md5_close(struct md5 *m)
{
    EVP_MD_CTX_free(m->context);
    m->context = NULL;
}
