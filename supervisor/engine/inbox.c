#include "engine/inbox.h"

#include <errno.h>
#include <limits.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/list.h"
#include "config/process.h"
#include "engine/closer.h"
#include "engine/notice.h"
#include "engine/sockfile.h"

enum { INBOX_DESCRIPTORS_MAX = 253 }; /* SCM_MAX_FD: so many can come with a message */

static void on_readable(uv_poll_t *handle, int status, int events);

/* --- Its name ------------------------------------------------------------------------------ */

/* May `uid` go through all the folders of `path`? Groups are not looked at: the answer is no. */
static bool inbox_reachable(const char *path, uid_t uid)
{
    struct stat st;
    char folder[PATH_MAX];
    if (uid == geteuid() || uid == 0)
        return true;
    for (const char *slash = strchr(path, '/'); slash; slash = strchr(slash + 1, '/')) {
        (void)snprintf(folder, sizeof folder, "%.*s", (int)(slash - path + 1), path);
        if (stat(folder, &st) < 0 || !(st.st_mode & (st.st_uid == uid ? S_IXUSR : S_IXOTH)))
            return false;
    }
    return true;
}

/* One of a daemon that died is in the way. What started as root may become anybody, and still has
 * something to say. */
static int inbox_bind_file(struct inbox *b, const struct inbox_place *place)
{
    struct sockaddr_un to = {.sun_family = AF_UNIX};
    struct stat st;
    int n = snprintf(to.sun_path, sizeof to.sun_path, "%s.notify.%llu", place->near,
                     (unsigned long long)place->serial);
    if (n < 0 || (size_t)n >= sizeof to.sun_path)
        return -ENAMETOOLONG;
    if (to.sun_path[0] != '/' || !inbox_reachable(to.sun_path, place->uid))
        return -EACCES;
    if (lstat(to.sun_path, &st) == 0 && S_ISSOCK(st.st_mode))
        (void)unlink(to.sun_path);
    int rc = sockfile_bind(b->fd, &to, place->uid == 0 ? 0666 : 0600);
    if (rc < 0)
        return rc;
    (void)snprintf(b->address, sizeof b->address, "%s", to.sun_path);
    return place->uid == geteuid() ? 0 : sockfile_give(to.sun_path, place->uid, CONFIG_UNSET);
}

/* The kernel finds a name that nobody has. */
static int inbox_bind_abstract(struct inbox *b)
{
    struct sockaddr_un to = {.sun_family = AF_UNIX};
    socklen_t len = sizeof to;
    const socklen_t none = offsetof(struct sockaddr_un, sun_path);
    if (bind(b->fd, (const struct sockaddr *)&to, none) < 0 ||
        getsockname(b->fd, (struct sockaddr *)&to, &len) < 0)
        return -errno;
    (void)snprintf(b->address, sizeof b->address, "@%.*s", (int)(len - none - 1), to.sun_path + 1);
    return 0;
}

static void inbox_forget(struct inbox *b)
{
    if (b->address[0] == '/')
        (void)unlink(b->address);
    b->address[0] = '\0';
    fd_close(&b->fd);
}

static int inbox_make(struct inbox *b)
{
    int on = 1;
    b->fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (b->fd < 0 || setsockopt(b->fd, SOL_SOCKET, SO_PASSCRED, &on, sizeof on) < 0)
        return -errno;
    return 0;
}

int inbox_open(struct inbox *b, const struct inbox_place *place, struct err *e)
{
    int rc = inbox_make(b);
    if (rc == 0 && (!place->near || inbox_bind_file(b, place) < 0)) {
        inbox_forget(b);
        rc = inbox_make(b);
        if (rc == 0)
            rc = inbox_bind_abstract(b);
    }
    if (rc == 0)
        return 0;
    inbox_forget(b);
    return err_set(e, rc, "cannot make its NOTIFY_SOCKET: %s", strerror(-rc));
}

/* --- Descriptors that come along ----------------------------------------------------------- */

/* Nobody needs them; of a pipe the sender may wait for this. */
static void inbox_drop_descriptors(struct inbox *b, const struct cmsghdr *c)
{
    struct stat st;
    int fds[INBOX_DESCRIPTORS_MAX];
    size_t kept = 0;
    size_t count = (c->cmsg_len - CMSG_LEN(0)) / sizeof *fds;
    memcpy(fds, CMSG_DATA(c), count * sizeof *fds);
    for (size_t i = 0; i < count; i++) {
        if (fstat(fds[i], &st) == 0 && S_ISFIFO(st.st_mode))
            fd_close(&fds[i]);
        else
            fds[kept++] = fds[i];
    }
    if (kept == 0)
        return;
    closer_close(fds, kept);
    b->costly = true;
}

/* --- Messages ------------------------------------------------------------------------------ */

static void inbox_read_control(struct inbox *b, struct msghdr *header, struct inbox_message *m)
{
    for (struct cmsghdr *c = CMSG_FIRSTHDR(header); c; c = CMSG_NXTHDR(header, c)) {
        struct ucred from;
        if (c->cmsg_level != SOL_SOCKET)
            continue;
        if (c->cmsg_type == SCM_RIGHTS)
            inbox_drop_descriptors(b, c);
        if (c->cmsg_type != SCM_CREDENTIALS || c->cmsg_len != CMSG_LEN(sizeof from))
            continue;
        memcpy(&from, CMSG_DATA(c), sizeof from);
        m->pid = from.pid;
        m->uid = from.uid;
    }
}

/* False: there is none. */
static bool inbox_take(struct inbox *b)
{
    static char data[NOTICE_LENGTH_MAX];
    union {
        struct cmsghdr align;
        char bytes[CMSG_SPACE(sizeof(struct ucred)) +
                   CMSG_SPACE(sizeof(int) * INBOX_DESCRIPTORS_MAX)];
    } control;
    struct iovec piece = {.iov_base = data, .iov_len = sizeof data};
    struct msghdr header = {.msg_iov = &piece,
                            .msg_iovlen = 1,
                            .msg_control = control.bytes,
                            .msg_controllen = sizeof control.bytes};
    ssize_t n = recvmsg(b->fd, &header, MSG_DONTWAIT | MSG_CMSG_CLOEXEC);
    if (n < 0)
        return errno == EINTR;
    struct inbox_message m = {
        .data = data, .len = (size_t)n, .cut = (header.msg_flags & MSG_TRUNC) != 0};
    inbox_read_control(b, &header, &m);
    b->on_message(b, &m);
    return true;
}

/* Who hears a message may close it. */
static void inbox_take_some(struct inbox *b, int most)
{
    b->costly = false;
    while (most-- > 0 && b->fd >= 0 && !b->costly && inbox_take(b))
        continue;
}

void inbox_drain(struct inbox *b)
{
    for (int i = 0; i < INBOX_PORTION && closer_free(); i++) {
        inbox_take_some(b, INBOX_DRAIN_MAX);
        if (!b->costly)
            return;
    }
}

static void on_free(struct closer_waiter *w)
{
    struct inbox *b = container_of(w, struct inbox, waiter);
    (void)uv_poll_start(&b->poll, UV_READABLE, on_readable);
}

static void on_readable(uv_poll_t *handle, int status, int events)
{
    struct inbox *b = container_of(handle, struct inbox, poll);
    (void)events;
    if (status < 0)
        return;
    if (closer_free()) {
        inbox_take_some(b, INBOX_PORTION);
        return;
    }
    (void)uv_poll_stop(handle); /* who sends waits, too */
    b->waiter.on_free = on_free;
    closer_wait(&b->waiter);
}

/* --- Life ---------------------------------------------------------------------------------- */

void inbox_init(struct inbox *b, uv_loop_t *loop)
{
    *b = (struct inbox){.loop = loop, .fd = -1};
}

int inbox_listen(struct inbox *b)
{
    if (b->fd < 0)
        return 0;
    int rc = uv_poll_init(b->loop, &b->poll, b->fd);
    if (rc < 0)
        return rc;
    b->state = INBOX_OPEN;
    return uv_poll_start(&b->poll, UV_READABLE, on_readable);
}

static void on_poll_closed(uv_handle_t *handle)
{
    struct inbox *b = container_of(handle, struct inbox, poll);
    b->state = INBOX_IDLE;
    if (b->on_closed)
        b->on_closed(b); /* may free b */
}

void inbox_close(struct inbox *b, void (*on_closed)(struct inbox *b))
{
    if (b->state == INBOX_OPEN) {
        b->state = INBOX_CLOSING;
        closer_wait_end(&b->waiter);
        b->on_closed = on_closed;
        uv_close((uv_handle_t *)&b->poll, on_poll_closed);
    }
    inbox_forget(b);
}

bool inbox_idle(const struct inbox *b)
{
    return b->state == INBOX_IDLE;
}
