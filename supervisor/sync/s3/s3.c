#include "sync/s3/s3.h"

#include <ctype.h>
#include <errno.h>
#include <string.h>
#include <strings.h>

#include "base/mem.h"

enum { BUCKET_MIN = 3, BUCKET_MAX = 63, KEY_MAX = 1024, REGION_MAX = 63 };

struct endpoint {
    bool https;
    char *host; /* with the port unless it is the scheme's own; owned */
    char *path; /* "" or "/base", without a slash at the end; owned */
};

static bool is_unreserved(char c)
{
    return isalnum((unsigned char)c) || c == '-' || c == '.' || c == '_' || c == '~';
}

void s3_encode(struct buf *out, const char *text, size_t len, bool keep_slash)
{
    static const char digits[] = "0123456789ABCDEF";
    for (size_t i = 0; i < len; i++) {
        unsigned char c = (unsigned char)text[i];
        if (is_unreserved(text[i]) || (keep_slash && c == '/')) {
            buf_char(out, text[i]);
        } else {
            char hex[3] = {'%', digits[c >> 4], digits[c & 15]};
            buf_append(out, hex, sizeof hex);
        }
    }
}

static int hex_value(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    c = (char)tolower((unsigned char)c);
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

bool s3_decode(char *text, size_t *len)
{
    size_t to = 0;
    for (size_t from = 0; from < *len; from++) {
        char c = text[from];
        if (c == '%') {
            int high = from + 2 < *len ? hex_value(text[from + 1]) : -1;
            int low = high >= 0 ? hex_value(text[from + 2]) : -1;
            if (low < 0)
                return false;
            c = (char)(high * 16 + low);
            from += 2;
        } else if (c == '+') {
            c = ' ';
        }
        text[to++] = c;
    }
    text[to] = '\0';
    *len = to;
    return true;
}

static bool is_name(const char *text, size_t min, size_t max, const char *also)
{
    size_t len = strlen(text);
    if (len < min || len > max)
        return false;
    for (; *text; text++) {
        if (!isalnum((unsigned char)*text) && !strchr(also, *text))
            return false;
    }
    return true;
}

static int parse_source(struct s3_place *p, const char *source, struct err *e)
{
    if (strncmp(source, "s3://", 5) != 0)
        return err_set(e, -EINVAL, "the source '%s' does not begin with s3://", source);
    const char *bucket = source + 5;
    const char *slash = strchrnul(bucket, '/');
    p->bucket = mem_strndup(bucket, (size_t)(slash - bucket));
    if (!is_name(p->bucket, BUCKET_MIN, BUCKET_MAX, "-._"))
        return err_set(e, -EINVAL, "'%s' is no bucket name (3 to 63 letters, digits, - . _)",
                       p->bucket);
    const char *prefix = *slash ? slash + 1 : slash;
    size_t len = strlen(prefix);
    if (len > KEY_MAX)
        return err_set(e, -EINVAL, "the prefix is longer than %d bytes", KEY_MAX);
    /* as a folder: data does not match data-old/x */
    p->prefix = mem_printf("%s%s", prefix, len && prefix[len - 1] != '/' ? "/" : "");
    return 0;
}

/* Drops ":443" of https and ":80" of http, which no client sends. */
static char *host_without_default_port(const char *host, size_t len, bool https)
{
    const char *port = https ? ":443" : ":80";
    size_t port_len = strlen(port);
    if (len > port_len && memcmp(host + len - port_len, port, port_len) == 0)
        len -= port_len;
    return mem_strndup(host, len);
}

static int parse_endpoint(const char *url, struct endpoint *to, struct err *e)
{
    bool https = strncasecmp(url, "https://", 8) == 0;
    if (!https && strncasecmp(url, "http://", 7) != 0)
        return err_set(e, -EINVAL, "the endpoint must begin with http:// or https://");
    const char *host = url + (https ? 8 : 7);
    if (strchr(host, '@'))
        return err_set(e, -EINVAL, "the endpoint must not hold a user name or password");
    for (const char *c = host; *c; c++) {
        if (!isgraph((unsigned char)*c) || strchr("?#\\\"<>", *c))
            return err_set(e, -EINVAL, "the endpoint '%s' is no plain URL", url);
    }
    size_t host_len = strcspn(host, "/");
    if (host_len == 0)
        return err_set(e, -EINVAL, "the endpoint '%s' names no host", url);
    const char *path = host + host_len;
    size_t path_len = strlen(path);
    while (path_len > 0 && path[path_len - 1] == '/')
        path_len--;
    to->https = https;
    to->host = host_without_default_port(host, host_len, https);
    to->path = mem_strndup(path, path_len);
    return 0;
}

static char *aws_endpoint(const char *region)
{
    const char *suffix = strncmp(region, "cn-", 3) == 0 ? ".cn" : "";
    return mem_printf("https://s3.%s.amazonaws.com%s", region, suffix);
}

/* A dot in the bucket would not match the certificate of *.s3.REGION.amazonaws.com. */
static bool wants_virtual(const struct s3_where *w, const char *bucket)
{
    if (w->style == S3_STYLE_AUTO)
        return !w->endpoint && !strchr(bucket, '.');
    return w->style == S3_STYLE_VIRTUAL;
}

/* What a place is at one endpoint: origin, host and base. */
static void set_endpoint(struct s3_place *p, const struct endpoint *to, bool virtual)
{
    p->host = mem_printf("%s%s%s", virtual ? p->bucket : "", virtual ? "." : "", to->host);
    p->origin = mem_printf("%s://%s", to->https ? "https" : "http", p->host);
    p->base = mem_printf("%s%s%s", to->path, virtual ? "" : "/", virtual ? "" : p->bucket);
}

int s3_place_init(struct s3_place *p, const struct s3_where *w, struct err *e)
{
    struct endpoint to = {0};
    char *url = NULL;
    *p = (struct s3_place){0};
    int rc = parse_source(p, w->source, e);
    if (rc < 0)
        goto fail;
    rc = -EINVAL;
    if (!is_name(w->region, 1, REGION_MAX, "-")) {
        (void)err_set(e, rc, "'%s' is no region name", w->region);
        goto fail;
    }
    url = w->endpoint ? mem_strdup(w->endpoint) : aws_endpoint(w->region);
    rc = parse_endpoint(url, &to, e);
    if (rc < 0)
        goto fail;
    set_endpoint(p, &to, wants_virtual(w, p->bucket));
    p->region = mem_strdup(w->region);
    p->aws = !w->endpoint;
fail:
    mem_free(url);
    mem_free(to.host);
    mem_free(to.path);
    if (rc < 0)
        s3_place_close(p);
    return rc;
}

bool s3_place_move(struct s3_place *p, const char *region)
{
    if (!is_name(region, 1, REGION_MAX, "-"))
        return false;
    char *name = mem_strdup(region); /* it may be p's own */
    mem_free(p->region);
    p->region = name;
    if (!p->aws)
        return true;
    char *url = aws_endpoint(p->region);
    bool virtual = !*p->base;
    mem_free(p->origin);
    mem_free(p->host);
    p->host = mem_printf("%s%s%s", virtual ? p->bucket : "", virtual ? "." : "",
                         url + strlen("https://"));
    p->origin = mem_printf("https://%s", p->host);
    mem_free(url);
    return true;
}

void s3_place_close(struct s3_place *p)
{
    mem_free(p->origin);
    mem_free(p->host);
    mem_free(p->base);
    mem_free(p->bucket);
    mem_free(p->prefix);
    mem_free(p->region);
    *p = (struct s3_place){0};
}

char *s3_list_target(const struct s3_place *p, const char *token)
{
    struct buf b = BUF_EMPTY;
    buf_printf(&b, "%s%s?", p->base, *p->base ? "" : "/");
    if (token) {
        buf_text(&b, "continuation-token=");
        s3_encode(&b, token, strlen(token), false);
        buf_char(&b, '&');
    }
    buf_text(&b, "encoding-type=url&list-type=2&prefix=");
    s3_encode(&b, p->prefix, strlen(p->prefix), false);
    return buf_take(&b);
}

char *s3_object_target(const struct s3_place *p, const char *key, size_t len)
{
    struct buf b = BUF_EMPTY;
    buf_printf(&b, "%s/", p->base);
    s3_encode(&b, key, len, true);
    return buf_take(&b);
}

/* What the codes of S3 mean here. A %s stands for the bucket. */
struct explanation {
    const char *code;
    enum sync_exit kind;
    enum { LASTING, TRANSIENT, THROTTLING, EXPIRED } nature;
    const char *text;
};

// clang-format off
static const struct explanation explanations[] = {
    {"SignatureDoesNotMatch", SYNC_DENIED,    LASTING,
     "the server refuses the signature: is the secret key right?"},
    {"InvalidAccessKeyId",    SYNC_DENIED,    LASTING,
     "the server does not know this access key: is it one for this endpoint?"},
    {"ExpiredToken",          SYNC_DENIED,    EXPIRED, "the session token has expired: renew it"},
    {"ExpiredTokenException", SYNC_DENIED,    EXPIRED, "the session token has expired: renew it"},
    {"TokenRefreshRequired",  SYNC_DENIED,    EXPIRED, "the session token must be renewed"},
    {"InvalidToken",          SYNC_DENIED,    LASTING,
     "the session token is not valid: is it the one of this access key?"},
    {"RequestTimeTooSkewed",  SYNC_DENIED,    LASTING,
     "the clock of this machine differs too much from the server's: set it"},
    {"AccessDenied",          SYNC_DENIED,    LASTING,
     "access to bucket '%s' is denied: do policies allow it?"},
    {"NoSuchBucket",          SYNC_NOT_FOUND, LASTING,
     "there is no bucket '%s': check its name and the endpoint"},
    {"NoSuchKey",             SYNC_OBJECTS,   LASTING, "it is gone since the listing"},
    {"PreconditionFailed",    SYNC_OBJECTS,   LASTING, "it changed since the listing"},
    {"InvalidRange",          SYNC_OBJECTS,   LASTING, "it changed since the listing"},
    {"NoSuchUpload",          SYNC_OBJECTS,   LASTING,
     "the parts that were sent are gone from the server"},
    {"BadDigest",             SYNC_OBJECTS, TRANSIENT, "it did not arrive as it was sent"},
    {"XAmzContentSHA256Mismatch", SYNC_OBJECTS, TRANSIENT, "it did not arrive as it was sent"},
    {"InvalidObjectState",    SYNC_OBJECTS,   LASTING,
     "it is archived and must be restored first"},
    {"SlowDown",              SYNC_SERVER, THROTTLING, "the server asks to slow down"},
    {"Throttling",            SYNC_SERVER, THROTTLING, "the server asks to slow down"},
    {"ThrottlingException",   SYNC_SERVER, THROTTLING, "the server asks to slow down"},
    {"TooManyRequests",       SYNC_SERVER, THROTTLING, "the server asks to slow down"},
    {"RequestLimitExceeded",  SYNC_SERVER, THROTTLING, "the server asks to slow down"},
    {"BandwidthLimitExceeded", SYNC_SERVER, THROTTLING, "the server asks to slow down"},
    {"ServiceUnavailable",    SYNC_SERVER, THROTTLING, "the server is too busy"},
    {"RequestTimeout",        SYNC_SERVER,  TRANSIENT, "the server gave up waiting"},
    {"InternalError",         SYNC_SERVER,  TRANSIENT, "the server has an internal error"},
    {"OperationAborted",      SYNC_SERVER,  TRANSIENT, "the server does something else with it"},
};

/* Answers without a known code, by status. */
static const struct { long status; enum sync_exit kind; const char *text; } statuses[] = {
    {301, SYNC_DENIED,    "bucket '%s' is at another endpoint: say which with --endpoint"},
    {307, SYNC_DENIED,    "bucket '%s' is at another endpoint: say which with --endpoint"},
    {401, SYNC_DENIED,    "the server wants other credentials for bucket '%s'"},
    {403, SYNC_DENIED,    "access to bucket '%s' is forbidden: are the keys the right ones?"},
    {404, SYNC_NOT_FOUND, "there is no bucket '%s' at this endpoint: check both"},
    {407, SYNC_SERVER,    "the proxy wants a password (http://user:password@host in https_proxy)"},
    {412, SYNC_OBJECTS,   "it changed since the listing"},
    {416, SYNC_OBJECTS,   "it changed since the listing"},
    {429, SYNC_SERVER,    "the server asks to slow down"},
};
// clang-format on

static const struct explanation *find_explanation(const char *code)
{
    for (size_t i = 0; i < sizeof explanations / sizeof *explanations; i++) {
        if (strcmp(explanations[i].code, code) == 0)
            return &explanations[i];
    }
    return NULL;
}

/* A server's own words may hold anything: only what prints in one line is repeated. */
static void append_words(struct buf *b, const char *text)
{
    for (; *text; text++)
        buf_char(b, (unsigned char)*text < 0x20 || *text == 0x7f ? ' ' : *text);
}

static enum sync_exit explain_status(const struct s3_place *p, long status, struct buf *b)
{
    for (size_t i = 0; i < sizeof statuses / sizeof *statuses; i++) {
        if (statuses[i].status != status)
            continue;
        const char *at = strstr(statuses[i].text, "%s");
        if (!at)
            buf_text(b, statuses[i].text);
        else
            buf_printf(b, "%.*s%s%s", (int)(at - statuses[i].text), statuses[i].text, p->bucket,
                       at + 2);
        return statuses[i].kind;
    }
    buf_text(b, status >= 500 ? "the server failed"
                              : "the server refuses the request: is it an S3 endpoint?");
    return SYNC_SERVER;
}

static enum sync_exit explain(const struct s3_place *p, long status, const struct s3_error *error,
                              struct buf *b)
{
    if (error->region[0] && strcmp(error->region, p->region) != 0) {
        buf_printf(b, "bucket '%s' is in region ", p->bucket);
        append_words(b, error->region);
        buf_text(b, ", not ");
        buf_text(b, p->region);
        buf_text(b, ": name it with --region");
        return SYNC_DENIED;
    }
    const struct explanation *x = find_explanation(error->code);
    if (!x)
        return explain_status(p, status, b);
    const char *at = strstr(x->text, "%s");
    if (at)
        buf_printf(b, "%.*s%s%s", (int)(at - x->text), x->text, p->bucket, at + 2);
    else
        buf_text(b, x->text);
    return x->kind;
}

enum sync_exit s3_explain(const struct s3_place *p, long status, const struct s3_error *error,
                          struct err *e)
{
    struct buf b = BUF_EMPTY;
    enum sync_exit kind = explain(p, status, error, &b);
    buf_printf(&b, " (%ld", status);
    if (error->code[0]) {
        buf_char(&b, ' ');
        append_words(&b, error->code);
    }
    buf_char(&b, ')');
    (void)err_set(e, -1, "%s", buf_str(&b));
    buf_close(&b);
    return kind;
}

bool s3_is_throttling(long status, const struct s3_error *error)
{
    const struct explanation *x = find_explanation(error->code);
    return x ? x->nature == THROTTLING : status == 503 || status == 429;
}

bool s3_is_transient(long status, const struct s3_error *error)
{
    const struct explanation *x = find_explanation(error->code);
    if (x)
        return x->nature == TRANSIENT || x->nature == THROTTLING;
    return (status >= 500 && status != 501) || status == 429 || status == 408;
}

bool s3_is_expired(const struct s3_error *error)
{
    const struct explanation *x = find_explanation(error->code);
    return x && x->nature == EXPIRED;
}
