#include "engine/listen.h"

#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/fd.h"
#include "base/log.h"
#include "base/mem.h"
#include "engine/inherited.h"
#include "engine/keep.h"
#include "engine/sockfile.h"

static void listen_keep(struct listens *l, struct listen_socket *s, bool closing)
{
    struct keep *keep = l->host->keep;
    if (keep && keep->ops->listen_changed)
        keep->ops->listen_changed(keep, s, closing);
}

/* --- Opening ------------------------------------------------------------------------------- */

static bool listen_is_file(const struct listen_socket *s)
{
    return s->address.to.any.sa_family == AF_UNIX;
}

static const char *listen_path(const struct listen_socket *s)
{
    return s->address.to.un.sun_path;
}

/* Remembers which file it is, to remove only that. */
static void listen_recognise(struct listen_socket *s)
{
    struct stat st;
    if (!listen_is_file(s) || lstat(listen_path(s), &st) < 0)
        return;
    s->dev = st.st_dev;
    s->ino = st.st_ino;
}

static bool listen_inherit(struct listen_socket *s, struct inherited *from)
{
    bool own = false;
    s->fd = listen_is_file(s) ? inherited_unix(from, listen_path(s), &own)
                              : inherited_inet(from, &s->address.to.any, &own);
    if (s->fd < 0)
        return false;
    s->lent = !own;
    int flags = fcntl(s->fd, F_GETFL);
    if (flags >= 0)
        (void)fcntl(s->fd, F_SETFL, flags & ~O_NONBLOCK);
    return true;
}

static int listen_open_file(struct listen_socket *s, const struct process_config *c, struct err *e)
{
    const char *path = listen_path(s);
    int answers = sockfile_answers(path);
    if (answers == -ENOTSOCK)
        return err_set(e, -EEXIST, "%s exists and is no socket", path);
    if (answers > 0)
        return err_set(e, -EADDRINUSE, "another program listens there");
    if (answers == 0)
        (void)unlink(path);
    int rc = sockfile_bind(s->fd, &s->address.to.un, (mode_t)c->listen_mode & 07777);
    if (rc < 0)
        return err_set(e, rc, "%s", strerror(-rc));
    listen_recognise(s);
    rc = sockfile_give(path, c->uid, c->gid);
    if (rc == 0)
        return 0;
    (void)unlink(path);
    return err_set(e, rc, "it cannot be given to user %s: %s", c->user, strerror(-rc));
}

/* "tcp:80" is both families where there are both. */
static int listen_open_inet(struct listen_socket *s, struct err *e)
{
    int on = 1;
    int only_v6 = strchr(s->address.text, '[') != NULL;
    struct sockaddr_in any = {.sin_family = AF_INET, .sin_port = s->address.to.v6.sin6_port};
    const struct sockaddr *to = &s->address.to.any;
    socklen_t len = s->address.len;
    if (s->fd < 0) {
        s->fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
        to = (const struct sockaddr *)&any;
        len = sizeof any;
    } else if (to->sa_family == AF_INET6) {
        (void)setsockopt(s->fd, IPPROTO_IPV6, IPV6_V6ONLY, &only_v6, sizeof only_v6);
    }
    if (s->fd < 0 || setsockopt(s->fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on) < 0 ||
        bind(s->fd, to, len) < 0)
        return err_set(e, -errno, "%s", strerror(errno));
    return 0;
}

static int listen_make(struct listen_socket *s, const struct process_config *c, struct err *e)
{
    s->fd = socket(s->address.to.any.sa_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
    bool v4_will_do = errno == EAFNOSUPPORT && s->address.to.any.sa_family == AF_INET6 &&
                      !strchr(s->address.text, '[');
    if (s->fd < 0 && !v4_will_do)
        return err_set(e, -errno, "%s", strerror(errno));
    int rc = listen_is_file(s) ? listen_open_file(s, c, e) : listen_open_inet(s, e);
    if (rc == 0 && listen(s->fd, SOMAXCONN) < 0)
        rc = err_set(e, -errno, "%s", strerror(errno));
    if (rc < 0)
        fd_close(&s->fd);
    return rc;
}

static int listen_open(struct listens *l, struct listen_socket *s, const struct process_config *c,
                       struct err *e)
{
    if (s->fd >= 0)
        return 0;
    bool there = listen_inherit(s, l->host->inherited);
    if (there) {
        listen_recognise(s);
    } else {
        s->lent = false;
        int rc = listen_make(s, c, e);
        if (rc < 0)
            return err_prefix(e, rc, "cannot listen at %s", s->address.text);
    }
    log_info("'%s' listens at %s%s", c->program, s->address.text,
             there ? ", which was open already" : "");
    listen_keep(l, s, false);
    return 0;
}

/* --- Closing ------------------------------------------------------------------------------- */

static void listen_shut(struct listens *l, struct listen_socket *s)
{
    struct stat st;
    if (s->fd < 0)
        return;
    listen_keep(l, s, true);
    if (listen_is_file(s) && !s->lent && lstat(listen_path(s), &st) == 0 && st.st_dev == s->dev &&
        st.st_ino == s->ino)
        (void)unlink(listen_path(s));
    fd_close(&s->fd);
    log_info("nobody listens at %s any more", s->address.text);
}

/* Closes what is to be closed by now, forgets what nobody names, and says when to look again. */
static void listens_look(struct listens *l, bool unclaimed_too)
{
    struct listen_socket *s;
    int64_t now = host_now(l->host);
    int64_t next = -1;
    list_each (s, &l->sockets, link) {
        bool waits = s->fd >= 0 && s->users == 0;
        if (waits && (now >= s->close_at || (unclaimed_too && s->claims == 0))) {
            listen_shut(l, s);
            waits = false;
        }
        if (waits && (next < 0 || s->close_at < next))
            next = s->close_at;
        if (s->fd < 0 && s->claims == 0) {
            list_remove(&s->link);
            mem_free(s);
        }
    }
    if (next >= 0)
        host_arm(l->host, &l->look, next);
    else
        host_disarm(l->host, &l->look);
}

static void on_look(struct timer *timer)
{
    listens_look(container_of(timer, struct listens, look), false);
}

/* --- All of them --------------------------------------------------------------------------- */

void listens_init(struct listens *l, struct host *host)
{
    *l = (struct listens){.host = host};
    list_init(&l->sockets);
    l->look.on_due = on_look;
}

void listens_close(struct listens *l)
{
    struct listen_socket *s;
    host_disarm(l->host, &l->look);
    list_each (s, &l->sockets, link) {
        listen_shut(l, s);
        list_remove(&s->link);
        mem_free(s);
    }
}

/* One that a daemon before us has left waits for its program; one that is lent stays there. */
static void listens_inherit(struct listens *l, struct listen_socket *s)
{
    if (s->fd >= 0 || s->claims == 0 || !listen_inherit(s, l->host->inherited))
        return;
    if (s->lent) {
        fd_close(&s->fd);
        return;
    }
    listen_recognise(s);
    s->close_at = host_now(l->host) + LISTEN_GRACE_MS;
}

void listens_settle(struct listens *l)
{
    struct listen_socket *s;
    list_each (s, &l->sockets, link)
        listens_inherit(l, s);
    listens_look(l, true);
}

/* linear: a hundred addresses are a hundred compares for each process that is made */
static struct listen_socket *listens_find(struct listens *l, const struct listen_address *address)
{
    struct listen_socket *s;
    list_each (s, &l->sockets, link) {
        if (strcmp(s->address.text, address->text) == 0)
            return s;
    }
    s = mem_alloc(sizeof *s);
    s->address = *address;
    s->address.name = NULL;
    s->fd = -1;
    list_append(&l->sockets, &s->link);
    return s;
}

void listens_adopt(struct listens *l, const char *text, int fd, bool lent)
{
    struct listen_address address;
    if (listen_parse(text, &address, NULL) < 0) {
        fd_close(&fd);
        return;
    }
    struct listen_socket *s = listens_find(l, &address);
    fd_close(&s->fd);
    s->fd = fd;
    s->lent = lent;
    s->close_at = host_now(l->host) + LISTEN_GRACE_MS;
    listen_recognise(s);
    listens_look(l, false);
}

/* --- Those of one process ------------------------------------------------------------------ */

void listen_use_init(struct listen_use *u, struct listens *all, const struct process_config *c)
{
    struct buf names = BUF_EMPTY;
    *u = (struct listen_use){.all = all};
    if (c->listen.count == 0)
        return;
    u->sockets = mem_array(c->listen.count, sizeof(struct listen_socket *));
    u->fds = mem_array(c->listen.count, sizeof *u->fds);
    for (size_t i = 0; i < c->listen.count; i++) {
        struct listen_address address;
        if (listen_parse(c->listen.names[i], &address, NULL) < 0)
            continue; /* it was checked when it was read */
        u->sockets[u->count] = listens_find(all, &address);
        u->sockets[u->count++]->claims++;
        buf_text(&names, i ? ":" : "");
        if (address.name)
            buf_append(&names, address.name, address.name_len);
        else
            buf_text(&names, c->program);
    }
    u->names = buf_take(&names);
}

void listen_use_close(struct listen_use *u)
{
    if (!u->sockets)
        return;
    listen_drop(u);
    for (size_t i = 0; i < u->count; i++)
        u->sockets[i]->claims--;
    mem_free(u->sockets);
    mem_free(u->fds);
    mem_free(u->names);
    struct listens *all = u->all;
    *u = (struct listen_use){.all = all};
    listens_look(all, false);
}

int listen_take(struct listen_use *u, const struct process_config *c, struct err *e)
{
    if (u->taken)
        return 0;
    for (size_t i = 0; i < u->count; i++) {
        int rc = listen_open(u->all, u->sockets[i], c, e);
        if (rc < 0) {
            listens_look(u->all, false);
            return rc;
        }
        u->fds[i] = u->sockets[i]->fd;
        u->sockets[i]->close_at = host_now(u->all->host) + LISTEN_GRACE_MS;
    }
    for (size_t i = 0; i < u->count; i++)
        u->sockets[i]->users++;
    u->taken = true;
    return 0;
}

static void listen_renew_file(struct listens *l, struct listen_socket *s,
                              const struct process_config *c)
{
    const struct stat that = {.st_dev = s->dev, .st_ino = s->ino};
    int64_t uid = c->uid == CONFIG_UNSET ? (int64_t)geteuid() : c->uid;
    int64_t gid = c->gid == CONFIG_UNSET ? (int64_t)getegid() : c->gid;
    int rc = sockfile_change(listen_path(s), &that, (mode_t)c->listen_mode & 07777, uid, gid);
    if (rc == 0)
        return;
    log_warn("%s is opened anew: its file is %s", s->address.text,
             rc == -ENOENT || rc == -ESTALE ? "gone" : strerror(-rc));
    listen_shut(l, s);
}

void listen_renew(struct listen_use *u, const struct process_config *c)
{
    for (size_t i = 0; i < u->count; i++) {
        struct listen_socket *s = u->sockets[i];
        bool alone = s->users == (u->taken ? 1 : 0);
        if (s->fd >= 0 && alone && !s->lent && listen_is_file(s))
            listen_renew_file(u->all, s, c);
        if (s->fd < 0)
            listen_drop(u); /* it is taken again, all of it */
    }
}

void listen_drop(struct listen_use *u)
{
    if (!u->taken)
        return;
    u->taken = false;
    for (size_t i = 0; i < u->count; i++) {
        struct listen_socket *s = u->sockets[i];
        if (--s->users == 0)
            s->close_at = host_now(u->all->host) + LISTEN_GRACE_MS;
    }
    listens_look(u->all, false);
}
