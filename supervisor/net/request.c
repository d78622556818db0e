#include "net/request.h"

#include <curl/curl.h>
#include <errno.h>
#include <string.h>

/* What CURLINFO_SSL_VERIFYRESULT says: OpenSSL's numbers, but for CERT_OTHER, libcurl's own. */
enum { CERT_GOOD = 0, CERT_OTHER = 1, CERT_NOT_YET = 9, CERT_EXPIRED = 10, CERT_OTHER_HOST = 62 };
enum { DAY_SECONDS = 86400 };

static size_t on_answer(char *data, size_t size, size_t count, void *ctx)
{
    struct request *r = ctx;
    (void)data;
    r->answered += size * count;
    return r->answered > REQUEST_ANSWER_MAX ? 0 : size * count;
}

int requests_open(struct requests *all, struct err *e)
{
    list_init(&all->active);
    if (curl_global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK)
        return err_set(e, -ENOMEM, "libcurl cannot be used");
    all->multi = curl_multi_init();
    return all->multi ? 0 : err_set(e, -ENOMEM, "libcurl cannot be used");
}

static void request_end(struct requests *all, struct request *r)
{
    (void)curl_multi_remove_handle(all->multi, r->easy);
    curl_easy_cleanup(r->easy);
    curl_slist_free_all(r->headers);
    r->easy = NULL;
    r->headers = NULL;
    buf_close(&r->body);
    list_remove(&r->link);
}

void requests_close(struct requests *all)
{
    struct request *r;
    list_each (r, &all->active, link)
        request_end(all, r);
    if (all->multi)
        (void)curl_multi_cleanup(all->multi);
    all->multi = NULL;
    curl_global_cleanup();
}

static void set_body(struct request *r, const struct request_ask *ask)
{
    CURL *easy = r->easy;
    if (!ask->body)
        return;
    buf_append(&r->body, ask->body, ask->len);
    r->headers = curl_slist_append(r->headers, "Content-Type: application/json");
    r->headers = curl_slist_append(r->headers, "Expect:"); /* no round for the leave to send */
    (void)curl_easy_setopt(easy, CURLOPT_POST, 1L);
    (void)curl_easy_setopt(easy, CURLOPT_POSTFIELDS, buf_str(&r->body));
    (void)curl_easy_setopt(easy, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)r->body.len);
    (void)curl_easy_setopt(easy, CURLOPT_HTTPHEADER, r->headers);
}

int request_start(struct requests *all, struct request *r, const struct request_ask *ask,
                  struct err *e)
{
    const long timeout = ask->timeout_ms > 0 ? (long)ask->timeout_ms : 1;
    CURL *easy = curl_easy_init();
    if (!easy)
        return err_set(e, -ENOMEM, "libcurl cannot be used");
    r->easy = easy;
    r->headers = NULL;
    r->answered = 0;
    r->status = 0;
    r->retry_after = 0;
    r->own_ca = ask->ca_file != NULL;
    /* nothing of these can fail but for memory: then the request does, too */
    (void)curl_easy_setopt(easy, CURLOPT_URL, ask->url);
    (void)curl_easy_setopt(easy, CURLOPT_PROTOCOLS_STR, "http,https");
    (void)curl_easy_setopt(easy, CURLOPT_NOSIGNAL, 1L);
    (void)curl_easy_setopt(easy, CURLOPT_QUICK_EXIT, 1L); /* no wait for a DNS that is silent */
    (void)curl_easy_setopt(easy, CURLOPT_TIMEOUT_MS, timeout);
    (void)curl_easy_setopt(easy, CURLOPT_CONNECTTIMEOUT_MS, timeout);
    (void)curl_easy_setopt(easy, CURLOPT_USERAGENT, "mainstay-net/" MAINSTAY_VERSION);
    (void)curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, on_answer);
    (void)curl_easy_setopt(easy, CURLOPT_WRITEDATA, r);
    (void)curl_easy_setopt(easy, CURLOPT_PRIVATE, r);
    if (ask->ca_file) { /* these, and not those of the system's folder besides */
        (void)curl_easy_setopt(easy, CURLOPT_CAINFO, ask->ca_file);
        (void)curl_easy_setopt(easy, CURLOPT_CAPATH, NULL);
    }
    set_body(r, ask);
    list_append(&all->active, &r->link);
    if (curl_multi_add_handle(all->multi, easy) != CURLM_OK) {
        request_end(all, r);
        return err_set(e, -ENOMEM, "libcurl cannot be used");
    }
    return 0;
}

void requests_wait(struct requests *all, struct pollfd *fds, size_t count, int64_t timeout_ms)
{
    struct curl_waitfd extra[REQUEST_FDS];
    const int64_t longest = 3600000;
    count = count < REQUEST_FDS ? count : REQUEST_FDS;
    for (size_t i = 0; i < count; i++)
        extra[i] = (struct curl_waitfd){.fd = fds[i].fd, .events = CURL_WAIT_POLLIN};
    if (timeout_ms < 0 || timeout_ms > longest)
        timeout_ms = longest;
    (void)curl_multi_poll(all->multi, extra, (unsigned)count, (int)timeout_ms, NULL);
    for (size_t i = 0; i < count; i++)
        fds[i].revents = extra[i].revents ? POLLIN : 0;
}

static const char *words_of_certificate(const struct request *r)
{
    long said = 0;
    (void)curl_easy_getinfo(r->easy, CURLINFO_SSL_VERIFYRESULT, &said);
    switch (said) {
    case CERT_GOOD:
    case CERT_OTHER:
    case CERT_OTHER_HOST:
        return "the certificate there is one of another host";
    case CERT_NOT_YET:
        return "the certificate there is not valid yet: is the clock right?";
    case CERT_EXPIRED:
        return "the certificate there has expired";
    default:
        return r->own_ca ? "the certificate there is not trusted: ca_file= does not have the one "
                           "of its authority"
                         : "the certificate there is not trusted: name the one of its authority "
                           "with ca_file=";
    }
}

/* A proxy that was asked for a way to the server, and said no. */
static bool is_barred(struct request *r)
{
    long said = 0;
    (void)curl_easy_getinfo(r->easy, CURLINFO_HTTP_CONNECTCODE, &said);
    if (said >= 300)
        err_write(&r->trouble,
                  "the proxy does not let us through (%ld): check https_proxy in "
                  "environment=%s",
                  said, said == 407 ? ", it wants a password" : "");
    return said >= 300;
}

/* Words without the address, unlike those of CURLOPT_ERRORBUFFER; NULL: libcurl's. */
static const char *words_of(const struct request *r, CURLcode code)
{
    // clang-format off
    static const struct { CURLcode code; const char *words; } rows[] = {
        {CURLE_URL_MALFORMAT, "the address makes no sense: check it"},
        {CURLE_COULDNT_RESOLVE_HOST, "the host is not found: check the address and DNS"},
        {CURLE_COULDNT_RESOLVE_PROXY,
         "the proxy is not found: check http_proxy and https_proxy in environment="},
        {CURLE_COULDNT_CONNECT, "nobody takes connections there: does it run?"},
        {CURLE_OPERATION_TIMEDOUT, "there was no answer within timeout="},
        {CURLE_GOT_NOTHING, "it has hung up without an answer"},
        {CURLE_SEND_ERROR, "it has hung up without an answer"},
        {CURLE_RECV_ERROR, "it has hung up without an answer"},
        {CURLE_SSL_CONNECT_ERROR, "no TLS is spoken there: is it http:// instead of https://?"},
    };
    // clang-format on
    if (code == CURLE_PEER_FAILED_VERIFICATION)
        return words_of_certificate(r);
    if (code == CURLE_SSL_CACERT_BADFILE)
        return r->own_ca ? "the certificates of ca_file= cannot be used: is it a PEM file that "
                           "can be read?"
                         : "this machine has no certificates of authorities: install them, or "
                           "name a file with ca_file=";
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        if (rows[i].code == code)
            return rows[i].words;
    return curl_easy_strerror(code);
}

static void request_judge(struct request *r, CURLcode code)
{
    curl_off_t after = 0;
    (void)curl_easy_getinfo(r->easy, CURLINFO_RESPONSE_CODE, &r->status);
    (void)curl_easy_getinfo(r->easy, CURLINFO_RETRY_AFTER, &after);
    after = after < DAY_SECONDS ? after : DAY_SECONDS;
    r->retry_after = after > 0 ? (int64_t)after * 1000 : 0;
    if (code == CURLE_OK || (code == CURLE_WRITE_ERROR && r->answered > REQUEST_ANSWER_MAX))
        return;
    r->status = 0;
    if (!is_barred(r))
        err_write(&r->trouble, "%s", words_of(r, code));
}

void requests_turn(struct requests *all)
{
    int running, left;
    CURLMsg *message;
    (void)curl_multi_perform(all->multi, &running);
    while ((message = curl_multi_info_read(all->multi, &left)) != NULL) {
        struct request *r = NULL;
        const CURLcode code = message->data.result;
        if (message->msg != CURLMSG_DONE)
            continue;
        (void)curl_easy_getinfo(message->easy_handle, CURLINFO_PRIVATE, (char **)&r);
        request_judge(r, code);
        request_end(all, r);
        r->on_done(r);
    }
}
