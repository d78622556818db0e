#include "systemd/bus.h"

#include <errno.h>
#include <poll.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <systemd/sd-daemon.h>
#include <time.h>

#include "base/log.h"

static void bus_rearm(struct bus *b);
static void on_retry(uv_timer_t *timer);

/* --- Away ---------------------------------------------------------------------------------- */

static void bus_try_later(struct bus *b, const char *why)
{
    if (!b->told)
        log_info("the system bus %s: it is looked for again now and then", why);
    b->told = true;
    (void)uv_timer_start(&b->retry, on_retry, b->retry_after, 0);
    b->retry_after *= 2;
    if (b->retry_after > BUS_RETRY_LAST)
        b->retry_after = BUS_RETRY_LAST;
}

static void on_poll_closed(uv_handle_t *handle)
{
    struct bus *b = container_of(handle, struct bus, poll);
    if (!b->closed)
        bus_try_later(b, "has hung up");
}

static void bus_tell_down(struct bus *b)
{
    struct bus_user *u;
    if (!b->up)
        return;
    b->up = false;
    list_each (u, &b->users, link) {
        if (u->on_down)
            u->on_down(u);
    }
}

/* The poll handle goes before the descriptor that it looks at. */
static void bus_drop(struct bus *b)
{
    sd_bus *connection = b->connection;
    if (!connection)
        return;
    b->connection = NULL;
    (void)uv_timer_stop(&b->due);
    uv_close((uv_handle_t *)&b->poll, on_poll_closed);
    sd_bus_close(connection);
    sd_bus_unref(connection);
}

static void bus_lose(struct bus *b)
{
    bus_drop(b);
    bus_tell_down(b);
}

/* --- There --------------------------------------------------------------------------------- */

static void bus_tell_up(struct bus *b)
{
    struct bus_user *u;
    b->up = true;
    b->told = false;
    b->retry_after = BUS_RETRY_FIRST;
    list_each (u, &b->users, link)
        u->on_up(u);
}

/* What has come is handed out; a flood of it in several turns. On a connection that breaks, the
 * calls under way get their errors first, and then sd_bus_process fails. */
static void bus_process(struct bus *b)
{
    sd_bus *connection = sd_bus_ref(b->connection);
    int rc = 1;
    for (int i = 0; rc > 0 && i < BUS_TURN; i++)
        rc = sd_bus_process(connection, NULL);
    bool ready = rc >= 0 && sd_bus_is_ready(connection) > 0;
    bool ours = b->connection == connection; /* nobody has closed all this meanwhile */
    sd_bus_unref(connection);
    if (ours && rc < 0)
        bus_lose(b);
    if (!ours || rc < 0)
        return;
    if (ready && !b->up)
        bus_tell_up(b);
    bus_rearm(b);
}

static void on_poll(uv_poll_t *poll, int status, int events)
{
    (void)status;
    (void)events;
    bus_process(container_of(poll, struct bus, poll));
}

static void on_due(uv_timer_t *timer)
{
    struct bus *b = container_of(timer, struct bus, due);
    if (b->connection)
        bus_process(b);
}

/* Milliseconds until sd-bus wants to be called, whatever comes; -1: there is nothing. */
static int64_t bus_wait(sd_bus *connection)
{
    uint64_t due = UINT64_MAX;
    struct timespec ts;
    if (sd_bus_get_timeout(connection, &due) < 0 || due == UINT64_MAX)
        return -1;
    (void)clock_gettime(CLOCK_MONOTONIC, &ts);
    uint64_t now = (uint64_t)ts.tv_sec * 1000000 + (uint64_t)ts.tv_nsec / 1000;
    return due <= now ? 0 : (int64_t)((due - now) / 1000 + 1);
}

/* After anything was sent or handed out: what the loop has to look at now. */
static void bus_rearm(struct bus *b)
{
    if (!b->connection)
        return;
    int events = sd_bus_get_events(b->connection);
    int64_t wait = events < 0 ? 0 : bus_wait(b->connection);
    int watched = (events > 0 && (events & POLLIN) ? UV_READABLE : 0) |
                  (events > 0 && (events & POLLOUT) ? UV_WRITABLE : 0);
    if (watched)
        (void)uv_poll_start(&b->poll, watched, on_poll);
    else
        (void)uv_poll_stop(&b->poll);
    if (wait < 0) {
        (void)uv_timer_stop(&b->due);
        return;
    }
    uv_update_time(b->loop);
    (void)uv_timer_start(&b->due, on_due, (uint64_t)wait, 0);
}

static void bus_connect(struct bus *b)
{
    int rc = sd_bus_open_system(&b->connection);
    int fd = rc < 0 ? rc : sd_bus_get_fd(b->connection);
    if (fd >= 0) {
        (void)sd_bus_set_method_call_timeout(b->connection, (uint64_t)BUS_ANSWER * 1000);
        rc = uv_poll_init(b->loop, &b->poll, fd);
    } else {
        rc = fd;
    }
    if (rc < 0) {
        b->connection = sd_bus_unref(b->connection);
        char why[128];
        (void)snprintf(why, sizeof why, "does not answer (%s)", strerror(-rc));
        bus_try_later(b, why);
        return;
    }
    bus_rearm(b);
}

static void on_retry(uv_timer_t *timer)
{
    bus_connect(container_of(timer, struct bus, retry));
}

/* --- Life ---------------------------------------------------------------------------------- */

void bus_open(struct bus *b, uv_loop_t *loop)
{
    *b = (struct bus){.loop = loop, .retry_after = BUS_RETRY_FIRST};
    list_init(&b->users);
    (void)uv_timer_init(loop, &b->due);
    (void)uv_timer_init(loop, &b->retry);
    b->wanted = sd_booted() > 0 || getenv("DBUS_SYSTEM_BUS_ADDRESS");
    if (b->wanted)
        (void)uv_timer_start(&b->retry, on_retry, 0, 0);
}

void bus_close(struct bus *b)
{
    b->closed = true;
    b->up = false;
    list_init(&b->users);
    bus_drop(b);
    uv_close((uv_handle_t *)&b->due, NULL);
    uv_close((uv_handle_t *)&b->retry, NULL);
}

bool bus_is_up(const struct bus *b)
{
    return b->up;
}

void bus_add(struct bus *b, struct bus_user *u)
{
    list_append(&b->users, &u->link);
    if (b->up)
        u->on_up(u);
}

void bus_remove(struct bus *b, struct bus_user *u)
{
    (void)b;
    if (u->link.next)
        list_remove(&u->link);
}

/* --- Talking ------------------------------------------------------------------------------- */

void bus_forget(struct bus_ask *ask)
{
    ask->slot = sd_bus_slot_unref(ask->slot);
}

int bus_send(struct bus *b, struct bus_ask *ask, sd_bus_message *message)
{
    int rc = -ENOTCONN;
    bus_forget(ask);
    if (message && b->up)
        rc = sd_bus_call_async(b->connection, &ask->slot, message, ask->on_message, ask->owner, 0);
    (void)sd_bus_message_unref(message);
    bus_rearm(b);
    return rc < 0 ? rc : 0;
}

sd_bus_message *bus_message(struct bus *b, const struct bus_place *to, const char *method)
{
    sd_bus_message *message = NULL;
    if (!b->up || sd_bus_message_new_method_call(b->connection, &message, to->service, to->path,
                                                 to->interface, method) < 0)
        return NULL;
    return message;
}

int bus_call(struct bus *b, struct bus_ask *ask, const struct bus_place *to, const char *method,
             const char *types, ...)
{
    sd_bus_message *message = bus_message(b, to, method);
    va_list args;
    va_start(args, types);
    int rc = message ? sd_bus_message_appendv(message, types, args) : -ENOTCONN;
    va_end(args);
    if (rc < 0) {
        (void)sd_bus_message_unref(message);
        return rc;
    }
    return bus_send(b, ask, message);
}

int bus_get(struct bus *b, struct bus_ask *ask, const struct bus_place *to, const char *property)
{
    const struct bus_place at = {to->service, to->path, "org.freedesktop.DBus.Properties"};
    return bus_call(b, ask, &at, "Get", "ss", to->interface, property);
}

int bus_listen(struct bus *b, struct bus_ask *ask, const struct bus_place *to, const char *signal)
{
    bus_forget(ask);
    if (!b->up)
        return -ENOTCONN;
    int rc = sd_bus_match_signal_async(b->connection, &ask->slot, to->service, to->path,
                                       to->interface, signal, ask->on_message, NULL, ask->owner);
    bus_rearm(b);
    return rc < 0 ? rc : 0;
}

int bus_match(struct bus *b, struct bus_ask *ask, const char *rule)
{
    bus_forget(ask);
    if (!b->up)
        return -ENOTCONN;
    int rc =
        sd_bus_add_match_async(b->connection, &ask->slot, rule, ask->on_message, NULL, ask->owner);
    bus_rearm(b);
    return rc < 0 ? rc : 0;
}
