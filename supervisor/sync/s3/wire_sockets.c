#include "sync/s3/wire_sockets.h"

#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/list.h"
#include "base/mem.h"

struct wire_socket {
    uv_poll_t poll;
    struct wire_sockets *sockets;
    curl_socket_t fd;
    int wanted; /* UV_READABLE and UV_WRITABLE, of libcurl; 0: nothing now */
    int armed;  /* with the loop */
    bool kept;  /* a connection of ours: on_close tells of its end, once it was established */
    ino_t inode;
};

static struct wire_socket *find(const struct wire_sockets *ss, curl_socket_t fd)
{
    return fd >= 0 && (size_t)fd < ss->room ? ss->by_fd[fd] : NULL;
}

static void on_poll(uv_poll_t *poll, int status, int events)
{
    struct wire_socket *s = container_of(poll, struct wire_socket, poll);
    if (!s->wanted) { /* an idle connection: its end is found when it is used again */
        (void)uv_poll_stop(poll);
        s->armed = 0;
        return;
    }
    int mask = (events & UV_READABLE ? CURL_CSELECT_IN : 0) |
               (events & UV_WRITABLE ? CURL_CSELECT_OUT : 0) | (status < 0 ? CURL_CSELECT_ERR : 0);
    s->sockets->on_act(s->sockets->ctx, s->fd, mask);
}

static void arm(struct wire_socket *s, int events)
{
    if (s->armed == events)
        return;
    if (events)
        (void)uv_poll_start(&s->poll, events, on_poll);
    else
        (void)uv_poll_stop(&s->poll);
    s->armed = events;
}

/* 0 when the descriptor is closed. */
static ino_t inode_of(curl_socket_t fd)
{
    struct stat st;
    return fstat(fd, &st) == 0 ? st.st_ino : 0;
}

static struct wire_socket *add(struct wire_sockets *ss, curl_socket_t fd, bool kept)
{
    struct wire_socket *s = mem_alloc(sizeof *s);
    *s = (struct wire_socket){
        .sockets = ss, .fd = fd, .kept = kept, .inode = kept ? inode_of(fd) : 0};
    if (uv_poll_init(ss->loop, &s->poll, fd) < 0) {
        mem_free(s);
        return NULL;
    }
    for (; (size_t)fd >= ss->room; ss->room++) {
        ss->by_fd = mem_grow(ss->by_fd, ss->room + 1, sizeof(*ss->by_fd));
        ss->by_fd[ss->room] = NULL;
    }
    ss->by_fd[fd] = s;
    ss->open++;
    return s;
}

static void closed_one(struct wire_sockets *ss)
{
    if (--ss->open > 0)
        return;
    mem_free(ss->by_fd);
    ss->by_fd = NULL;
    ss->on_closed(ss->ctx);
}

static void on_poll_closed(uv_handle_t *handle)
{
    struct wire_socket *s = container_of((uv_poll_t *)handle, struct wire_socket, poll);
    struct wire_sockets *ss = s->sockets;
    mem_free(s);
    closed_one(ss);
}

static void drop(struct wire_socket *s)
{
    s->sockets->by_fd[s->fd] = NULL;
    (void)uv_poll_stop(&s->poll);
    uv_close((uv_handle_t *)&s->poll, on_poll_closed);
}

// --- what libcurl calls ------------------------------------------------------------------------

static curl_socket_t on_open(void *ctx, curlsocktype purpose, struct curl_sockaddr *address)
{
    (void)purpose;
    int type = address->socktype | SOCK_CLOEXEC | SOCK_NONBLOCK;
    int fd = socket(address->family, type, address->protocol);
    if (find(ctx, fd)) /* somebody had this number, and was closed without a word */
        drop(find(ctx, fd));
    if (fd >= 0 && !add(ctx, fd, true)) {
        (void)close(fd);
        fd = -1;
    }
    return fd >= 0 ? fd : CURL_SOCKET_BAD;
}

static int on_close(void *ctx, curl_socket_t fd)
{
    struct wire_socket *s = find(ctx, fd);
    if (s)
        drop(s);
    return close(fd);
}

static int on_want(CURL *curl, curl_socket_t fd, int what, void *ctx, void *own)
{
    (void)curl;
    (void)own;
    struct wire_socket *s = find(ctx, fd);
    if (what == CURL_POLL_REMOVE) {
        /* libcurl closes without a word what is its own, of its resolver, and a connection of ours
           that is given up before it was established: the number may be somebody else's by now */
        if (s && (!s->kept || inode_of(fd) != s->inode))
            drop(s);
        else if (s)
            s->wanted = 0;
        return 0;
    }
    if (!s && !(s = add(ctx, fd, false)))
        return -1;
    s->wanted = (what & CURL_POLL_IN ? UV_READABLE : 0) | (what & CURL_POLL_OUT ? UV_WRITABLE : 0);
    arm(s, s->wanted);
    return 0;
}

static void on_timer(uv_timer_t *timer)
{
    struct wire_sockets *ss = container_of(timer, struct wire_sockets, timer);
    ss->on_act(ss->ctx, CURL_SOCKET_TIMEOUT, 0);
}

static int on_timeout(CURLM *multi, long ms, void *ctx)
{
    (void)multi;
    struct wire_sockets *ss = ctx;
    if (ms < 0)
        return uv_timer_stop(&ss->timer);
    return uv_timer_start(&ss->timer, on_timer, (uint64_t)ms, 0);
}

void wire_sockets_prepare(struct wire_sockets *ss, CURL *curl)
{
    (void)curl_easy_setopt(curl, CURLOPT_OPENSOCKETFUNCTION, on_open);
    (void)curl_easy_setopt(curl, CURLOPT_OPENSOCKETDATA, ss);
    (void)curl_easy_setopt(curl, CURLOPT_CLOSESOCKETFUNCTION, on_close);
    (void)curl_easy_setopt(curl, CURLOPT_CLOSESOCKETDATA, ss);
}

void wire_sockets_init(struct wire_sockets *ss, uv_loop_t *loop, CURLM *multi, void *ctx)
{
    ss->loop = loop;
    ss->multi = multi;
    ss->ctx = ctx;
    ss->open = 1;
    (void)uv_timer_init(loop, &ss->timer);
    (void)curl_multi_setopt(multi, CURLMOPT_SOCKETFUNCTION, on_want);
    (void)curl_multi_setopt(multi, CURLMOPT_SOCKETDATA, ss);
    (void)curl_multi_setopt(multi, CURLMOPT_TIMERFUNCTION, on_timeout);
    (void)curl_multi_setopt(multi, CURLMOPT_TIMERDATA, ss);
}

static void on_timer_closed(uv_handle_t *handle)
{
    closed_one(container_of((uv_timer_t *)handle, struct wire_sockets, timer));
}

void wire_sockets_close(struct wire_sockets *ss)
{
    for (size_t i = 0; i < ss->room; i++) {
        if (ss->by_fd[i])
            drop(ss->by_fd[i]);
    }
    (void)uv_timer_stop(&ss->timer);
    uv_close((uv_handle_t *)&ss->timer, on_timer_closed);
}
