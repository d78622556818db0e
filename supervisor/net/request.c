#include "net/request.h"

#include <curl/curl.h>
#include <errno.h>
#include <string.h>

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
    /* nothing of these can fail but for memory: then the request does, too */
    (void)curl_easy_setopt(easy, CURLOPT_URL, ask->url);
    (void)curl_easy_setopt(easy, CURLOPT_PROTOCOLS_STR, "http,https");
    (void)curl_easy_setopt(easy, CURLOPT_NOSIGNAL, 1L);
    (void)curl_easy_setopt(easy, CURLOPT_TIMEOUT_MS, timeout);
    (void)curl_easy_setopt(easy, CURLOPT_CONNECTTIMEOUT_MS, timeout);
    (void)curl_easy_setopt(easy, CURLOPT_USERAGENT, "mainstay-net/" MAINSTAY_VERSION);
    (void)curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, on_answer);
    (void)curl_easy_setopt(easy, CURLOPT_WRITEDATA, r);
    (void)curl_easy_setopt(easy, CURLOPT_PRIVATE, r);
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

/* Words without the address, unlike those of CURLOPT_ERRORBUFFER. */
static void request_judge(struct request *r, CURLcode code)
{
    curl_off_t after = 0;
    (void)curl_easy_getinfo(r->easy, CURLINFO_RESPONSE_CODE, &r->status);
    (void)curl_easy_getinfo(r->easy, CURLINFO_RETRY_AFTER, &after);
    r->retry_after = after > 0 && after < 86400 ? (int64_t)after * 1000 : 0;
    if (code == CURLE_OK || (code == CURLE_WRITE_ERROR && r->answered > REQUEST_ANSWER_MAX))
        return;
    r->status = 0;
    err_write(&r->trouble, "%s", curl_easy_strerror(code));
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
