#include "systemd/notify.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/mem.h"
#include "base/xml.h"

static void on_timer_closed(uv_handle_t *handle)
{
    struct notify *n = handle->data;
    if (--n->handles == 0 && n->on_closed)
        n->on_closed(n);
}

void notify_init(struct notify *n, uv_loop_t *loop)
{
    *n = (struct notify){.handles = 3};
    channel_open(&n->channel, getenv("NOTIFY_SOCKET"));
    (void)uv_timer_init(loop, &n->status_timer);
    (void)uv_timer_init(loop, &n->hold_timer);
    (void)uv_timer_init(loop, &n->retry_timer);
    n->status_timer.data = n->hold_timer.data = n->retry_timer.data = n;
}

static void notify_drop_oldest(struct notify *n)
{
    mem_free(n->queue[0]);
    n->queued--;
    memmove(n->queue, n->queue + 1, n->queued * sizeof *n->queue);
}

void notify_close(struct notify *n, void (*on_closed)(struct notify *n))
{
    n->on_closed = on_closed;
    while (n->queued > 0)
        notify_drop_oldest(n);
    channel_close(&n->channel);
    uv_close((uv_handle_t *)&n->status_timer, on_timer_closed);
    uv_close((uv_handle_t *)&n->hold_timer, on_timer_closed);
    uv_close((uv_handle_t *)&n->retry_timer, on_timer_closed);
}

/* False: systemd does not read. Any other failure is systemd's loss: nobody better can be told. */
static bool notify_send(const struct notify *n, const char *text)
{
    return n->queued == 0 && channel_send(&n->channel, text) != -EAGAIN;
}

static void on_retry_due(uv_timer_t *timer)
{
    struct notify *n = timer->data;
    while (n->queued > 0 && channel_send(&n->channel, n->queue[0]) != -EAGAIN)
        notify_drop_oldest(n);
    if (n->queued == 0)
        (void)uv_timer_stop(timer);
}

/* What must arrive, and in this order. */
static void notify_send_surely(struct notify *n, const char *text)
{
    if (notify_send(n, text))
        return;
    if (n->queued == NOTIFY_QUEUE)
        notify_drop_oldest(n);
    n->queue[n->queued++] = mem_strdup(text);
    (void)uv_timer_start(&n->retry_timer, on_retry_due, NOTIFY_RETRY, NOTIFY_RETRY);
}

/* Copies what fits of the text, as one line of UTF-8. */
static void notify_flatten(const char *text, char *out, size_t room)
{
    size_t len = strlen(text);
    size_t used = 0;
    for (size_t i = 0; i < len;) {
        size_t n = xml_utf8_char(text + i, len - i);
        size_t step = n ? n : 1;
        if (used + step > room)
            break;
        unsigned char c = (unsigned char)text[i];
        if (n > 1)
            memcpy(out + used, text + i, n);
        else
            out[used] = n == 0 ? '?' : c < 0x20 || c == 0x7f ? ' ' : (char)c;
        used += step;
        i += step;
    }
    out[used] = '\0';
}

/* One datagram: `state` and the status, if one is waiting. */
static void notify_state(struct notify *n, const char *state)
{
    char text[NOTIFY_STATUS_MAX + 128];
    bool status = n->pending;
    (void)snprintf(text, sizeof text, "%s%s%s", state, status ? "\nSTATUS=" : "",
                   status ? n->status : "");
    if (status)
        n->sent_at = uv_now(n->status_timer.loop);
    n->pending = false;
    (void)uv_timer_stop(&n->status_timer);
    notify_send_surely(n, text);
}

static void on_status_due(uv_timer_t *timer)
{
    struct notify *n = timer->data;
    char text[NOTIFY_STATUS_MAX + 16];
    (void)snprintf(text, sizeof text, "STATUS=%s", n->status);
    n->pending = !notify_send(n, text);
    n->sent_at = uv_now(timer->loop);
    if (n->pending)
        (void)uv_timer_start(timer, on_status_due, NOTIFY_STATUS_GAP, 0);
}

void notify_status(struct notify *n, const char *text)
{
    char flat[NOTIFY_STATUS_MAX + 1];
    notify_flatten(text, flat, NOTIFY_STATUS_MAX);
    if (!channel_is_open(&n->channel) || strcmp(flat, n->status) == 0)
        return;
    memcpy(n->status, flat, sizeof flat);
    if (n->pending)
        return; /* the timer will send the newer one */
    uint64_t since = uv_now(n->status_timer.loop) - n->sent_at;
    n->pending = true;
    if (n->sent_at == 0 || since >= NOTIFY_STATUS_GAP)
        on_status_due(&n->status_timer);
    else
        (void)uv_timer_start(&n->status_timer, on_status_due, NOTIFY_STATUS_GAP - since, 0);
}

void notify_ready(struct notify *n)
{
    notify_state(n, "READY=1");
}

void notify_reloading(struct notify *n)
{
    struct timespec now;
    char text[64];
    (void)clock_gettime(CLOCK_MONOTONIC, &now);
    unsigned long long usec =
        (unsigned long long)now.tv_sec * 1000000 + (unsigned long long)now.tv_nsec / 1000;
    (void)snprintf(text, sizeof text, "RELOADING=1\nMONOTONIC_USEC=%llu", usec);
    notify_state(n, text);
}

void notify_stopping(struct notify *n)
{
    notify_state(n, "STOPPING=1");
}

void notify_extend(struct notify *n, uint64_t usec)
{
    char text[64];
    (void)snprintf(text, sizeof text, "EXTEND_TIMEOUT_USEC=%llu", (unsigned long long)usec);
    (void)notify_send(n, text);
}

static void on_hold_due(uv_timer_t *timer)
{
    struct notify *n = timer->data;
    notify_extend(n, n->needs(n) * 1000);
}

void notify_hold(struct notify *n, uint64_t (*needs)(struct notify *n))
{
    bool held = n->needs != NULL;
    n->needs = needs;
    if (!channel_is_open(&n->channel) || held == (needs != NULL))
        return;
    if (needs)
        (void)uv_timer_start(&n->hold_timer, on_hold_due, 0, NOTIFY_HOLD_EVERY);
    else
        (void)uv_timer_stop(&n->hold_timer);
}

void notify_hold_anew(struct notify *n)
{
    if (n->needs && channel_is_open(&n->channel))
        (void)uv_timer_start(&n->hold_timer, on_hold_due, 0, NOTIFY_HOLD_EVERY);
}

static void notify_last_words(char *text, size_t size, const char *why, int exit_status, int number)
{
    char flat[NOTIFY_STATUS_MAX + 1];
    char error[32] = "";
    notify_flatten(why, flat, NOTIFY_STATUS_MAX);
    if (number != 0)
        (void)snprintf(error, sizeof error, "\nERRNO=%d", number);
    (void)snprintf(text, size, "STATUS=%s\nEXIT_STATUS=%d%s", flat, exit_status, error);
}

void notify_failed(struct notify *n, const char *why, int exit_status, int number)
{
    char text[NOTIFY_STATUS_MAX + 128];
    notify_last_words(text, sizeof text, why, exit_status, number);
    n->pending = false;
    (void)uv_timer_stop(&n->status_timer);
    notify_send_surely(n, text);
}

void notify_refused(const char *why, int exit_status, int number)
{
    char text[NOTIFY_STATUS_MAX + 128];
    struct channel channel;
    notify_last_words(text, sizeof text, why, exit_status, number);
    channel_open(&channel, getenv("NOTIFY_SOCKET"));
    (void)channel_send(&channel, text);
    channel_close(&channel);
}

void notify_watchdog(struct notify *n)
{
    (void)notify_send(n, "WATCHDOG=1");
}
