#include "engine/fcgi.h"

#include <errno.h>
#include <fcntl.h>
#include <netdb.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/log.h"
#include "base/mem.h"
#include "engine/sockfile.h"

void fcgi_init(struct fcgi *f, const struct socket_config *config)
{
    *f = (struct fcgi){.config = config, .fd = -1};
}

/* --- Unix sockets -------------------------------------------------------------------------- */

/* A socket of before is in the way, whoever listened there; any other file is not ours. */
static int fcgi_clear_path(const char *path, struct err *e)
{
    struct stat st;
    if (stat(path, &st) < 0)
        return 0; /* bind will say what is wrong, if anything is */
    if (!S_ISSOCK(st.st_mode))
        return err_set(e, -EEXIST, "%s exists and is no socket", path);
    if (unlink(path) < 0 && errno != ENOENT)
        return err_set(e, -errno, "cannot remove %s: %s", path, strerror(errno));
    return 0;
}

static int fcgi_bind_unix(struct fcgi *f, const char *path, struct err *e)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    if (strlen(path) >= sizeof address.sun_path)
        return err_set(e, -ENAMETOOLONG, "its path is longer than %zu bytes",
                       sizeof address.sun_path - 1);
    memcpy(address.sun_path, path, strlen(path) + 1);
    int rc = fcgi_clear_path(path, e);
    if (rc < 0)
        return rc;
    rc = sockfile_bind(f->fd, &address, (mode_t)f->config->mode);
    if (rc < 0)
        return err_set(e, rc, "%s", strerror(-rc));
    rc = sockfile_give(path, f->config->uid, f->config->gid);
    if (rc < 0) {
        (void)unlink(path);
        return err_set(e, rc, "Could not change ownership of socket file: %s", strerror(-rc));
    }
    return 0;
}

/* --- TCP sockets --------------------------------------------------------------------------- */

/* Asked when the group is activated; at a start only if nobody knew the name then. A host name has
 * the loop wait for the name service, an address or localhost does not. */
static int fcgi_resolve(struct fcgi *f, const char *place, struct err *e)
{
    struct addrinfo hints = {
        .ai_family = AF_INET, .ai_socktype = SOCK_STREAM, .ai_flags = AI_PASSIVE};
    struct addrinfo *found;
    const char *colon = strrchr(place, ':');
    if (f->resolved)
        return 0;
    if (!colon)
        return err_set(e, -EINVAL, "it has no port");
    char *host = mem_strndup(place, (size_t)(colon - place));
    int code = getaddrinfo(*host ? host : NULL, colon + 1, &hints, &found);
    mem_free(host);
    if (code != 0)
        return err_set(e, -EADDRNOTAVAIL, "%s", gai_strerror(code));
    memcpy(&f->address, found->ai_addr, sizeof f->address);
    f->resolved = true;
    freeaddrinfo(found);
    return 0;
}

static int fcgi_bind_tcp(struct fcgi *f, const char *place, struct err *e)
{
    int on = 1;
    int rc = fcgi_resolve(f, place, e);
    if (rc < 0)
        return rc;
    if (setsockopt(f->fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on) < 0 ||
        bind(f->fd, (const struct sockaddr *)&f->address, sizeof f->address) < 0)
        return err_set(e, -errno, "%s", strerror(errno));
    return 0;
}

/* --- Inherited sockets --------------------------------------------------------------------- */

static int fcgi_inherited_tcp(struct fcgi *f, const char *place)
{
    if (!f->inherited || f->inherited->count == 0 || fcgi_resolve(f, place, NULL) < 0)
        return -1;
    return inherited_inet(f->inherited, (const struct sockaddr *)&f->address, NULL);
}

/* One that is there already is used as it is. */
static bool fcgi_inherit(struct fcgi *f)
{
    const char *url = f->config->url;
    bool is_unix = strncmp(url, "unix://", 7) == 0;
    f->fd = is_unix ? inherited_unix(f->inherited, url + strlen("unix://"), NULL)
                    : fcgi_inherited_tcp(f, url + strlen("tcp://"));
    if (f->fd < 0)
        return false;
    int flags = fcntl(f->fd, F_GETFL);
    if (flags >= 0)
        (void)fcntl(f->fd, F_SETFL, flags & ~O_NONBLOCK);
    return true;
}

/* --- Users --------------------------------------------------------------------------------- */

/* It stays blocking: the processes share the description, and expect it so. */
static int fcgi_open(struct fcgi *f, struct err *e)
{
    const struct socket_config *c = f->config;
    bool is_unix = strncmp(c->url, "unix://", 7) == 0;
    f->fd = socket(is_unix ? AF_UNIX : AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (f->fd < 0)
        return err_set(e, -errno, "%s", strerror(errno));
    int rc = is_unix ? fcgi_bind_unix(f, c->url + strlen("unix://"), e)
                     : fcgi_bind_tcp(f, c->url + strlen("tcp://"), e);
    int backlog = c->backlog == CONFIG_UNSET ? SOMAXCONN : (int)c->backlog;
    if (rc == 0 && listen(f->fd, backlog) < 0)
        rc = err_set(e, -errno, "%s", strerror(errno));
    if (rc < 0)
        fd_close(&f->fd);
    return rc;
}

int fcgi_take(struct fcgi *f, struct err *e)
{
    if (f->users == 0 && fcgi_inherit(f)) {
        log_info("Using inherited socket %s", f->config->url);
    } else if (f->users == 0) {
        log_info("Creating socket %s", f->config->url);
        int rc = fcgi_open(f, e);
        if (rc < 0)
            return err_prefix(e, rc, "Could not create FastCGI socket %s", f->config->url);
    }
    f->users++;
    return 0;
}

void fcgi_drop(struct fcgi *f)
{
    if (--f->users > 0)
        return;
    log_info("Closing socket %s", f->config->url);
    if (f->kept) /* its address is free now, not when they have let go of it */
        (void)shutdown(f->fd, SHUT_RDWR);
    fd_close(&f->fd);
}
