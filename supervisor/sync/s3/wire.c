#include "sync/s3/wire.h"

#include <stdlib.h>

#include "base/clock.h"
#include "base/mem.h"
#include "sync/s3/wire_slot.h"

enum { SLOTS_MAX = 256, SPARE_CONNECTIONS = 4 };

static bool is_proxied(void)
{
    static const char *const names[] = {"http_proxy", "https_proxy", "HTTPS_PROXY", "all_proxy",
                                        "ALL_PROXY"};
    for (size_t i = 0; i < sizeof names / sizeof(*names); i++) {
        const char *value = getenv(names[i]);
        if (value && *value)
            return true;
    }
    return false;
}

static void on_tick_closed(uv_handle_t *handle)
{
    struct wire *w = container_of((uv_timer_t *)handle, struct wire, tick);
    void (*on_closed)(void *ctx) = w->on_closed;
    void *ctx = w->options.ctx;
    mem_free(w);
    if (on_closed)
        on_closed(ctx);
}

static void on_sockets_closed(void *ctx)
{
    struct wire *w = ctx;
    uv_close((uv_handle_t *)&w->tick, on_tick_closed);
}

struct wire *wire_new(uv_loop_t *loop, const struct wire_options *o, struct s3_place *place)
{
    struct wire *w = mem_alloc(sizeof *w);
    unsigned most = o->concurrency < SLOTS_MAX ? o->concurrency : SLOTS_MAX;
    w->loop = loop;
    w->options = *o;
    w->place = place;
    w->no_proxy = !is_proxied();
    list_init(&w->idle);
    list_init(&w->urgent);
    list_init(&w->waiting);
    list_init(&w->delayed);
    wire_pace_init(&w->pace, most, o->bytes_per_second,
                   (uint64_t)clock_wall() * 2654435761U ^ (uint64_t)clock_now());
    w->slots = mem_array(w->pace.most, sizeof *w->slots);
    for (unsigned i = w->pace.most; i-- > 0;) {
        w->slots[i].wire = w;
        list_append(&w->idle, &w->slots[i].link);
    }
    if (curl_global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK || !(w->multi = curl_multi_init()))
        abort();
    (void)curl_multi_setopt(w->multi, CURLMOPT_MAXCONNECTS, (long)w->pace.most + SPARE_CONNECTIONS);
    /* HTTP/2 too has one request at a time on a connection: libcurl stops all streams of one
       while the owner of any of them pauses, who may be waiting for another of them. */
    (void)curl_multi_setopt(w->multi, CURLMOPT_PIPELINING, (long)CURLPIPE_NOTHING);
    (void)uv_timer_init(loop, &w->tick);
    wire_sockets_init(&w->sockets, loop, w->multi, w);
    w->sockets.on_act = wire_act;
    w->sockets.on_closed = on_sockets_closed;
    return w;
}

static void forget_all(struct list *head)
{
    struct wire_request *r;
    list_each (r, head, link) {
        list_remove(&r->link);
        wire_forget(r);
    }
}

void wire_destroy(struct wire *w)
{
    if (w->destroyed)
        return;
    w->destroyed = true;
    forget_all(&w->urgent);
    forget_all(&w->waiting);
    forget_all(&w->delayed);
    for (unsigned i = 0; i < w->pace.most; i++) {
        if (w->slots[i].request)
            wire_forget(w->slots[i].request);
        wire_slot_close(&w->slots[i]);
    }
    (void)curl_multi_cleanup(w->multi);
    curl_global_cleanup();
    sigv4_close(&w->signer);
    creds_close(&w->creds);
    mem_free(w->signer_region);
    mem_free(w->slots);
    w->slots = NULL;
    (void)uv_timer_stop(&w->tick);
    wire_sockets_close(&w->sockets);
}

void wire_close(struct wire *w, void (*on_closed)(void *ctx))
{
    w->closing = true;
    w->on_closed = on_closed;
    wire_settle(w);
}

static void kick(struct wire *w)
{
    if (!w->settling && !w->depth)
        wire_tick_at(w, (int64_t)uv_now(w->loop));
}

void wire_set_creds(struct wire *w, const struct creds *creds)
{
    creds_close(&w->creds);
    w->creds.access_key = mem_strdup(creds->access_key);
    w->creds.secret = mem_strdup(creds->secret);
    w->creds.token = mem_strdup(creds->token);
    w->signer.access_key = w->creds.access_key;
    w->signer.secret = w->creds.secret;
    sigv4_close(&w->signer);
    w->generation++;
    w->expired = false;
    kick(w);
}

void wire_request_init(struct wire_request *r, enum wire_method method, char *target, void *ctx)
{
    *r = (struct wire_request){.method = method, .target = target, .ctx = ctx};
    r->payload.fd = -1;
    list_init(&r->link);
}

void wire_send(struct wire *w, struct wire_request *r)
{
    r->tried = r->favours = 0;
    wire_enqueue(w, r, false);
    kick(w);
}

void wire_cancel(struct wire *w, struct wire_request *r)
{
    struct wire_slot *s = r->slot;
    switch (r->state) {
    case WIRE_IDLE:
        return;
    case WIRE_WAITING:
    case WIRE_DELAYED:
        wire_dequeue(w, r);
        break;
    case WIRE_RUNNING:
        wire_drop(s);
        break;
    }
    wire_forget(r);
    w->ended = true;
    kick(w);
}

void wire_resume(struct wire *w, struct wire_request *r)
{
    if (r->state != WIRE_RUNNING || !r->slot->paused)
        return;
    r->slot->paused = false;
    r->slot->resume = w->resumes = true;
    kick(w);
}

unsigned wire_room(const struct wire *w)
{
    unsigned taken = w->busy + w->queued;
    return taken < w->pace.limit ? w->pace.limit - taken : 0;
}

unsigned wire_retries(const struct wire *w)
{
    return w->retries;
}
