#include "sync/s3/http.h"

#include <arpa/inet.h>
#include <curl/curl.h>
#include <errno.h>
#include <string.h>
#include <strings.h>

#include "base/mem.h"

struct exchange {
    const struct http_request *request;
    struct http_answer *answer;
    bool too_long;
};

static size_t on_body(char *data, size_t size, size_t count, void *ctx)
{
    struct exchange *x = ctx;
    size_t len = size * count;
    if (x->answer->body.len + len > HTTP_BODY_LIMIT) {
        x->too_long = true;
        return 0;
    }
    buf_append(&x->answer->body, data, len);
    return len;
}

static size_t on_header(char *data, size_t size, size_t count, void *ctx)
{
    struct exchange *x = ctx;
    size_t len = size * count;
    if (len > 5 && strncasecmp(data, "date:", 5) == 0) {
        char *text = mem_strndup(data + 5, len - 5);
        time_t date = curl_getdate(text, NULL);
        x->answer->date = date > 0 ? (int64_t)date : 0;
        mem_free(text);
    }
    return len;
}

static int on_progress(void *ctx, curl_off_t a, curl_off_t b, curl_off_t c, curl_off_t d)
{
    (void)a, (void)b, (void)c, (void)d;
    const struct exchange *x = ctx;
    return x->request->cancelled && atomic_load(x->request->cancelled);
}

static void set_target(CURL *easy, const struct http_request *r)
{
    (void)curl_easy_setopt(easy, CURLOPT_URL, r->url);
    (void)curl_easy_setopt(easy, CURLOPT_PROTOCOLS_STR, "http,https");
    (void)curl_easy_setopt(easy, CURLOPT_FOLLOWLOCATION, 0L);
    (void)curl_easy_setopt(easy, CURLOPT_NOSIGNAL, 1L);
    (void)curl_easy_setopt(easy, CURLOPT_USERAGENT, "mainstay-sync/" MAINSTAY_VERSION);
    (void)curl_easy_setopt(easy, CURLOPT_CONNECTTIMEOUT_MS, (long)r->connect_ms);
    (void)curl_easy_setopt(easy, CURLOPT_TIMEOUT_MS, (long)r->total_ms);
    if (!r->proxy)
        (void)curl_easy_setopt(easy, CURLOPT_PROXY, "");
    if (r->ca_file) { /* these, and not those of the system's folder besides */
        (void)curl_easy_setopt(easy, CURLOPT_CAINFO, r->ca_file);
        (void)curl_easy_setopt(easy, CURLOPT_CAPATH, NULL);
    }
    (void)curl_easy_setopt(easy, CURLOPT_CUSTOMREQUEST, r->method);
    if (r->body) {
        (void)curl_easy_setopt(easy, CURLOPT_POSTFIELDSIZE, (long)strlen(r->body));
        (void)curl_easy_setopt(easy, CURLOPT_POSTFIELDS, r->body);
    }
}

static void set_callbacks(CURL *easy, struct exchange *x)
{
    (void)curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, on_body);
    (void)curl_easy_setopt(easy, CURLOPT_WRITEDATA, x);
    (void)curl_easy_setopt(easy, CURLOPT_HEADERFUNCTION, on_header);
    (void)curl_easy_setopt(easy, CURLOPT_HEADERDATA, x);
    (void)curl_easy_setopt(easy, CURLOPT_NOPROGRESS, 0L);
    (void)curl_easy_setopt(easy, CURLOPT_XFERINFOFUNCTION, on_progress);
    (void)curl_easy_setopt(easy, CURLOPT_XFERINFODATA, x);
}

struct failure {
    CURLcode code;
    int rc;
    const char *text;
};

// clang-format off
static const struct failure failures[] = {
    {CURLE_ABORTED_BY_CALLBACK,     -ECANCELED,    "stopped"},
    {CURLE_COULDNT_RESOLVE_HOST,    -EHOSTUNREACH, "there is no such host"},
    {CURLE_COULDNT_RESOLVE_PROXY,   -EHOSTUNREACH, "there is no such proxy"},
    {CURLE_COULDNT_CONNECT,         -EHOSTUNREACH, "nothing answers there"},
    {CURLE_OPERATION_TIMEDOUT,      -ETIMEDOUT,    "it does not answer in time"},
    {CURLE_GOT_NOTHING,             -ETIMEDOUT,    "it closed the connection without an answer"},
    {CURLE_RECV_ERROR,              -ETIMEDOUT,    "the connection broke"},
    {CURLE_SEND_ERROR,              -ETIMEDOUT,    "the connection broke"},
    {CURLE_PARTIAL_FILE,            -ETIMEDOUT,    "its answer ended early"},
    {CURLE_URL_MALFORMAT,           -EINVAL,       "this is no URL"},
    {CURLE_UNSUPPORTED_PROTOCOL,    -EINVAL,       "only http:// and https:// are known"},
    {CURLE_PEER_FAILED_VERIFICATION,-EPROTO,
     "its certificate is not trusted; name the authority by --ca-file or AWS_CA_BUNDLE"},
    {CURLE_SSL_CACERT_BADFILE,      -EINVAL,
     "the file of trusted certificates is not readable"},
};
// clang-format on

/* A connection that was never made is not one that was too slow. */
static bool is_connected(CURL *easy)
{
    curl_off_t took = 0;
    return curl_easy_getinfo(easy, CURLINFO_CONNECT_TIME_T, &took) == CURLE_OK && took > 0;
}

static int explain(CURL *easy, CURLcode code, const struct exchange *x, struct err *e)
{
    char *host = http_host(x->request->url);
    int rc = -EPROTO;
    const char *text = x->too_long ? "its answer is far too long" : curl_easy_strerror(code);
    for (size_t i = 0; !x->too_long && i < sizeof failures / sizeof *failures; i++) {
        if (failures[i].code == code) {
            rc = failures[i].rc;
            text = failures[i].text;
        }
    }
    if (rc == -ETIMEDOUT && code == CURLE_OPERATION_TIMEDOUT && !is_connected(easy)) {
        rc = -EHOSTUNREACH;
        text = "nothing answers there in time";
    }
    rc = err_set(e, rc, "%s: %s", host ? host : "a server for credentials", text);
    mem_free(host);
    return rc;
}

int http_ask(const struct http_request *r, struct http_answer *a, struct err *e)
{
    *a = (struct http_answer){.body = BUF_EMPTY};
    struct exchange x = {.request = r, .answer = a};
    CURL *easy = curl_easy_init();
    if (!easy)
        return err_set(e, -ENOMEM, "libcurl does not start");
    /* 1xx answers are not waited for: a body is small */
    struct curl_slist *headers = curl_slist_append(NULL, "Expect:");
    for (size_t i = 0; i < HTTP_HEADERS_MAX && r->headers[i]; i++)
        headers = curl_slist_append(headers, r->headers[i]);
    set_target(easy, r);
    set_callbacks(easy, &x);
    (void)curl_easy_setopt(easy, CURLOPT_HTTPHEADER, headers);
    CURLcode code = curl_easy_perform(easy);
    int rc = code == CURLE_OK ? 0 : explain(easy, code, &x, e);
    (void)curl_easy_getinfo(easy, CURLINFO_RESPONSE_CODE, &a->status);
    curl_easy_cleanup(easy);
    curl_slist_free_all(headers);
    if (rc < 0)
        http_answer_close(a);
    return rc;
}

void http_answer_close(struct http_answer *a)
{
    if (a->body.data)
        explicit_bzero(a->body.data, a->body.room);
    buf_close(&a->body);
}

char *http_host(const char *url)
{
    const char *host = strstr(url, "://");
    if (!host)
        return NULL;
    const char *own = strncasecmp(url, "https", 5) == 0 ? ":443" : ":80";
    host += 3;
    size_t len = strcspn(host, "/?#");
    if (memchr(host, '@', len))
        return NULL;
    size_t tail = strlen(own);
    /* "[::80" is no port: IPv6 addresses end in a bracket */
    if (len > tail && memcmp(host + len - tail, own, tail) == 0)
        len -= tail;
    return len ? mem_strndup(host, len) : NULL;
}

static bool is_loopback(const char *host)
{
    struct in_addr four;
    struct in6_addr six;
    if (strcasecmp(host, "localhost") == 0)
        return true;
    if (inet_pton(AF_INET, host, &four) == 1)
        return ntohl(four.s_addr) >> 24 == 127;
    return inet_pton(AF_INET6, host, &six) == 1 && IN6_IS_ADDR_LOOPBACK(&six);
}

static bool is_one_of(const char *host, const char *const *hosts)
{
    for (; hosts && *hosts; hosts++) {
        if (strcmp(host, *hosts) == 0)
            return true;
    }
    return false;
}

bool http_is_private(const char *url, const char *const *hosts)
{
    if (strncasecmp(url, "https://", 8) == 0)
        return true;
    char *host = strncasecmp(url, "http://", 7) == 0 ? http_host(url) : NULL;
    if (!host)
        return false;
    char *name = host;
    char *end = NULL;
    if (*name == '[')
        end = strchr(++name, ']');
    else
        end = strchr(name, ':');
    if (end)
        *end = '\0';
    bool private = is_loopback(name) || is_one_of(name, hosts);
    mem_free(host);
    return private;
}
