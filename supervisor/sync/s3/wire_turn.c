#include <linux/sockios.h>
#include <string.h>
#include <sys/ioctl.h>

#include "base/mem.h"
#include "sync/s3/wire_judge.h"

enum { STALL_TICK_MIN_MS = 10, STALL_TICK_MAX_MS = 1000 };

// --- time --------------------------------------------------------------------------------------

static int64_t now_of(const struct wire *w)
{
    return (int64_t)uv_now(w->loop);
}

static void on_tick(uv_timer_t *timer);

/* At `at` at the latest something is due. */
void wire_tick_at(struct wire *w, int64_t at)
{
    if (w->closing || (w->tick_at && w->tick_at <= at))
        return;
    int64_t now = now_of(w);
    w->tick_at = at > 0 ? at : 1;
    (void)uv_timer_start(&w->tick, on_tick, at > now ? (uint64_t)(at - now) : 0, 0);
}

int64_t wire_starve(struct wire *w)
{
    int64_t ms = wire_pace_wait(&w->pace, now_of(w));
    if (ms > 0)
        wire_tick_at(w, now_of(w) + ms);
    return ms;
}

// --- requests that wait ------------------------------------------------------------------------

void wire_enqueue(struct wire *w, struct wire_request *r, bool first)
{
    struct list *head = r->urgent ? &w->urgent : &w->waiting;
    list_append(first ? head->next : head, &r->link);
    r->state = WIRE_WAITING;
    r->slot = NULL;
    w->queued++;
}

void wire_dequeue(struct wire *w, struct wire_request *r)
{
    list_remove(&r->link);
    w->queued--;
}

static void delay(struct wire *w, struct wire_request *r, int64_t wish)
{
    r->due = now_of(w) + wire_pace_backoff(&w->pace, r->tried, wish);
    r->state = WIRE_DELAYED;
    r->slot = NULL;
    list_append(&w->delayed, &r->link);
    w->queued++;
    w->retries++;
    wire_tick_at(w, r->due);
}

void wire_forget(struct wire_request *r)
{
    r->state = WIRE_IDLE;
    r->slot = NULL;
    mem_free(r->target);
    r->target = NULL;
}

static void done(struct wire *w, struct wire_request *r, enum sync_exit why, struct err *e)
{
    wire_forget(r);
    w->ended = true;
    r->on_done(r, why, e);
}

// --- the end of a try --------------------------------------------------------------------------

static void release(struct wire_slot *s)
{
    struct wire *w = s->wire;
    if (s->added)
        (void)curl_multi_remove_handle(w->multi, s->curl);
    s->added = s->dropped = s->resume = false;
    s->request = NULL;
    list_append(&w->idle, &s->link);
    w->busy--;
}

/* Its owner wants no more of it; libcurl may be in the middle of it. */
void wire_drop(struct wire_slot *s)
{
    s->request = NULL;
    if (s->wire->depth == 0) {
        release(s);
        return;
    }
    s->dropped = true;
    s->wire->drops = true;
}

static void give_up(struct wire *w, struct wire_request *r, struct wire_verdict v, struct err *e)
{
    if (v.again != AGAIN_NEVER && r->tried > 1)
        (void)err_prefix(e, -1, "after %u tries", r->tried);
    done(w, r, v.why, e);
}

static void again_later(struct wire *w, struct wire_request *r, struct wire_verdict v, int64_t wish,
                        struct err *e)
{
    if (r->tried < w->options.tries && wire_pace_retry(&w->pace))
        delay(w, r, wish);
    else
        give_up(w, r, v, e);
}

static void expire(struct wire *w)
{
    if (w->expired)
        return;
    w->expired = true;
    w->options.on_expired(w->options.ctx);
}

struct ended {
    struct wire_verdict verdict;
    int64_t begun;
    int64_t wish; /* Retry-After in ms */
    unsigned creds;
};

static void again_now(struct wire *w, struct wire_request *r, const struct ended *end)
{
    r->favours++;
    r->tried--;
    wire_enqueue(w, r, true);
    if (end->verdict.again == AGAIN_WITH_KEYS && end->creds == w->generation)
        expire(w);
}

static void decide(struct wire *w, struct wire_request *r, const struct ended *end, struct err *e)
{
    switch (end->verdict.again) {
    case AGAIN_NOW:
    case AGAIN_WITH_KEYS:
        again_now(w, r, end);
        return;
    case AGAIN_SLOWER:
        wire_pace_slow_down(&w->pace, end->begun, now_of(w));
        again_later(w, r, end->verdict, end->wish, e);
        return;
    case AGAIN_LATER:
        again_later(w, r, end->verdict, end->wish, e);
        return;
    case AGAIN_NEVER:
        if (end->verdict.why == SYNC_OK)
            wire_pace_success(&w->pace, r->tried > 1);
        done(w, r, end->verdict.why, e);
        return;
    }
}

static void finish(struct wire_slot *s, CURLcode code)
{
    struct wire *w = s->wire;
    struct wire_request *r = s->request;
    struct err e;
    struct ended end = {.begun = s->begun, .creds = s->creds};
    curl_off_t wish = 0;
    if (r) {
        w->depth++; /* on_end may cancel it */
        end.verdict = wire_judge(s, code, &e);
        w->depth--;
        (void)curl_easy_getinfo(s->curl, CURLINFO_RETRY_AFTER, &wish);
        end.wish = wish > 0 && wish < 3600 ? wish * 1000 : 0;
    }
    bool dropped = !r || s->request != r;
    release(s);
    if (!dropped)
        decide(w, r, &end, &e);
}

// --- what happened, and what follows -------------------------------------------------------------

static void finish_messages(struct wire *w)
{
    int left = 0;
    for (CURLMsg *m; !w->closing && (m = curl_multi_info_read(w->multi, &left)) != NULL;) {
        struct wire_slot *s = NULL;
        CURLcode code = m->data.result;
        (void)curl_easy_getinfo(m->easy_handle, CURLINFO_PRIVATE, (char **)&s);
        finish(s, code);
    }
}

static void reap(struct wire *w)
{
    w->drops = false;
    for (unsigned i = 0; i < w->pace.most; i++) {
        if (w->slots[i].dropped)
            release(&w->slots[i]);
    }
}

static void resume(struct wire *w)
{
    w->resumes = false;
    w->first++; /* where bytes are few, each slot has its turn */
    for (unsigned i = 0; !w->closing && i < w->pace.most; i++) {
        struct wire_slot *s = &w->slots[(w->first + i) % w->pace.most];
        if (!s->resume || !s->added || s->paused || s->starved)
            continue;
        s->resume = false;
        s->moved = now_of(w);
        w->depth++;
        CURLcode rc = curl_easy_pause(s->curl, CURLPAUSE_CONT);
        w->depth--;
        if (rc != CURLE_OK)
            finish(s, rc);
    }
}

static struct wire_request *next_request(struct wire *w)
{
    struct list *head = list_empty(&w->urgent) ? &w->waiting : &w->urgent;
    return list_empty(head) ? NULL : container_of(head->next, struct wire_request, link);
}

static void start(struct wire *w, struct wire_request *r)
{
    struct wire_slot *s = container_of(w->idle.prev, struct wire_slot, link);
    list_remove(&s->link);
    wire_dequeue(w, r);
    w->busy++;
    if (!s->curl)
        wire_slot_open(s);
    s->request = r;
    r->slot = s;
    r->state = WIRE_RUNNING;
    r->tried++;
    w->depth++;
    int rc = wire_slot_start(s);
    w->depth--;
    if (s->request != r) { /* cancelled by on_begin */
        release(s);
    } else if (rc < 0) {
        struct err e = s->err;
        release(s);
        done(w, r, SYNC_LOCAL, &e);
    }
}

static int64_t stall_tick(const struct wire *w)
{
    int64_t ms = w->options.stall_ms / 4;
    if (ms > STALL_TICK_MAX_MS)
        ms = STALL_TICK_MAX_MS;
    return ms > STALL_TICK_MIN_MS ? ms : STALL_TICK_MIN_MS;
}

static void pump(struct wire *w)
{
    struct wire_request *r = NULL;
    while (!w->closing && !w->expired && w->generation && w->busy < w->pace.limit &&
           (r = next_request(w)) != NULL)
        start(w, r);
    if (w->busy && !w->closing)
        wire_tick_at(w, now_of(w) + stall_tick(w));
}

/* After everything that may have changed something; callbacks of owners come from here. */
void wire_settle(struct wire *w)
{
    if (w->settling || w->depth)
        return;
    w->settling = true;
    do {
        finish_messages(w);
        reap(w);
        resume(w);
        if (w->ended && !w->closing && w->options.on_room) {
            w->ended = false;
            w->options.on_room(w->options.ctx);
        }
        pump(w);
    } while (!w->closing && (w->drops || w->resumes));
    w->settling = false;
    if (w->closing)
        wire_destroy(w);
}

void wire_act(void *ctx, curl_socket_t fd, int mask)
{
    struct wire *w = ctx;
    int running = 0;
    w->depth++;
    (void)curl_multi_socket_action(w->multi, fd, mask, &running);
    w->depth--;
    wire_settle(w);
}

// --- what is due -------------------------------------------------------------------------------

static void wake_delayed(struct wire *w)
{
    struct wire_request *r;
    list_each (r, &w->delayed, link) {
        if (r->due <= now_of(w)) {
            wire_dequeue(w, r);
            wire_enqueue(w, r, true);
        } else {
            wire_tick_at(w, r->due);
        }
    }
}

/* What the kernel has not sent yet moves without libcurl. */
static bool is_draining(struct wire_slot *s)
{
    curl_socket_t fd = CURL_SOCKET_BAD;
    int unsent = 0;
    if (s->sent == 0 || curl_easy_getinfo(s->curl, CURLINFO_ACTIVESOCKET, &fd) != CURLE_OK ||
        fd == CURL_SOCKET_BAD || ioctl(fd, SIOCOUTQ, &unsent) < 0)
        return false;
    bool changed = unsent != s->unsent;
    s->unsent = unsent;
    return changed;
}

static bool is_stalled(struct wire_slot *s, int64_t now)
{
    curl_off_t connected = 0;
    if (!s->added || !s->request || s->paused || s->starved)
        return false;
    if (is_draining(s))
        s->moved = now;
    if (now - s->moved < s->wire->options.stall_ms)
        return false;
    (void)curl_easy_getinfo(s->curl, CURLINFO_PRETRANSFER_TIME_T, &connected);
    return connected > 0; /* until then libcurl's own time-out counts */
}

static void check_stalls(struct wire *w)
{
    int64_t now = now_of(w);
    for (unsigned i = 0; !w->closing && i < w->pace.most; i++) {
        struct wire_slot *s = &w->slots[i];
        if (!is_stalled(s, now))
            continue;
        s->stalled = true;
        finish(s, CURLE_OPERATION_TIMEDOUT);
    }
}

static void feed_starved(struct wire *w)
{
    if (w->pace.rate <= 0 || wire_starve(w) > 0)
        return;
    for (unsigned i = 0; i < w->pace.most; i++) {
        struct wire_slot *s = &w->slots[i];
        if (s->starved) {
            s->starved = false;
            s->resume = w->resumes = true;
        }
    }
}

static void on_tick(uv_timer_t *timer)
{
    struct wire *w = container_of(timer, struct wire, tick);
    w->tick_at = 0;
    wake_delayed(w);
    feed_starved(w);
    w->settling = true;
    check_stalls(w);
    w->settling = false;
    wire_settle(w);
}
