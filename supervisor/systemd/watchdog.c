#include "systemd/watchdog.h"

#include <systemd/sd-daemon.h>

#include "base/list.h"

static void on_due(uv_timer_t *timer)
{
    struct watchdog *w = container_of(timer, struct watchdog, timer);
    notify_watchdog(w->notify);
}

static void on_timer_closed(uv_handle_t *handle)
{
    struct watchdog *w = container_of(handle, struct watchdog, timer);
    if (w->on_closed)
        w->on_closed(w);
}

void watchdog_init(struct watchdog *w, uv_loop_t *loop, struct notify *notify)
{
    uint64_t usec = 0;
    *w = (struct watchdog){.notify = notify};
    (void)uv_timer_init(loop, &w->timer);
    if (sd_watchdog_enabled(0, &usec) <= 0)
        return;
    w->every = usec / 2000 ? usec / 2000 : 1;
    (void)uv_timer_start(&w->timer, on_due, 0, w->every);
}

void watchdog_close(struct watchdog *w, void (*on_closed)(struct watchdog *w))
{
    w->on_closed = on_closed;
    uv_close((uv_handle_t *)&w->timer, on_timer_closed);
}
