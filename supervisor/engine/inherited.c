#include "engine/inherited.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/parse.h"

enum {
    FIRST_FD = 3,
    FD_MOST = 1 << 16, /* descriptors that systemd may pass */
    WHERE_ROOM = sizeof(struct sockaddr_un) + 64,
};

/* Any address; the kernel fills in one of them. */
union address {
    struct sockaddr any;
    struct sockaddr_un local;
    struct sockaddr_in v4;
    struct sockaddr_in6 v6;
    struct sockaddr_storage room;
};

/* --- Filling it ----------------------------------------------------------------------------- */

void inherited_add(struct inherited *t, int fd, const char *name, bool own)
{
    (void)fcntl(fd, F_SETFD, FD_CLOEXEC);
    t->items = mem_grow(t->items, t->count + 1, sizeof *t->items);
    t->items[t->count++] = (struct inherited_socket){fd, mem_strdup(name), own, false};
}

static int64_t number_of(const char *variable)
{
    const char *text = getenv(variable);
    int64_t number = 0;
    return text && parse_int(text, &number, NULL) == 0 ? number : -1;
}

/* The names are in the order of the descriptors, with colons between them. */
static void read_sockets(struct inherited *t, int count)
{
    const char *at = getenv("LISTEN_FDNAMES");
    for (int i = 0; i < count; i++) {
        size_t len = at ? strcspn(at, ":") : 0;
        char *name = len ? mem_strndup(at, len) : mem_strdup("unknown");
        if (fcntl(FIRST_FD + i, F_GETFD) >= 0)
            inherited_add(t, FIRST_FD + i, name, false);
        mem_free(name);
        at = at && at[len] ? at + len + 1 : NULL;
    }
}

void inherited_read(struct inherited *t)
{
    int64_t count = number_of("LISTEN_FDS");
    if (number_of("LISTEN_PID") == getpid() && count > 0 && count <= FD_MOST)
        read_sockets(t, (int)count);
    (void)unsetenv("LISTEN_PID");
    (void)unsetenv("LISTEN_PIDFDID");
    (void)unsetenv("LISTEN_FDS");
    (void)unsetenv("LISTEN_FDNAMES");
}

/* --- Taking --------------------------------------------------------------------------------- */

static bool is_listener(int fd)
{
    int type = 0;
    int listens = 0;
    socklen_t len = sizeof type;
    if (getsockopt(fd, SOL_SOCKET, SO_TYPE, &type, &len) < 0 || type != SOCK_STREAM)
        return false;
    len = sizeof listens;
    return getsockopt(fd, SOL_SOCKET, SO_ACCEPTCONN, &listens, &len) == 0 && listens;
}

static bool address_of(int fd, union address *out)
{
    socklen_t len = sizeof *out;
    memset(out, 0, sizeof *out);
    return getsockname(fd, &out->any, &len) == 0;
}

static int take(struct inherited_socket *item, bool *own)
{
    item->taken = true;
    if (own)
        *own = item->own;
    return fcntl(item->fd, F_DUPFD_CLOEXEC, 3);
}

int inherited_named(struct inherited *t, const char *name)
{
    for (size_t i = 0; i < t->count; i++) {
        struct inherited_socket *item = &t->items[i];
        int fd = item->fd;
        if (fd < 0 || strcmp(item->name, name) != 0)
            continue;
        item->fd = -1;
        return fd;
    }
    return -1;
}

/* The same path, or another way to the same file (/var/run is /run). */
static bool same_path(const char *bound, const char *path)
{
    struct stat a, b;
    if (*bound != '/' || stat(path, &b) < 0 || !S_ISSOCK(b.st_mode))
        return false;
    return strcmp(bound, path) == 0 ||
           (stat(bound, &a) == 0 && a.st_dev == b.st_dev && a.st_ino == b.st_ino);
}

int inherited_unix(struct inherited *t, const char *path, bool *own)
{
    for (size_t i = 0; t && i < t->count; i++) {
        struct inherited_socket *item = &t->items[i];
        union address bound;
        if (item->fd >= 0 && is_listener(item->fd) && address_of(item->fd, &bound) &&
            bound.any.sa_family == AF_UNIX &&
            ((item->own && strcmp(item->name, path) == 0) || same_path(bound.local.sun_path, path)))
            return take(item, own);
    }
    return -1;
}

static bool takes_v4(int fd)
{
    int only = 1;
    socklen_t len = sizeof only;
    return getsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &only, &len) == 0 && !only;
}

static bool same_place(int fd, const union address *bound, const union address *want)
{
    const struct in6_addr *v6 = &bound->v6.sin6_addr;
    if (want->any.sa_family == AF_INET6)
        return bound->any.sa_family == AF_INET6 && bound->v6.sin6_port == want->v6.sin6_port &&
               IN6_ARE_ADDR_EQUAL(v6, &want->v6.sin6_addr);
    if (want->any.sa_family != AF_INET)
        return false;
    if (bound->any.sa_family == AF_INET)
        return bound->v4.sin_port == want->v4.sin_port &&
               bound->v4.sin_addr.s_addr == want->v4.sin_addr.s_addr;
    if (bound->any.sa_family != AF_INET6 || bound->v6.sin6_port != want->v4.sin_port)
        return false;
    if (IN6_IS_ADDR_V4MAPPED(v6))
        return memcmp(&v6->s6_addr[12], &want->v4.sin_addr, 4) == 0;
    return IN6_IS_ADDR_UNSPECIFIED(v6) && want->v4.sin_addr.s_addr == INADDR_ANY && takes_v4(fd);
}

int inherited_inet(struct inherited *t, const struct sockaddr *address, bool *own)
{
    union address want = {.room = {0}};
    memcpy(&want, address,
           address->sa_family == AF_INET6 ? sizeof(struct sockaddr_in6)
                                          : sizeof(struct sockaddr_in));
    for (size_t i = 0; t && i < t->count; i++) {
        struct inherited_socket *item = &t->items[i];
        union address bound;
        if (item->fd >= 0 && is_listener(item->fd) && address_of(item->fd, &bound) &&
            same_place(item->fd, &bound, &want))
            return take(item, own);
    }
    return -1;
}

/* --- What is left --------------------------------------------------------------------------- */

static void say_where(int fd, char *out, size_t size)
{
    char host[INET6_ADDRSTRLEN] = "";
    union address bound;
    (void)snprintf(out, size, "no socket with an address");
    if (!address_of(fd, &bound))
        return;
    if (bound.any.sa_family == AF_UNIX && bound.local.sun_path[0] == '/') {
        (void)snprintf(out, size, "%s", bound.local.sun_path);
    } else if (bound.any.sa_family == AF_INET &&
               inet_ntop(AF_INET, &bound.v4.sin_addr, host, sizeof host)) {
        (void)snprintf(out, size, "%s:%u", host, (unsigned)ntohs(bound.v4.sin_port));
    } else if (bound.any.sa_family == AF_INET6 &&
               inet_ntop(AF_INET6, &bound.v6.sin6_addr, host, sizeof host)) {
        (void)snprintf(out, size, "[%s]:%u", host, (unsigned)ntohs(bound.v6.sin6_port));
    }
}

static void say_unused(const struct inherited_socket *item)
{
    char where[WHERE_ROOM];
    say_where(item->fd, where, sizeof where);
    log_warn("closed the descriptor '%s' (%s): it was passed to us, but nothing in the "
             "configuration listens there",
             item->name, where);
}

void inherited_settle(struct inherited *t)
{
    size_t kept = 0;
    for (size_t i = 0; i < t->count; i++) {
        struct inherited_socket *item = &t->items[i];
        if (item->fd >= 0 && item->taken && !item->own) {
            t->items[kept++] = *item;
            continue;
        }
        if (item->fd >= 0 && !item->taken)
            say_unused(item);
        fd_close(&item->fd);
        mem_free(item->name);
    }
    t->count = kept;
}

void inherited_close(struct inherited *t)
{
    for (size_t i = 0; i < t->count; i++) {
        fd_close(&t->items[i].fd);
        mem_free(t->items[i].name);
    }
    mem_free(t->items);
    *t = (struct inherited){0};
}
