#include "control/resume.h"

#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>

#include "base/fd.h"
#include "base/mem.h"
#include "control/follow.h"
#include "control/servers.h"

enum {
    RESUME_BLOCK = 16 << 10, /* bytes of a chunk, and what one client has in a turn */
    RESUME_DRAIN = 64,       /* reads of what a client says though it has nothing to say */
};

/* A client of an earlier process. Its follow owns the rest. */
struct resumed {
    struct control *control;
    struct follow *follow;
    int fd;
    uv_poll_t poll; /* on it: the client has left, or there is room for more */
    struct buf out; /* not written yet */
    char *section;
    bool chunked;
    bool ending; /* what is in `out` is the last */
};

/* What was sent and never read would make an error of our end. */
static void resumed_drain(const struct resumed *r)
{
    char data[1024];
    for (int i = 0; i < RESUME_DRAIN; i++)
        if (recv(r->fd, data, sizeof data, MSG_DONTWAIT) <= 0)
            return;
}

static void on_poll_closed(uv_handle_t *handle)
{
    struct resumed *r = container_of(handle, struct resumed, poll);
    struct control *c = r->control;
    resumed_drain(r);
    fd_close(&r->fd);
    buf_close(&r->out);
    mem_free(r->section);
    mem_free(r);
    control_handle_closed(c);
}

static void resumed_close(struct resumed *r)
{
    r->control->resumed--;
    r->follow->source.close(&r->follow->source);
    r->follow = NULL;
    uv_close((uv_handle_t *)&r->poll, on_poll_closed);
}

/* --- Writing --------------------------------------------------------------------------------- */

/* False: there is no client any more. */
static bool resumed_send(struct resumed *r)
{
    while (r->out.len > 0) {
        ssize_t n = send(r->fd, r->out.data, r->out.len, MSG_NOSIGNAL | MSG_DONTWAIT);
        if (n < 0 && errno != EINTR)
            return errno == EAGAIN || errno == EWOULDBLOCK;
        if (n > 0)
            buf_drop(&r->out, (size_t)n);
    }
    buf_close(&r->out); /* most of them wait for hours */
    return true;
}

/* True: something was read, or it was the end; false: there is nothing now. */
static bool resumed_read(struct resumed *r)
{
    char data[RESUME_BLOCK];
    ssize_t got = r->follow->source.read(&r->follow->source, data, sizeof data);
    if (got == 0)
        return false;
    r->ending = got < 0;
    if (r->chunked)
        buf_printf(&r->out, "%zx\r\n", got < 0 ? (size_t)0 : (size_t)got);
    if (got > 0)
        buf_append(&r->out, data, (size_t)got);
    if (r->chunked)
        buf_text(&r->out, "\r\n");
    return true;
}

static void on_poll(uv_poll_t *poll, int status, int events);

static void resumed_wait(struct resumed *r, bool more)
{
    (void)uv_poll_start(&r->poll, UV_DISCONNECT | (more ? UV_WRITABLE : 0), on_poll);
}

static void resumed_go_on(struct resumed *r)
{
    if (!resumed_send(r) || (r->ending && r->out.len == 0)) {
        resumed_close(r);
        return;
    }
    bool more = r->out.len > 0 || (!r->control->held && resumed_read(r));
    resumed_wait(r, more);
}

static void on_poll(uv_poll_t *poll, int status, int events)
{
    struct resumed *r = container_of(poll, struct resumed, poll);
    if (status < 0 || (events & UV_DISCONNECT))
        resumed_close(r);
    else if (events & UV_WRITABLE)
        resumed_go_on(r);
}

static void on_wake(struct follow *f)
{
    resumed_wait(f->taker, true);
}

/* --- Going along ----------------------------------------------------------------------------- */

static struct resumed *resumed_of(const struct follow *f)
{
    return f->wake == on_wake ? f->taker : NULL;
}

static bool is_at_rest(const struct follow *f)
{
    const struct resumed *r = resumed_of(f);
    return r ? r->out.len == 0 && !r->ending : f->exchange && exchange_at_rest(f->exchange);
}

void control_hold(struct control *c, bool hold)
{
    struct serving *s;
    struct follow *f;
    c->held = hold;
    list_each (s, &c->servers, link)
        server_hold(&s->server, hold);
    list_each (f, &c->follows, link) {
        if (!hold && resumed_of(f))
            f->wake(f);
    }
}

bool control_at_rest(const struct control *c)
{
    const struct follow *f;
    list_each (f, &c->follows, link) {
        if (!is_at_rest(f))
            return false;
    }
    return true;
}

void control_each_follow(const struct control *c,
                         void (*each)(void *owner, const struct follow_state *state), void *owner)
{
    const struct follow *f;
    list_each (f, &c->follows, link) {
        const struct resumed *r = resumed_of(f);
        struct follow_state state = {.file = f->fd, .at = f->at, .path = f->path};
        if (!is_at_rest(f))
            continue;
        state.socket = r ? r->fd : f->exchange->visitor->fd;
        state.chunked = r ? r->chunked : f->exchange->modern;
        state.section = r ? r->section : f->exchange->server->section;
        each(owner, &state);
    }
}

static bool is_open_file(int fd)
{
    struct stat st;
    return fd >= 0 && fstat(fd, &st) == 0 && S_ISREG(st.st_mode);
}

/* libmicrohttpd may have left the socket in a state in which it waits for more. */
static bool prepare_socket(int fd)
{
    const int off = 0, on = 1;
    struct stat st;
    if (fd < 0 || fstat(fd, &st) < 0 || !S_ISSOCK(st.st_mode) || fd_nonblock(fd) < 0)
        return false;
    (void)setsockopt(fd, IPPROTO_TCP, TCP_CORK, &off, sizeof off);
    (void)setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    return true;
}

static bool resumed_new(struct control *c, struct follow_state *state)
{
    struct resumed *r = mem_alloc(sizeof *r);
    if (uv_poll_init(c->loop, &r->poll, state->socket) < 0) {
        mem_free(r);
        return false;
    }
    r->control = c;
    r->fd = state->socket;
    r->chunked = state->chunked;
    r->section = state->section;
    r->follow = follow_new(c, state->path, state->file, state->at);
    r->follow->taker = r;
    r->follow->wake = on_wake;
    c->open_handles++;
    c->resumed++;
    resumed_wait(r, true);
    return true;
}

void control_resume(struct control *c, struct follow_state *state)
{
    if (!state->path || *state->path != '/' || state->at < 0 || !is_open_file(state->file) ||
        !prepare_socket(state->socket) || !resumed_new(c, state)) {
        fd_close(&state->socket);
        fd_close(&state->file);
        mem_free(state->section);
    }
    mem_free(state->path);
    *state = (struct follow_state){.socket = -1, .file = -1};
}

void resume_end(struct control *c, const char *section)
{
    struct follow *f;
    list_each (f, &c->follows, link) {
        struct resumed *r = resumed_of(f);
        if (r && (!section || (r->section && strcmp(r->section, section) == 0)))
            resumed_close(r);
    }
}
