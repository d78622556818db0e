#include "control/door.h"

#include <errno.h>
#include <malloc.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/limits.h"
#include "base/log.h"
#include "base/mem.h"

enum { ACCEPT_BURST = 64, RETRY_MS = 100, TIDY_MS = 1000, CROWD = 64, LARGE_BYTES = 4 << 20 };

/* A peer that is gone without a word is found out after about two minutes. */
enum { KEEPALIVE_IDLE_S = 60, KEEPALIVE_INTERVAL_S = 15, KEEPALIVE_PROBES = 4 };

/* --- Visitors -------------------------------------------------------------------------------- */

struct visitor *visitor_new(struct door *d, int fd)
{
    struct visitor *v = mem_alloc(sizeof *v);
    v->door = d;
    v->fd = fd;
    v->since = (int64_t)uv_now(d->loop);
    list_append(&d->visitors, &v->link);
    if (++d->count > d->most)
        d->most = d->count;
    return v;
}

static void door_note(struct door *d)
{
    if (d->bodies + d->answers > d->most_bytes)
        d->most_bytes = d->bodies + d->answers;
}

/* What it held is free again. */
static void visitor_let_go(struct visitor *v)
{
    v->door->bodies -= v->body;
    v->door->answers -= v->answer;
    v->body = v->answer = 0;
}

static void visitor_send_away(struct visitor *v)
{
    v->leaving = true;
    (void)shutdown(v->fd, SHUT_RDWR);
}

/* Of those that hold part of a body, or of an answer, whoever has had it for longest; NULL. */
static struct visitor *door_slowest(struct door *d, const struct visitor *but, bool answers)
{
    struct visitor *v, *slowest = NULL;
    list_each (v, &d->visitors, link) {
        bool holds = answers ? v->answer > 0 : v->body > 0 && !v->busy;
        if (v != but && holds && !v->leaving && (!slowest || v->since < slowest->since))
            slowest = v;
    }
    return slowest;
}

bool visitor_asks(struct visitor *v, size_t bytes)
{
    struct door *d = v->door;
    if (v->leaving)
        return false;
    if (bytes <= LIMIT_SMALL_BODY)
        return true;
    while (d->bodies - v->body + bytes > LIMIT_BODIES) {
        struct visitor *slowest = door_slowest(d, v, false);
        if (!slowest)
            return false;
        d->bodies -= slowest->body; /* it holds them for this turn only */
        slowest->body = 0;
        visitor_send_away(slowest);
    }
    d->bodies += bytes - v->body;
    v->body = bytes;
    door_note(d);
    return true;
}

void visitor_waits(struct visitor *v)
{
    v->busy = true;
    v->since = (int64_t)uv_now(v->door->loop);
}

void visitor_answer(struct visitor *v, size_t bytes)
{
    struct door *d = v->door;
    v->answer = bytes;
    d->answers += bytes;
    door_note(d);
    while (d->answers > LIMIT_ANSWERS) {
        struct visitor *slowest = door_slowest(d, v, true);
        if (!slowest)
            return;
        d->answers -= slowest->answer;
        slowest->answer = 0;
        visitor_send_away(slowest);
    }
}

void visitor_rests(struct visitor *v)
{
    v->asking = false;
    visitor_let_go(v);
    v->busy = false;
    v->since = (int64_t)uv_now(v->door->loop);
    list_remove(&v->link);
    list_append(&v->door->visitors, &v->link);
}

/* --- The door -------------------------------------------------------------------------------- */

static void on_knock(uv_poll_t *poll, int status, int events);

static void door_unlock(struct door *d)
{
    if (d->listener >= 0 && !d->held)
        (void)uv_poll_start(&d->poll, UV_READABLE, on_knock);
}

void door_hold(struct door *d, bool hold)
{
    d->held = hold;
    if (hold && d->listener >= 0)
        (void)uv_poll_stop(&d->poll);
    else
        door_unlock(d);
}

static void on_retry(uv_timer_t *timer)
{
    door_unlock(container_of(timer, struct door, retry));
}

static void door_lock(struct door *d)
{
    (void)uv_poll_stop(&d->poll);
    (void)uv_timer_start(&d->retry, on_retry, RETRY_MS, 0);
}

/* After a crowd, or something large, the heap keeps what it got unless it is told otherwise. */
static void on_tidy(uv_timer_t *timer)
{
    struct door *d = container_of(timer, struct door, tidy);
    (void)malloc_trim(0);
    d->most = d->count;
    d->most_bytes = d->bodies + d->answers;
}

static void door_tidy(struct door *d)
{
    bool worth_it = d->most >= CROWD || d->most_bytes >= LARGE_BYTES;
    if (d->listener >= 0 && worth_it && !uv_is_active((uv_handle_t *)&d->tidy))
        (void)uv_timer_start(&d->tidy, on_tidy, TIDY_MS, 0);
}

void visitor_free(struct visitor *v)
{
    struct door *d = v->door;
    visitor_let_go(v);
    list_remove(&v->link);
    mem_free(v);
    d->count--;
    door_tidy(d);
    door_unlock(d);
}

/* Sends away who has been idle for longest, if it was so for `grace` milliseconds. */
static bool door_make_room(struct door *d, int64_t grace)
{
    struct visitor *v;
    list_each (v, &d->visitors, link) {
        if (v->busy || v->leaving)
            continue;
        if ((int64_t)uv_now(d->loop) - v->since < grace)
            return false; /* all that follow have come later */
        visitor_send_away(v);
        return true;
    }
    return false;
}

/* Programs need descriptors to start: connections leave some of them alone. */
static bool door_leaves_enough(struct door *d, int fd)
{
    struct rlimit limit;
    if (d->count < LIMIT_SURE_CONNECTIONS || getrlimit(RLIMIT_NOFILE, &limit) < 0)
        return true;
    rlim_t spare =
        limit.rlim_cur / 4 < LIMIT_SPARE_DESCRIPTORS ? limit.rlim_cur / 4 : LIMIT_SPARE_DESCRIPTORS;
    return (rlim_t)fd < limit.rlim_cur - spare || door_make_room(d, 0);
}

static void keep_alive(int fd)
{
    const int on = 1, idle = KEEPALIVE_IDLE_S, interval = KEEPALIVE_INTERVAL_S;
    const int probes = KEEPALIVE_PROBES;
    (void)setsockopt(fd, SOL_SOCKET, SO_KEEPALIVE, &on, sizeof on);
    (void)setsockopt(fd, IPPROTO_TCP, TCP_KEEPIDLE, &idle, sizeof idle);
    (void)setsockopt(fd, IPPROTO_TCP, TCP_KEEPINTVL, &interval, sizeof interval);
    (void)setsockopt(fd, IPPROTO_TCP, TCP_KEEPCNT, &probes, sizeof probes);
}

static bool door_let_in(struct door *d, int fd, const struct sockaddr_storage *from, socklen_t len)
{
    if (!door_leaves_enough(d, fd)) {
        log_debug("%s: a connection is refused: few descriptors are left", d->name);
        fd_close(&fd);
        return false;
    }
    if (from->ss_family != AF_UNIX)
        keep_alive(fd);
    return d->on_visitor(d, fd, from, len);
}

bool door_take(struct door *d, int fd)
{
    struct sockaddr_storage from = {0};
    socklen_t len = sizeof from;
    if (getpeername(fd, (struct sockaddr *)&from, &len) < 0) { /* it has left meanwhile */
        fd_close(&fd);
        return false;
    }
    return door_let_in(d, fd, &from, len);
}

/* Without a descriptor accept(2) fails in the same way whether somebody waits or not. */
static bool door_is_knocked_at(const struct door *d)
{
    struct pollfd listener = {.fd = d->listener, .events = POLLIN};
    return poll(&listener, 1, 0) > 0;
}

/* False: nobody waits at the door, or nobody can be let in now. */
static bool door_accept(struct door *d)
{
    struct sockaddr_storage from = {0};
    socklen_t len = sizeof from;
    if (d->count >= LIMIT_CONNECTIONS) {
        if (!door_make_room(d, LIMIT_GRACE_MS))
            door_lock(d); /* for a while, or until somebody leaves */
        return false;
    }
    int fd = accept4(d->listener, (struct sockaddr *)&from, &len, SOCK_CLOEXEC | SOCK_NONBLOCK);
    if (fd >= 0)
        return door_let_in(d, fd, &from, len);
    if (errno == EINTR || errno == ECONNABORTED)
        return true;
    const int rc = errno;
    if (rc != EAGAIN && door_is_knocked_at(d)) {
        log_debug("%s: cannot accept a connection: %s", d->name, strerror(rc));
        (void)door_make_room(d, RETRY_MS); /* so long everybody has for the request */
        door_lock(d);
    }
    return false;
}

static void on_knock(uv_poll_t *poll, int status, int events)
{
    struct door *d = container_of(poll, struct door, poll);
    (void)status;
    (void)events;
    for (int i = 0; i < ACCEPT_BURST && door_accept(d); i++)
        ;
    d->on_turn(d);
}

/* --- Life ------------------------------------------------------------------------------------ */

int door_open(struct door *d, uv_loop_t *loop, int listener)
{
    int rc = uv_poll_init(loop, &d->poll, listener);
    if (rc < 0)
        return rc;
    (void)uv_timer_init(loop, &d->retry);
    (void)uv_timer_init(loop, &d->tidy);
    d->loop = loop;
    d->listener = listener;
    door_unlock(d);
    return 0;
}

void door_shut(struct door *d)
{
    (void)uv_poll_stop(&d->poll); /* before its descriptor is closed */
    (void)uv_timer_stop(&d->retry);
    (void)uv_timer_stop(&d->tidy);
    d->listener = -1;
}

void door_close(struct door *d, uv_close_cb on_closed)
{
    uv_close((uv_handle_t *)&d->poll, on_closed);
    uv_close((uv_handle_t *)&d->retry, on_closed);
    uv_close((uv_handle_t *)&d->tidy, on_closed);
}
