#include "sync/s3/wire_judge.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "sync/s3/list.h"

enum {
    FAVOURS_MAX = 4, /* corrections for one request: more would be a circle */
    RESOLVE_TRIES = 4,
    SKEW_MIN_MS = 4 * 60 * 1000, /* servers bear 5 to 15 minutes */
};

// --- no answer ---------------------------------------------------------------------------------

static const char *system_text(const struct wire_slot *s)
{
    long code = 0;
    (void)curl_easy_getinfo(s->curl, CURLINFO_OS_ERRNO, &code);
    return code ? strerror((int)code) : "no answer";
}

/* libcurl's own words about the matter, for what has no better ones. */
static const char *detail(const struct wire_slot *s, CURLcode code)
{
    return s->curl_error[0] ? s->curl_error : curl_easy_strerror(code);
}

static struct wire_verdict lasting(enum sync_exit why)
{
    return (struct wire_verdict){why, AGAIN_NEVER};
}

static struct wire_verdict later(void)
{
    return (struct wire_verdict){SYNC_SERVER, AGAIN_LATER};
}

static struct wire_verdict judge_timeout(const struct wire_slot *s, struct err *e)
{
    const struct wire_options *o = &s->wire->options;
    const char *host = s->wire->place->host;
    if (s->stalled)
        (void)err_set(e, -ETIMEDOUT, "nothing came from %s for %lld s", host,
                      (long long)(o->stall_ms + 999) / 1000);
    else
        (void)err_set(e, -ETIMEDOUT, "no connection to %s within %lld s", host,
                      (long long)(o->connect_ms + 999) / 1000);
    return later();
}

/* At boot a name may not be known yet, but one that is wrong need not be asked for minutes. */
static struct wire_verdict judge_name(const struct wire_slot *s, CURLcode code, struct err *e)
{
    if (code == CURLE_COULDNT_RESOLVE_PROXY)
        (void)err_set(e, -EIO,
                      "the name of the proxy is not found: check http_proxy and "
                      "https_proxy in the environment");
    else
        (void)err_set(e, -EIO, "the host %s is not found: check the endpoint, the region and DNS",
                      s->wire->place->host);
    return s->request->tried < RESOLVE_TRIES ? later() : lasting(SYNC_SERVER);
}

static struct wire_verdict judge_tls(const struct wire_slot *s, CURLcode code, struct err *e)
{
    const struct wire *w = s->wire;
    if (code == CURLE_SSL_CACERT_BADFILE)
        (void)err_set(e, -EIO, "cannot use the certificates in '%s': is it a PEM file?",
                      w->options.ca_file ? w->options.ca_file : "the system's folder");
    else if (code == CURLE_PEER_FAILED_VERIFICATION)
        (void)err_set(e, -EIO,
                      "the certificate of %s is not trusted (%s): name its authority's "
                      "with --ca-file",
                      w->place->host, detail(s, code));
    else
        (void)err_set(e, -EIO, "no TLS with %s (%s)", w->place->host, detail(s, code));
    return lasting(SYNC_SERVER);
}

/* A proxy that was asked for a way to the server and said no. */
static bool is_barred(const struct wire_slot *s, struct err *e)
{
    long said = 0;
    (void)curl_easy_getinfo(s->curl, CURLINFO_HTTP_CONNECTCODE, &said);
    if (said < 300)
        return false;
    (void)err_set(e, -EIO, "the proxy does not connect us with %s (%ld): check https_proxy%s",
                  s->wire->place->host, said, said == 407 ? ", it wants a password" : "");
    return true;
}

static struct wire_verdict judge_silence(const struct wire_slot *s, CURLcode code, struct err *e)
{
    const char *host = s->wire->place->host;
    if (is_barred(s, e))
        return lasting(SYNC_SERVER);
    if (code == CURLE_OPERATION_TIMEDOUT)
        return judge_timeout(s, e);
    if (code == CURLE_COULDNT_RESOLVE_HOST || code == CURLE_COULDNT_RESOLVE_PROXY)
        return judge_name(s, code, e);
    if (code == CURLE_PEER_FAILED_VERIFICATION || code == CURLE_SSL_CACERT_BADFILE ||
        code == CURLE_SSL_CERTPROBLEM)
        return judge_tls(s, code, e);
    if (code == CURLE_SSL_CONNECT_ERROR)
        (void)err_set(e, -EIO, "no TLS with %s (%s): is the endpoint http://?", host,
                      detail(s, code));
    else if (code == CURLE_COULDNT_CONNECT)
        (void)err_set(e, -EIO, "cannot connect to %s: %s", host, system_text(s));
    else
        (void)err_set(e, -EIO, "the connection to %s broke: %s", host, detail(s, code));
    bool never = code == CURLE_URL_MALFORMAT || code == CURLE_OUT_OF_MEMORY ||
                 (code == CURLE_SSL_CONNECT_ERROR && strstr(s->curl_error, "wrong version"));
    return never ? lasting(SYNC_SERVER) : later();
}

// --- an answer that is no success --------------------------------------------------------------

/* Another region for the bucket: the one we signed for, or asked, was the wrong one. */
static bool moved(struct wire *w, const struct wire_slot *s, const struct s3_error *error)
{
    if (!error->region[0])
        return false;
    if (strcmp(error->region, w->place->region) == 0)
        return s->moves != w->moves; /* another request found it out meanwhile */
    if (!s3_place_move(w->place, error->region))
        return false;
    w->moves++;
    return true;
}

/* The clock is what is wrong when the server's differs by minutes from what was signed. */
static bool set_clock(struct wire *w, const struct wire_slot *s)
{
    time_t theirs = s->reply.date[0] ? curl_getdate(s->reply.date, NULL) : -1;
    if (theirs < 0 || !w->creds.access_key)
        return false;
    int64_t off = (int64_t)theirs * 1000 - s->signed_at;
    if (off > -SKEW_MIN_MS && off < SKEW_MIN_MS)
        return false;
    w->skew = (int64_t)theirs * 1000 - clock_wall();
    return true;
}

static bool wants_new_keys(const struct wire_slot *s, long status, const struct s3_error *error)
{
    bool mute = s->request->method == WIRE_HEAD && status == 400 && s->wire->creds.token;
    return s->wire->options.on_expired && (mute || s3_is_expired(error));
}

/* Something that is set right now: the same request may go again at once. */
static enum wire_again correct(struct wire_slot *s, long status, const struct s3_error *error)
{
    struct wire *w = s->wire;
    if (s->request->favours >= FAVOURS_MAX || status < 300 || status >= 500)
        return AGAIN_NEVER;
    if (moved(w, s, error))
        return AGAIN_NOW;
    if ((status == 400 || status == 401 || status == 403) && set_clock(w, s))
        return AGAIN_NOW;
    return wants_new_keys(s, status, error) ? AGAIN_WITH_KEYS : AGAIN_NEVER;
}

/* An object that is gone or denied says nothing about the bucket. */
static bool judge_object(const struct wire_slot *s, long status, const struct s3_error *error,
                         struct err *e)
{
    const struct wire_request *r = s->request;
    bool reading = r->method == WIRE_GET || r->method == WIRE_HEAD;
    bool mute = !error->code[0];
    if (!reading || !wire_is_of_object(s->wire, r))
        return false;
    if (status == 404 && mute)
        (void)err_set(e, -ENOENT, "it is gone since the listing (404)");
    else if (status == 403 && (mute || strcmp(error->code, "AccessDenied") == 0))
        (void)err_set(e, -EACCES, "access to it is denied (403%s)", mute ? "" : " AccessDenied");
    else
        return false;
    return true;
}

static struct wire_verdict judge_refusal(struct wire_slot *s, long status, struct err *e)
{
    struct s3_error error;
    list_read_error(buf_str(&s->error), s->error.len, &error);
    if (!error.region[0] && status >= 300 && status < 500)
        (void)snprintf(error.region, sizeof error.region, "%s", s->reply.region);
    enum wire_again again = correct(s, status, &error);
    enum sync_exit why = SYNC_OBJECTS;
    if (!judge_object(s, status, &error, e))
        why = s3_explain(s->wire->place, status, &error, e);
    if (again == AGAIN_NEVER && s3_is_transient(status, &error))
        again = s3_is_throttling(status, &error) ? AGAIN_SLOWER : AGAIN_LATER;
    return (struct wire_verdict){why, again};
}

// --- an answer ---------------------------------------------------------------------------------

static struct wire_verdict judge_failed(const struct wire_slot *s, struct err *e)
{
    *e = s->err;
    if (s->failed == -EBADMSG)
        return later();
    if (s->failed == -EPROTO)
        return lasting(SYNC_SERVER);
    return lasting(s->failed == -ESTALE ? SYNC_OBJECTS : SYNC_LOCAL);
}

/* S3 begins some answers to POST before it knows how they end: an error with status 200. */
static bool is_late_error(struct wire_slot *s)
{
    const struct buf *body = &s->reply.answer.body;
    struct s3_error error;
    if (s->request->method != WIRE_POST || s->request->on_data || !body->len)
        return false;
    list_read_error(body->data, body->len, &error);
    if (!error.code[0])
        return false;
    buf_clear(&s->error);
    buf_append(&s->error, body->data, body->len);
    return true;
}

struct wire_verdict wire_judge(struct wire_slot *s, CURLcode code, struct err *e)
{
    struct wire_request *r = s->request;
    e->text[0] = '\0';
    if (code == CURLE_OK)
        wire_slot_check_head(s);
    if (s->failed < 0)
        return judge_failed(s, e);
    long status = s->reply.answer.status;
    bool read_enough = code == CURLE_WRITE_ERROR && s->body && !s->fine;
    if (code != CURLE_OK && !read_enough)
        return judge_silence(s, code, e);
    if (!s->fine)
        return judge_refusal(s, status, e);
    if (is_late_error(s))
        return judge_refusal(s, 500, e);
    s->failed = r->on_end ? r->on_end(r, &s->reply.answer, &s->err) : 0;
    if (s->failed < 0 && s->request == r)
        return judge_failed(s, e);
    return (struct wire_verdict){SYNC_OK, AGAIN_NEVER};
}
