#include "sync/session.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>

#include "base/list.h"

enum { TICK_MS = 200 };

static void on_signal(uv_signal_t *handle, int number)
{
    struct session *s = handle->data;
    struct err e;
    (void)err_set(&e, -EINTR, "interrupted");
    s->on_end(s->ctx,
              number == SIGINT   ? SYNC_SIGINT
              : number == SIGHUP ? SYNC_SIGHUP
                                 : SYNC_SIGTERM,
              &e);
}

static void on_tick(uv_timer_t *timer)
{
    struct session *s = container_of(timer, struct session, tick);
    const uint64_t now = uv_hrtime();
    const uint64_t idle = uv_metrics_idle_time(&s->loop);
    if (s->on_tick && now > s->looked)
        s->on_tick(s->ctx, (unsigned)(100 * (idle - s->waited) / (now - s->looked)));
    s->looked = now;
    s->waited = idle;
    report_tick(s->report);
}

static void on_again(uv_timer_t *timer)
{
    struct session *s = container_of(timer, struct session, again);
    s->on_again(s->ctx);
}

void session_later(struct session *s)
{
    (void)uv_timer_start(&s->again, on_again, 0, 0);
}

static void on_expired(void *ctx)
{
    struct session *s = ctx;
    keyring_load(&s->keyring);
}

static void on_room(void *ctx)
{
    struct session *s = ctx;
    if (s->on_room)
        s->on_room(s->ctx);
}

static void make_wire(struct session *s)
{
    const struct arguments *o = s->o;
    const struct creds *keys = &s->keyring.creds;
    const struct wire_options wire = {
        .concurrency = (unsigned)o->concurrency,
        .tries = (unsigned)o->tries,
        .stall_ms = o->stall_ms,
        .connect_ms = o->connect_ms,
        .bytes_per_second = o->bytes_per_second,
        .requester_pays = o->request_payer != NULL,
        .extra = s->sse.object,
        .ca_file = o->ca_file ? o->ca_file : keys->ca_file,
        .ctx = s,
        .on_room = on_room,
        .on_expired = on_expired,
    };
    const struct s3_where where = {
        .source = s->url,
        .endpoint = o->endpoint ? o->endpoint : keys->endpoint,
        .region = o->region      ? o->region
                  : keys->region ? keys->region
                                 : "us-east-1",
        .style = o->style,
    };
    const struct sse_query sse = {
        .how = o->sse, .kms_key_id = o->sse_kms_key_id, .key_file = o->sse_c_key_file};
    struct err e;
    if (sse_init(&s->sse, &sse, &e) < 0 || s3_place_init(&s->place, &where, &e) < 0 ||
        sse_allows(&s->sse, s->place.origin, &e) < 0) {
        s->on_end(s->ctx, SYNC_USAGE, &e);
        return;
    }
    s->wire = wire_new(&s->loop, &wire, &s->place);
    wire_set_creds(s->wire, keys);
    s->on_ready(s->ctx);
}

static void on_keys(struct keyring *k, int rc, const struct err *e)
{
    struct session *s = k->ctx;
    if (rc < 0)
        s->on_end(s->ctx, creds_why(rc), e);
    else if (s->wire)
        wire_set_creds(s->wire, &k->creds);
    else
        make_wire(s);
}

/* Whose terminal closes ends as orderly as others; nohup wants that it goes on. */
static void heed_signals(struct session *s)
{
    struct sigaction hup;
    if (uv_signal_init(&s->loop, &s->on_term) < 0 || uv_signal_init(&s->loop, &s->on_int) < 0 ||
        uv_signal_init(&s->loop, &s->on_hup) < 0)
        abort(); /* no memory or no descriptors, right at the start */
    s->on_term.data = s->on_int.data = s->on_hup.data = s;
    (void)uv_signal_start(&s->on_term, on_signal, SIGTERM);
    (void)uv_signal_start(&s->on_int, on_signal, SIGINT);
    if (sigaction(SIGHUP, NULL, &hup) == 0 && hup.sa_handler != SIG_IGN)
        (void)uv_signal_start(&s->on_hup, on_signal, SIGHUP);
}

void session_open(struct session *s)
{
    if (uv_loop_init(&s->loop) < 0)
        abort(); /* as there */
    (void)uv_loop_configure(&s->loop, UV_METRICS_IDLE_TIME);
    s->looked = uv_hrtime();
    (void)uv_timer_init(&s->loop, &s->tick);
    (void)uv_timer_init(&s->loop, &s->again);
    heed_signals(s);
    (void)uv_timer_start(&s->tick, on_tick, TICK_MS, TICK_MS);
    s->query = (struct creds_query){
        .profile = s->o->profile,
        .region = s->o->region,
        .ca_file = s->o->ca_file,
        .anonymous = s->o->anonymous,
        .env_file = s->o->env_file,
    };
    keyring_init(&s->keyring, &s->loop, &s->query);
    s->keyring.ctx = s;
    s->keyring.on_keys = on_keys;
    keyring_load(&s->keyring);
}

void session_run(struct session *s)
{
    (void)uv_run(&s->loop, UV_RUN_DEFAULT);
}

static void close_handle(uv_handle_t *handle)
{
    if (!uv_is_closing(handle))
        uv_close(handle, NULL);
}

void session_close(struct session *s)
{
    if (s->wire)
        wire_close(s->wire, NULL);
    s->wire = NULL;
    keyring_close(&s->keyring, NULL);
    close_handle((uv_handle_t *)&s->on_term);
    close_handle((uv_handle_t *)&s->on_int);
    close_handle((uv_handle_t *)&s->on_hup);
    close_handle((uv_handle_t *)&s->tick);
    close_handle((uv_handle_t *)&s->again);
}

void session_free(struct session *s)
{
    (void)uv_loop_close(&s->loop);
    s3_place_close(&s->place);
    sse_close(&s->sse);
}
