#include "sync/s3/sts.h"

#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/mem.h"
#include "sync/s3/http.h"
#include "sync/s3/keydoc.h"
#include "sync/s3/s3.h"
#include "sync/s3/sigv4.h"

enum {
    STS_SKEW = 120,     /* seconds by which a clock may be wrong before it is the reason */
    STS_PAUSE_MS = 300, /* before the second try; twice that before the third */
    STS_LOOK_MS = 50,
    STS_FORM = 1024
};

/* One request, over all of its tries. */
struct call {
    const struct sts *sts;
    const struct sts_role *role;
    char *url;
    char *host;
    const char *path; /* in url */
    struct buf form;
    int64_t offset; /* of the server's clock to ours, in seconds */
    bool skewed;    /* the offset was taken over already */
};

static void add_field(struct buf *form, const char *name, const char *value)
{
    if (!value)
        return;
    buf_printf(form, "%s%s=", form->len ? "&" : "", name);
    s3_encode(form, value, strlen(value), false);
}

static void make_form(struct call *c)
{
    const struct sts_role *role = c->role;
    add_field(&c->form, "Action", role->token ? "AssumeRoleWithWebIdentity" : "AssumeRole");
    add_field(&c->form, "Version", "2011-06-15");
    add_field(&c->form, "RoleArn", role->arn);
    add_field(&c->form, "RoleSessionName", role->session);
    add_field(&c->form, "ExternalId", role->external_id);
    add_field(&c->form, "DurationSeconds", role->duration);
    add_field(&c->form, "WebIdentityToken", role->token);
}

static char *make_url(const struct sts *s)
{
    if (s->endpoint) {
        size_t len = strlen(s->endpoint);
        bool slash = len && s->endpoint[len - 1] == '/';
        return mem_printf("%s%s", s->endpoint, slash ? "" : "/");
    }
    if (!s->region || strcmp(s->region, "aws-global") == 0)
        return mem_strdup("https://sts.amazonaws.com/");
    return mem_printf("https://sts.%s.amazonaws.com%s/", s->region,
                      strncmp(s->region, "cn-", 3) == 0 ? ".cn" : "");
}

static int open_call(struct call *c, struct err *e)
{
    c->url = make_url(c->sts);
    c->host = http_host(c->url);
    if (!c->host || strpbrk(c->url, " \t\r\n?#"))
        return err_set(e, -EINVAL, "the endpoint of STS is no plain http:// or https:// address");
    c->path = strchr(strstr(c->url, "://") + 3, '/');
    make_form(c);
    return 0;
}

static void close_call(struct call *c)
{
    if (c->form.data)
        explicit_bzero(c->form.data, c->form.room);
    buf_close(&c->form);
    mem_free(c->url);
    mem_free(c->host);
}

struct signature {
    char time[SIGV4_TIME_SIZE];
    char hash[2 * SIGV4_HASH + 1];
    struct buf authorization;
};

static void sign(const struct call *c, struct signature *s)
{
    const struct creds *keys = c->role->source;
    sigv4_time(clock_wall() / 1000 + c->offset, s->time);
    sigv4_hash(c->form.data, c->form.len, s->hash);
    struct sigv4 v4 = {
        .access_key = keys->access_key,
        .secret = keys->secret,
        .region = c->sts->region && strcmp(c->sts->region, "aws-global") != 0 ? c->sts->region
                                                                              : "us-east-1",
        .service = "sts",
    };
    const struct sigv4_header headers[] = {
        {"host", c->host},
        {"x-amz-content-sha256", s->hash},
        {"x-amz-date", s->time},
        {"x-amz-security-token", keys->token},
    };
    const struct sigv4_request r = {
        .method = "POST",
        .path = c->path,
        .query = "",
        .headers = headers,
        .header_count = keys->token ? 4 : 3,
        .payload = s->hash,
        .time = s->time,
    };
    sigv4_sign(&v4, &r, &s->authorization);
    sigv4_close(&v4);
}

static int send_once(const struct call *c, struct http_answer *a, struct err *e)
{
    struct signature s = {.authorization = BUF_EMPTY};
    bool signs = !c->role->token;
    if (signs)
        sign(c, &s);
    char *lines[] = {
        mem_printf("host: %s", c->host),
        mem_printf("accept: application/xml"),
        signs ? mem_printf("authorization: %s", buf_str(&s.authorization)) : NULL,
        signs ? mem_printf("x-amz-content-sha256: %s", s.hash) : NULL,
        signs ? mem_printf("x-amz-date: %s", s.time) : NULL,
        signs && c->role->source->token
            ? mem_printf("x-amz-security-token: %s", c->role->source->token)
            : NULL,
    };
    struct http_request r = {
        .method = "POST",
        .url = c->url,
        .body = buf_str(&c->form),
        .connect_ms = STS_CONNECT_MS,
        .total_ms = STS_TOTAL_MS,
        .ca_file = c->sts->ca_file,
        .proxy = true,
        .cancelled = c->sts->cancelled,
    };
    memcpy(r.headers, lines, sizeof lines);
    int rc = http_ask(&r, a, e);
    for (size_t i = 0; i < sizeof lines / sizeof *lines; i++) {
        if (lines[i])
            explicit_bzero(lines[i], strlen(lines[i]));
        mem_free(lines[i]);
    }
    buf_close(&s.authorization);
    return rc;
}

/* A server that echoes what it was sent must not bring it into a sentence. */
static bool is_safe(const struct call *c, const char *message)
{
    const struct creds *keys = c->role->source;
    return !(c->role->token && strstr(message, c->role->token)) &&
           !(keys && keys->secret && strstr(message, keys->secret)) &&
           !(keys && keys->token && strstr(message, keys->token));
}

static int refuse(const struct call *c, long status, const struct sts_answer *a, struct err *e)
{
    struct buf words = BUF_EMPTY;
    if (a->code) {
        keydoc_words(&words, a->code);
        buf_text(&words, ", ");
    }
    if (a->message && is_safe(c, a->message)) {
        keydoc_words(&words, a->message);
        buf_text(&words, ", ");
    }
    int rc = err_set(e, -ENOKEY, "%s does not let us be %s (%sstatus %ld)", c->host, c->role->arn,
                     buf_str(&words), status);
    buf_close(&words);
    return rc;
}

/* By our own clock, also when that is wrong. */
static int take(const struct call *c, const struct sts_answer *a, struct creds *out, struct err *e)
{
    int64_t expires = 0;
    if (!a->access_key || !a->secret || !a->token || !a->expiration ||
        !keydoc_time(a->expiration, &expires))
        return err_set(e, -EPROTO, "%s: the answer is not one of STS", c->host);
    out->access_key = mem_strdup(a->access_key);
    out->secret = mem_strdup(a->secret);
    out->token = mem_strdup(a->token);
    out->expires = expires - c->offset;
    return 0;
}

static bool is_passing(const struct http_answer *a, const struct sts_answer *read)
{
    return a->status >= 500 || a->status == 429 ||
           (read->code && (strcmp(read->code, "Throttling") == 0 ||
                           strcmp(read->code, "IDPCommunicationError") == 0));
}

/* Signatures are refused when the clocks differ: then the server's clock counts, once. */
static bool adopts_clock(struct call *c, const struct http_answer *a)
{
    int64_t offset = a->date ? a->date - clock_wall() / 1000 : 0;
    if (c->skewed || c->role->token || a->status < 400 || a->status >= 500 ||
        llabs(offset) < STS_SKEW)
        return false;
    c->offset = offset;
    c->skewed = true;
    return true;
}

/* -EAGAIN: another try may do better; e holds what is said if there is none. */
static int try_once(struct call *c, struct creds *out, struct err *e)
{
    struct http_answer a;
    struct sts_answer read = {0};
    int rc = send_once(c, &a, e);
    if (rc < 0)
        return rc == -EHOSTUNREACH || rc == -ETIMEDOUT ? -EAGAIN : rc;
    bool xml = sts_read(buf_str(&a.body), a.body.len, &read) == 0;
    if (a.status == 200 && !xml)
        rc = err_set(e, -EPROTO, "%s: the answer is not one of STS", c->host);
    else if (a.status == 200)
        rc = take(c, &read, out, e);
    else
        rc = refuse(c, a.status, &read, e);
    if (a.status != 200 && (is_passing(&a, &read) || adopts_clock(c, &a)))
        rc = -EAGAIN;
    sts_answer_close(&read);
    http_answer_close(&a);
    return rc;
}

/* false: somebody has cancelled it. */
static bool pause_for(const struct sts *s, int64_t ms)
{
    for (int64_t end = clock_now() + ms; clock_now() < end;) {
        if (s->cancelled && atomic_load(s->cancelled))
            return false;
        (void)poll(NULL, 0, STS_LOOK_MS);
    }
    return true;
}

int sts_assume(const struct sts *s, const struct sts_role *role, struct creds *c, struct err *e)
{
    struct call call = {.sts = s, .role = role, .form = BUF_EMPTY};
    int rc = open_call(&call, e);
    for (int i = 1; rc == 0; i++) {
        rc = try_once(&call, c, e);
        if (rc != -EAGAIN)
            break;
        if (i == STS_TRIES)
            rc = -EHOSTUNREACH;
        else
            rc = pause_for(s, (int64_t)STS_PAUSE_MS * i) ? 0 : err_set(e, -ECANCELED, "stopped");
    }
    close_call(&call);
    return rc;
}
