#include "systemd/channel.h"

#include <errno.h>
#include <stddef.h>
#include <string.h>

#include "base/fd.h"

void channel_open(struct channel *c, const char *address)
{
    size_t len = address ? strlen(address) : 0;
    *c = (struct channel){.fd = -1, .to = {.sun_family = AF_UNIX}};
    if (len < 2 || len >= sizeof c->to.sun_path || (*address != '/' && *address != '@'))
        return;
    memcpy(c->to.sun_path, address, len);
    if (*address == '@')
        c->to.sun_path[0] = '\0';
    else
        len++; /* a path ends with its NUL, an abstract name does not */
    c->len = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + len);
    c->fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
}

bool channel_is_open(const struct channel *c)
{
    return c->fd >= 0;
}

int channel_send(const struct channel *c, const char *text)
{
    if (c->fd < 0)
        return 0;
    ssize_t n =
        sendto(c->fd, text, strlen(text), MSG_NOSIGNAL, (const struct sockaddr *)&c->to, c->len);
    return n < 0 ? -errno : 0;
}

void channel_close(struct channel *c)
{
    fd_close(&c->fd);
}
