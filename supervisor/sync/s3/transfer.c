#include "sync/s3/transfer.h"

#include <curl/curl.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <time.h>

#include "base/buf.h"
#include "base/clock.h"
#include "base/mem.h"
#include "sync/s3/list.h"
#include "sync/s3/sigv4.h"

enum {
    ERROR_BODY_MAX = 16384,
    RECEIVE_SIZE = 128 << 10,
    TICK_MS = 200,
    BACKOFF_MS = 500,
    BACKOFF_MAX_MS = 20000,
};

enum slot_state {
    SLOT_FREE,
    SLOT_RUNNING,
    SLOT_WAITING, /* for its next try */
};

struct slot {
    struct transfer *transfer;
    enum slot_state state;
    CURL *curl;
    struct curl_slist *headers;
    struct request request;
    unsigned tried;
    int64_t due; /* SLOT_WAITING: when to try again */
    struct answer answer;
    char region[64]; /* that the server names for the bucket */
    struct buf body; /* of an answer that is not 200 */
    int failed;      /* -errno that a callback returned in this try */
    struct err err;  /* with its sentence */
    char curl_error[CURL_ERROR_SIZE];
};

struct transfer {
    struct transfer_options options;
    const struct s3_place *place;
    bool signing;
    const char *token;
    struct sigv4 signer;
    CURLM *multi;
    struct slot *slots; /* options.concurrency of them */
    unsigned busy;      /* slots that are not free */
    bool drained;       /* next() has no more */
};

// --- one try ---------------------------------------------------------------------------------

static size_t on_body(char *data, size_t one, size_t len, void *ctx)
{
    (void)one;
    struct slot *s = ctx;
    long status = 0;
    (void)curl_easy_getinfo(s->curl, CURLINFO_RESPONSE_CODE, &status);
    if (status != 200) {
        size_t room = ERROR_BODY_MAX - s->body.len;
        buf_append(&s->body, data, len < room ? len : room);
        return len <= room ? len : CURL_WRITEFUNC_ERROR; /* enough: it may have no end */
    }
    s->failed = s->request.on_data(&s->request, data, len, &s->err);
    return s->failed < 0 ? CURL_WRITEFUNC_ERROR : len;
}

/* The value of a header line, when it has that name; NULL otherwise. */
static const char *header_value(const char *line, size_t len, const char *name, size_t *value_len)
{
    size_t name_len = strlen(name);
    if (len <= name_len || line[name_len] != ':' || strncasecmp(line, name, name_len) != 0)
        return NULL;
    const char *from = line + name_len + 1;
    const char *end = line + len;
    while (from < end && (*from == ' ' || *from == '\t'))
        from++;
    while (end > from && (end[-1] == '\r' || end[-1] == '\n' || end[-1] == ' '))
        end--;
    *value_len = (size_t)(end - from);
    return from;
}

static bool copy_header(const char *line, size_t len, const char *name, char *out, size_t size)
{
    size_t n = 0;
    const char *value = header_value(line, len, name, &n);
    if (!value || n >= size)
        return false;
    memcpy(out, value, n);
    out[n] = '\0';
    return true;
}

static size_t on_header(char *line, size_t one, size_t len, void *ctx)
{
    (void)one;
    struct slot *s = ctx;
    char text[32];
    size_t n = 0;
    if (copy_header(line, len, "etag", s->answer.etag, sizeof s->answer.etag) ||
        copy_header(line, len, "x-amz-bucket-region", s->region, sizeof s->region))
        return len;
    if (copy_header(line, len, "x-amz-server-side-encryption", text, sizeof text))
        s->answer.opaque_etag = strcmp(text, "AES256") != 0;
    if (header_value(line, len, "x-amz-server-side-encryption-customer-algorithm", &n))
        s->answer.opaque_etag = true;
    return len;
}

static void add_header(struct slot *s, const char *name, const char *value)
{
    char *line = mem_printf("%s: %s", name, value);
    struct curl_slist *list = curl_slist_append(s->headers, line);
    if (!list)
        abort();
    s->headers = list;
    explicit_bzero(line, strlen(line));
    mem_free(line);
}

static void sign(struct slot *s, const char *path, const char *query)
{
    struct transfer *t = s->transfer;
    char now[SIGV4_TIME_SIZE];
    sigv4_time(clock_wall() / 1000, now);
    const struct sigv4_header headers[] = {
        {"host", t->place->host},
        {"x-amz-content-sha256", SIGV4_UNSIGNED},
        {"x-amz-date", now},
        {"x-amz-security-token", t->token},
    };
    size_t count = sizeof headers / sizeof *headers - (t->token ? 0 : 1);
    const struct sigv4_request r = {.method = "GET",
                                    .path = path,
                                    .query = query,
                                    .headers = headers,
                                    .header_count = count,
                                    .payload = SIGV4_UNSIGNED,
                                    .time = now};
    struct buf value = BUF_EMPTY;
    sigv4_sign(&t->signer, &r, &value);
    add_header(s, "Authorization", buf_str(&value));
    for (size_t i = 1; i < count; i++) /* the first is Host, which libcurl writes the same */
        add_header(s, headers[i].name, headers[i].value);
    buf_close(&value);
}

static void set_headers(struct slot *s)
{
    curl_slist_free_all(s->headers);
    s->headers = NULL;
    if (s->request.if_match)
        add_header(s, "If-Match", s->request.if_match);
    if (s->transfer->signing) {
        const char *question = strchrnul(s->request.target, '?');
        char *path = mem_strndup(s->request.target, (size_t)(question - s->request.target));
        sign(s, path, *question ? question + 1 : "");
        mem_free(path);
    }
    (void)curl_easy_setopt(s->curl, CURLOPT_HTTPHEADER, s->headers);
}

static int start_try(struct slot *s)
{
    s->tried++;
    s->failed = 0;
    s->answer = (struct answer){.length = -1};
    s->region[0] = '\0';
    s->curl_error[0] = '\0';
    buf_clear(&s->body);
    int rc = s->request.on_begin(&s->request, &s->err);
    if (rc < 0)
        return rc;
    char *url = mem_printf("%s%s", s->transfer->place->origin, s->request.target);
    CURLcode set = curl_easy_setopt(s->curl, CURLOPT_URL, url);
    mem_free(url);
    set_headers(s);
    if (set != CURLE_OK || curl_multi_add_handle(s->transfer->multi, s->curl) != CURLM_OK)
        return err_set(&s->err, -ENOMEM, "cannot start a request");
    s->state = SLOT_RUNNING;
    return 0;
}

// --- how a try ended ---------------------------------------------------------------------------

struct outcome {
    enum sync_exit why; /* SYNC_OK: well */
    bool transient;
};

/* Failures that the next try would meet again. */
static bool is_lasting(CURLcode code)
{
    return code == CURLE_PEER_FAILED_VERIFICATION || code == CURLE_SSL_CACERT_BADFILE ||
           code == CURLE_URL_MALFORMAT || code == CURLE_UNSUPPORTED_PROTOCOL ||
           code == CURLE_SSL_CERTPROBLEM || code == CURLE_OUT_OF_MEMORY;
}

static struct outcome judge_callback(struct slot *s, struct err *e)
{
    *e = s->err;
    if (s->failed == -EBADMSG)
        return (struct outcome){SYNC_SERVER, true};
    if (s->failed == -ESTALE)
        return (struct outcome){SYNC_OBJECTS, false};
    return (struct outcome){SYNC_LOCAL, false};
}

static struct outcome judge(struct slot *s, CURLcode code, struct err *e)
{
    if (s->failed < 0)
        return judge_callback(s, e);
    long status = 0;
    (void)curl_easy_getinfo(s->curl, CURLINFO_RESPONSE_CODE, &status);
    bool read_enough = code == CURLE_WRITE_ERROR && status != 200;
    if (code != CURLE_OK && !read_enough) {
        (void)err_set(e, -EIO, "%s", s->curl_error[0] ? s->curl_error : curl_easy_strerror(code));
        return (struct outcome){SYNC_SERVER, !is_lasting(code)};
    }
    if (status != 200) {
        struct s3_error error;
        list_read_error(buf_str(&s->body), s->body.len, &error);
        if (!error.region[0] && status >= 300 && status < 500)
            (void)snprintf(error.region, sizeof error.region, "%s", s->region);
        enum sync_exit why = s3_explain(s->transfer->place, status, &error, e);
        return (struct outcome){why, s3_is_transient(status, &error)};
    }
    curl_off_t length = -1;
    (void)curl_easy_getinfo(s->curl, CURLINFO_CONTENT_LENGTH_DOWNLOAD_T, &length);
    s->answer.length = length;
    s->failed = s->request.on_end(&s->request, &s->answer, &s->err);
    return s->failed < 0 ? judge_callback(s, e) : (struct outcome){SYNC_OK, false};
}

/* Doubles with each try, spread by a quarter, and never shorter than the server asks for. */
static int64_t backoff(const struct slot *s)
{
    int64_t ms = (int64_t)BACKOFF_MS << (s->tried < 6 ? s->tried - 1 : 5);
    ms += ms * (random() % 51 - 25) / 100;
    curl_off_t wish = 0;
    (void)curl_easy_getinfo(s->curl, CURLINFO_RETRY_AFTER, &wish);
    if (wish > 0 && wish < BACKOFF_MAX_MS / 1000 && wish * 1000 > ms)
        ms = wish * 1000;
    return ms < BACKOFF_MAX_MS ? ms : BACKOFF_MAX_MS;
}

static void free_slot(struct slot *s)
{
    s->state = SLOT_FREE;
    s->transfer->busy--;
    mem_free(s->request.target);
    s->request.target = NULL;
}

static enum sync_exit give_up(struct slot *s, enum sync_exit why, struct err *e)
{
    why = s->request.on_failed(&s->request, why, e);
    free_slot(s);
    return why;
}

static enum sync_exit finish_try(struct slot *s, CURLcode code, struct err *e)
{
    struct err failure;
    struct outcome end = judge(s, code, &failure);
    (void)curl_multi_remove_handle(s->transfer->multi, s->curl);
    if (end.why == SYNC_OK) {
        free_slot(s);
        return SYNC_OK;
    }
    if (end.transient && s->tried < s->transfer->options.tries) {
        s->state = SLOT_WAITING;
        s->due = clock_now() + backoff(s);
        return SYNC_OK;
    }
    *e = failure;
    return give_up(s, end.why, e);
}

// --- the engine --------------------------------------------------------------------------------

static void set_options(struct slot *s, const struct transfer_options *o)
{
    CURL *c = s->curl;
    const long stall = (long)((o->stall_ms + 999) / 1000);
    (void)curl_easy_setopt(c, CURLOPT_PRIVATE, s);
    (void)curl_easy_setopt(c, CURLOPT_WRITEFUNCTION, on_body);
    (void)curl_easy_setopt(c, CURLOPT_WRITEDATA, s);
    (void)curl_easy_setopt(c, CURLOPT_HEADERFUNCTION, on_header);
    (void)curl_easy_setopt(c, CURLOPT_HEADERDATA, s);
    (void)curl_easy_setopt(c, CURLOPT_ERRORBUFFER, s->curl_error);
    (void)curl_easy_setopt(c, CURLOPT_USERAGENT, "mainstay-sync/" MAINSTAY_VERSION);
    (void)curl_easy_setopt(c, CURLOPT_PATH_AS_IS, 1L); /* the path is signed as it is sent */
    (void)curl_easy_setopt(c, CURLOPT_PROTOCOLS_STR, "http,https");
    (void)curl_easy_setopt(c, CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_1_1);
    (void)curl_easy_setopt(c, CURLOPT_FOLLOWLOCATION, 0L);
    (void)curl_easy_setopt(c, CURLOPT_NOSIGNAL, 1L);
    (void)curl_easy_setopt(c, CURLOPT_BUFFERSIZE, (long)RECEIVE_SIZE);
    (void)curl_easy_setopt(c, CURLOPT_CONNECTTIMEOUT_MS, (long)o->connect_ms);
    (void)curl_easy_setopt(c, CURLOPT_LOW_SPEED_LIMIT, 1L);
    (void)curl_easy_setopt(c, CURLOPT_LOW_SPEED_TIME, stall);
    if (o->ca_file)
        (void)curl_easy_setopt(c, CURLOPT_CAINFO, o->ca_file);
}

struct transfer *transfer_new(const struct transfer_options *o, const struct s3_place *place,
                              const struct creds *creds)
{
    struct transfer *t = mem_alloc(sizeof *t);
    t->options = *o;
    t->place = place;
    t->signing = creds->access_key != NULL;
    t->token = creds->token;
    t->signer = (struct sigv4){
        .access_key = creds->access_key, .secret = creds->secret, .region = place->region};
    t->slots = mem_array(o->concurrency, sizeof *t->slots);
    if (curl_global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK || !(t->multi = curl_multi_init()))
        abort();
    (void)curl_multi_setopt(t->multi, CURLMOPT_MAXCONNECTS, (long)o->concurrency);
    for (unsigned i = 0; i < o->concurrency; i++)
        t->slots[i].transfer = t;
    return t;
}

void transfer_free(struct transfer *t)
{
    if (!t)
        return;
    for (unsigned i = 0; i < t->options.concurrency; i++) {
        struct slot *s = &t->slots[i];
        if (s->state == SLOT_RUNNING)
            (void)curl_multi_remove_handle(t->multi, s->curl);
        curl_easy_cleanup(s->curl);
        curl_slist_free_all(s->headers);
        mem_free(s->request.target);
        buf_close(&s->body);
    }
    (void)curl_multi_cleanup(t->multi);
    curl_global_cleanup();
    sigv4_close(&t->signer);
    mem_free(t->slots);
    mem_free(t);
}

static enum sync_exit try_now(struct slot *s, struct err *e)
{
    int rc = start_try(s);
    if (rc == 0)
        return SYNC_OK;
    *e = s->err;
    return give_up(s, SYNC_LOCAL, e);
}

static enum sync_exit fill_slot(struct slot *s, transfer_next *next, void *ctx, struct err *e)
{
    struct transfer *t = s->transfer;
    struct request r = {.slot = (unsigned)(s - t->slots)};
    if (!next(ctx, &r)) {
        t->drained = true;
        return SYNC_OK;
    }
    if (!s->curl) {
        s->curl = curl_easy_init();
        if (!s->curl)
            abort();
        set_options(s, &t->options);
    }
    s->request = r;
    s->tried = 0;
    t->busy++;
    return try_now(s, e);
}

/* Gives every free slot something to do and starts every try that is due. */
static enum sync_exit start_due(struct transfer *t, transfer_next *next, void *ctx, struct err *e)
{
    int64_t now = clock_now();
    enum sync_exit rc = SYNC_OK;
    for (unsigned i = 0; rc == SYNC_OK && i < t->options.concurrency; i++) {
        struct slot *s = &t->slots[i];
        while (rc == SYNC_OK && s->state == SLOT_FREE && !t->drained)
            rc = fill_slot(s, next, ctx, e);
        if (rc == SYNC_OK && s->state == SLOT_WAITING && s->due <= now)
            rc = try_now(s, e);
    }
    return rc;
}

static enum sync_exit finish_done(struct transfer *t, struct err *e)
{
    enum sync_exit rc = SYNC_OK;
    int left = 0;
    for (CURLMsg *m; rc == SYNC_OK && (m = curl_multi_info_read(t->multi, &left)) != NULL;) {
        struct slot *s = NULL;
        CURLcode code = m->data.result;
        (void)curl_easy_getinfo(m->easy_handle, CURLINFO_PRIVATE, (char **)&s);
        rc = finish_try(s, code, e);
    }
    return rc;
}

static int poll_ms(const struct transfer *t)
{
    int64_t now = clock_now();
    int64_t wait = TICK_MS;
    for (unsigned i = 0; i < t->options.concurrency; i++) {
        const struct slot *s = &t->slots[i];
        if (s->state == SLOT_WAITING && s->due - now < wait)
            wait = s->due > now ? s->due - now : 0;
    }
    return (int)wait;
}

static enum sync_exit wait_for_more(struct transfer *t, struct err *e)
{
    struct curl_waitfd stop = {.fd = t->options.stop_fd, .events = CURL_WAIT_POLLIN};
    unsigned extra = t->options.stop_fd >= 0 ? 1 : 0;
    if (curl_multi_poll(t->multi, &stop, extra, poll_ms(t), NULL) != CURLM_OK) {
        (void)err_set(e, -EIO, "cannot wait for the network");
        return SYNC_LOCAL;
    }
    if (extra && stop.revents) {
        (void)err_set(e, -EINTR, "interrupted");
        return SYNC_SIGTERM;
    }
    return SYNC_OK;
}

/* After a failure nothing must stay behind that calls back into its owner. */
static void drop_all(struct transfer *t)
{
    for (unsigned i = 0; i < t->options.concurrency; i++) {
        struct slot *s = &t->slots[i];
        if (s->state == SLOT_RUNNING)
            (void)curl_multi_remove_handle(t->multi, s->curl);
        if (s->state != SLOT_FREE)
            free_slot(s);
    }
}

enum sync_exit transfer_run(struct transfer *t, transfer_next *next, void (*on_tick)(void *ctx),
                            void *ctx, struct err *e)
{
    int64_t ticked = clock_now();
    t->drained = false;
    enum sync_exit rc = start_due(t, next, ctx, e);
    while (rc == SYNC_OK && t->busy > 0) {
        int running = 0;
        (void)curl_multi_perform(t->multi, &running);
        rc = finish_done(t, e);
        if (rc == SYNC_OK)
            rc = start_due(t, next, ctx, e);
        if (rc == SYNC_OK && t->busy > 0)
            rc = wait_for_more(t, e);
        if (on_tick && clock_now() - ticked >= TICK_MS) {
            on_tick(ctx);
            ticked = clock_now();
        }
    }
    if (rc != SYNC_OK)
        drop_all(t);
    return rc;
}
