#include "sync/s3/keyring.h"

#include <errno.h>
#include <string.h>

#include "base/clock.h"
#include "base/list.h"

enum {
    KEYRING_EARLY = 300, /* seconds before the end; AWS hands out new keys that early */
    KEYRING_LOOK = 30,   /* seconds, at most, between two looks at the clock: it may jump */
    KEYRING_RETRY = 30,  /* seconds, at most, after a refresh that failed */
};

static int64_t now_s(void)
{
    return clock_wall() / 1000;
}

/* Keys that live shorter than twice KEYRING_EARLY are replaced after half of their life. */
int64_t keyring_due(int64_t now, int64_t expires)
{
    if (expires == 0)
        return 0;
    int64_t left = expires > now ? expires - now : 0;
    int64_t early = left / 2 < KEYRING_EARLY ? left / 2 : KEYRING_EARLY;
    int64_t due = expires - early;
    return due > now ? due : now + 1;
}

static bool same_text(const char *a, const char *b)
{
    return a && b ? strcmp(a, b) == 0 : a == b;
}

static bool same_keys(const struct creds *a, const struct creds *b)
{
    return same_text(a->access_key, b->access_key) && same_text(a->secret, b->secret) &&
           same_text(a->token, b->token);
}

static void on_handle_closed(uv_handle_t *handle)
{
    struct keyring *k = container_of((uv_timer_t *)handle, struct keyring, timer);
    creds_close(&k->creds);
    creds_close(&k->next);
    if (k->on_closed)
        k->on_closed(k);
}

/* The timer has its callback from keyring_init. */
static void set_due(struct keyring *k, int64_t due)
{
    k->due = due;
    if (!due) {
        (void)uv_timer_stop(&k->timer);
        return;
    }
    int64_t left = due - now_s();
    left = left < 1 ? 1 : left > KEYRING_LOOK ? KEYRING_LOOK : left;
    uv_timer_set_repeat(&k->timer, (uint64_t)left * 1000);
    (void)uv_timer_again(&k->timer);
}

/* on_keys may close the keyring or load again. */
static void tell(struct keyring *k, int rc)
{
    struct err e = k->err;
    k->rc = rc;
    k->asked = false;
    k->on_keys(k, rc, &e);
}

static void take_keys(struct keyring *k)
{
    bool same = k->loaded && same_keys(&k->creds, &k->next);
    bool asked = k->asked;
    creds_close(&k->creds);
    k->creds = k->next;
    k->next = (struct creds){0};
    k->loaded = true;
    bool ended = k->creds.expires && k->creds.expires <= now_s();
    if (same && (asked || ended)) {
        set_due(k, 0);
        tell(k, err_set(&k->err, -EKEYEXPIRED,
                        "the credentials have expired, and where they come from there are no newer "
                        "ones; renew them"));
        return;
    }
    set_due(k, keyring_due(now_s(), k->creds.expires));
    if (!same || asked)
        tell(k, 0);
}

/* The old keys are good until they expire: nobody has to know until then. */
static void take_failure(struct keyring *k, int rc)
{
    int64_t left = k->creds.expires - now_s();
    creds_close(&k->next);
    if (k->asked || !k->loaded || left <= 0) {
        set_due(k, 0);
        tell(k, rc);
        return;
    }
    int64_t wait = left / 4 < KEYRING_RETRY ? left / 4 : KEYRING_RETRY;
    k->rc = rc;
    set_due(k, now_s() + (wait > 0 ? wait : 1));
}

static void on_loading(uv_work_t *work)
{
    struct keyring *k = container_of(work, struct keyring, work);
    k->rc = creds_load(&k->query, &k->next, &k->err);
}

static void on_loaded(uv_work_t *work, int status)
{
    struct keyring *k = container_of(work, struct keyring, work);
    k->loading = false;
    if (k->closing) {
        uv_close((uv_handle_t *)&k->timer, on_handle_closed);
        return;
    }
    int rc = status < 0 ? err_set(&k->err, status, "%s", uv_strerror(status)) : k->rc;
    if (rc == 0)
        take_keys(k);
    else
        take_failure(k, rc);
}

static void start_load(struct keyring *k)
{
    if (k->loading || k->closing)
        return;
    k->loading = true;
    (void)uv_queue_work(k->loop, &k->work, on_loading, on_loaded);
}

static void on_timer(uv_timer_t *timer)
{
    struct keyring *k = container_of(timer, struct keyring, timer);
    if (k->due && now_s() >= k->due)
        start_load(k);
    else
        set_due(k, k->due);
}

void keyring_init(struct keyring *k, uv_loop_t *loop, const struct creds_query *query)
{
    *k = (struct keyring){.loop = loop, .query = *query};
    atomic_init(&k->cancelled, false);
    k->query.cancelled = &k->cancelled;
    (void)uv_timer_init(loop, &k->timer);
    (void)uv_timer_start(&k->timer, on_timer, 1000, 1000);
    (void)uv_timer_stop(&k->timer);
    uv_unref((uv_handle_t *)&k->timer);
}

void keyring_load(struct keyring *k)
{
    k->asked = true;
    start_load(k);
}

void keyring_close(struct keyring *k, void (*on_closed)(struct keyring *k))
{
    if (k->closing)
        return;
    k->closing = true;
    k->on_closed = on_closed;
    (void)uv_timer_stop(&k->timer);
    atomic_store(&k->cancelled, true);
    if (k->loading)
        (void)uv_cancel((uv_req_t *)&k->work); /* on_loaded closes, now or when it has ended */
    else
        uv_close((uv_handle_t *)&k->timer, on_handle_closed);
}
