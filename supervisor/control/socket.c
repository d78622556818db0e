#include "control/socket.h"

#include <errno.h>
#include <fcntl.h>
#include <netdb.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/log.h"
#include "base/mem.h"

enum { BACKLOG = 1024, TAKE_OVER_TRIES = 3 };

static int in_use(const char *where, struct err *e)
{
    return err_set(e, -EADDRINUSE,
                   "Another program is already listening on a port that one of our HTTP servers "
                   "is configured to use.  Shut this program down first before starting "
                   "supervisord.  It listens at %s.",
                   where);
}

static int cannot_open(const char *doing, const char *where, int code, struct err *e)
{
    const char *name = strerrorname_np(code);
    return err_set(e, -code,
                   "Cannot open an HTTP server: socket.error reported errno.%s (%d): "
                   "cannot %s %s: %s",
                   name ? name : "?", code, doing, where, strerror(code));
}

static int unix_address(const char *path, struct sockaddr_un *address, struct err *e)
{
    *address = (struct sockaddr_un){.sun_family = AF_UNIX};
    if (strlen(path) >= sizeof address->sun_path)
        return err_set(e, -ENAMETOOLONG,
                       "the path of the socket %s is too long: the system allows %zu bytes", path,
                       sizeof address->sun_path - 1);
    memcpy(address->sun_path, path, strlen(path) + 1);
    return 0;
}

/* Does anybody answer at the socket `path`? -ENOTSOCK when it is something else. */
static int somebody_answers(const char *path)
{
    struct sockaddr_un address;
    struct stat st;
    if (unix_address(path, &address, NULL) < 0 || lstat(path, &st) < 0)
        return 0;
    if (!S_ISSOCK(st.st_mode))
        return -ENOTSOCK;
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (fd < 0)
        return -errno;
    int code = connect(fd, (const struct sockaddr *)&address, sizeof address) < 0 ? errno : 0;
    fd_close(&fd);
    return code == 0 || code == EAGAIN || code == EACCES;
}

/* Gives the socket `temporary` its real name, in one step. */
static int take_name(const char *temporary, const char *path, struct err *e)
{
    for (int tries = 0; tries < TAKE_OVER_TRIES; tries++) {
        if (link(temporary, path) == 0)
            return 0;
        if (errno != EEXIST)
            return cannot_open("make", path, errno, e);
        int answers = somebody_answers(path);
        if (answers == -ENOTSOCK)
            return err_set(e, -EEXIST, "%s exists and is no socket", path);
        if (answers != 0)
            return in_use(path, e);
        log_warn("Unlinking stale socket %s", path);
        if (unlink(path) < 0 && errno != ENOENT)
            return cannot_open("remove", path, errno, e);
    }
    return in_use(path, e);
}

static bool same_file(const struct socket *l, const struct stat *st)
{
    return st->st_dev == l->dev && st->st_ino == l->ino;
}

/* Opens the socket that we have bound to `path`, and remembers which file it is. */
static int recognise(struct socket *l, const char *path)
{
    struct stat st;
    int fd = open(path, O_PATH | O_NOFOLLOW | O_CLOEXEC);
    if (fd < 0)
        return -errno;
    int rc = fstat(fd, &st) < 0 ? -errno : 0;
    bool first = l->ino == 0;
    if (rc == 0 && (first ? !S_ISSOCK(st.st_mode) || st.st_nlink != 1 : !same_file(l, &st)))
        rc = -ESTALE;
    if (rc < 0) {
        fd_close(&fd);
        return rc;
    }
    l->dev = st.st_dev;
    l->ino = st.st_ino;
    return fd;
}

/* By its descriptor: the owner of the folder may put another file into its place at any time. */
static int permit(struct socket *l, const char *path, const struct server_config *c, struct err *e)
{
    char name[32];
    int rc = 0;
    int fd = recognise(l, path);
    if (fd < 0)
        return cannot_open("set up", path, -fd, e);
    (void)snprintf(name, sizeof name, "/proc/self/fd/%d", fd);
    if (chmod(name, (mode_t)c->mode) < 0)
        rc = cannot_open("set up", path, errno, e);
    else if ((c->uid >= 0 || c->gid >= 0) && chown(name, (uid_t)c->uid, (gid_t)c->gid) < 0)
        rc = err_set(e, -errno, "Not permitted to chown %s to uid/gid (%lld, %lld): %s", c->path,
                     (long long)c->uid, (long long)c->gid, strerror(errno));
    fd_close(&fd);
    return rc;
}

static int bind_unix(struct socket *l, const struct server_config *c, const char *temporary,
                     struct err *e)
{
    struct sockaddr_un address, real;
    int rc = unix_address(temporary, &address, e);
    if (rc == 0)
        rc = unix_address(c->path, &real, e);
    if (rc < 0)
        return rc;
    (void)unlink(temporary); /* of an earlier process with our number */
    /* the mode of the descriptor is that of the file: nobody gets in before the chmod */
    if (fchmod(l->fd, (mode_t)c->mode) < 0 ||
        bind(l->fd, (const struct sockaddr *)&address, sizeof address) < 0)
        return cannot_open("make", temporary, errno, e);
    if (listen(l->fd, BACKLOG) < 0)
        rc = cannot_open("set up", temporary, errno, e);
    if (rc == 0)
        rc = permit(l, temporary, c, e);
    if (rc == 0)
        rc = take_name(temporary, c->path, e);
    if (rc == 0)
        l->path = mem_strdup(c->path);
    (void)unlink(temporary);
    return rc;
}

static int open_unix(struct socket *l, const struct server_config *c, struct err *e)
{
    l->fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (l->fd < 0)
        return cannot_open("make", c->path, errno, e);
    char *temporary = mem_printf("%s.%d", c->path, (int)getpid());
    int rc = bind_unix(l, c, temporary, e);
    mem_free(temporary);
    return rc;
}

/* Who finds the file there, finds us: which one that is. */
static bool inherit_unix(struct socket *l, const struct server_config *c, struct inherited *t)
{
    struct stat st, now;
    struct err e;
    bool own = false;
    l->fd = inherited_unix(t, c->path, &own);
    if (l->fd < 0)
        return false;
    l->lent = !own;
    l->path = mem_strdup(c->path);
    if (stat(c->path, &st) == 0) {
        l->dev = st.st_dev;
        l->ino = st.st_ino;
    }
    if (lstat(c->path, &now) < 0 || !same_file(l, &now)) /* by a link: its folder's owner decides */
        return true;
    const bool given =
        (c->uid >= 0 && st.st_uid != (uid_t)c->uid) || (c->gid >= 0 && st.st_gid != (gid_t)c->gid);
    if ((given || (st.st_mode & 07777) != (mode_t)c->mode) && permit(l, c->path, c, &e) < 0)
        log_warn("%s", e.text);
    return true;
}

static int bind_inet(struct socket *l, const struct addrinfo *at, const char *where, struct err *e)
{
    int on = 1;
    l->fd = socket(at->ai_family, at->ai_socktype | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (l->fd < 0)
        return cannot_open("open", where, errno, e);
    if (setsockopt(l->fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on) == 0 &&
        bind(l->fd, at->ai_addr, at->ai_addrlen) == 0 && listen(l->fd, BACKLOG) == 0)
        return 0;
    return errno == EADDRINUSE ? in_use(where, e) : cannot_open("listen on", where, errno, e);
}

/* Also at IPv6 addresses, which systemd can listen at. */
static bool inherit_inet(struct socket *l, const struct server_config *c, struct inherited *t)
{
    struct addrinfo hints = {.ai_socktype = SOCK_STREAM, .ai_flags = AI_PASSIVE};
    struct addrinfo *found;
    char port[24];
    bool own;
    if (!t || t->count == 0)
        return false;
    size_t len = c->host ? strlen(c->host) : 0;
    bool bracket = len > 2 && c->host[0] == '[' && c->host[len - 1] == ']';
    char *host = len ? mem_strndup(c->host + bracket, bracket ? len - 2 : len) : NULL;
    (void)snprintf(port, sizeof port, "%lld", (long long)c->port);
    if (getaddrinfo(host, port, &hints, &found) == 0) {
        for (const struct addrinfo *at = found; at && l->fd < 0; at = at->ai_next)
            l->fd = inherited_inet(t, at->ai_addr, &own);
        freeaddrinfo(found);
    }
    mem_free(host);
    return l->fd >= 0;
}

static int open_inet(struct socket *l, const struct server_config *c, struct err *e)
{
    struct addrinfo hints = {
        .ai_family = AF_INET, .ai_socktype = SOCK_STREAM, .ai_flags = AI_PASSIVE};
    struct addrinfo *found;
    char port[24];
    (void)snprintf(port, sizeof port, "%lld", (long long)c->port);
    const char *host = c->host && *c->host ? c->host : NULL;
    int code = getaddrinfo(host, port, &hints, &found); /* at start only, as Supervisor does */
    if (code != 0)
        return err_set(e, -EADDRNOTAVAIL, "Cannot determine the address of %s: %s",
                       host ? host : "*", gai_strerror(code));
    char *where = mem_printf("%s:%s", host ? host : "*", port);
    int rc = bind_inet(l, found, where, e);
    mem_free(where);
    freeaddrinfo(found);
    return rc;
}

bool socket_inherit(struct socket *l, const struct server_config *c, struct inherited *t)
{
    *l = (struct socket){.fd = -1};
    if (!(c->is_unix ? inherit_unix(l, c, t) : inherit_inet(l, c, t)))
        return false;
    (void)fd_nonblock(l->fd);
    return true;
}

int socket_open(struct socket *l, const struct server_config *c, struct err *e)
{
    *l = (struct socket){.fd = -1};
    int rc = c->is_unix ? open_unix(l, c, e) : open_inet(l, c, e);
    if (rc < 0)
        socket_close(l);
    return rc;
}

bool socket_is_there(const struct socket *l)
{
    struct stat st;
    return !l->path || (lstat(l->path, &st) == 0 && same_file(l, &st));
}

int socket_permit(struct socket *l, const struct server_config *c, struct err *e)
{
    return permit(l, l->path, c, e);
}

bool socket_peer_is_ours(int fd)
{
    struct ucred peer;
    int domain = AF_UNSPEC;
    socklen_t len = sizeof domain;
    if (getsockopt(fd, SOL_SOCKET, SO_DOMAIN, &domain, &len) < 0 || domain != AF_UNIX)
        return false;
    len = sizeof peer;
    return getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &len) == 0 &&
           (peer.uid == 0 || peer.uid == geteuid());
}

void socket_forget(struct socket *l)
{
    if (l->path && !l->lent && socket_is_there(l))
        (void)unlink(l->path);
    mem_free(l->path);
    l->path = NULL;
}

void socket_close(struct socket *l)
{
    socket_forget(l);
    fd_close(&l->fd);
}
