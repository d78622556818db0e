#include "systemd/channel.h"

#include <errno.h>
#include <stddef.h>
#include <stdint.h>
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

int channel_send_fd(const struct channel *c, const char *text, int fd)
{
    union {
        char bytes[CMSG_SPACE(sizeof fd)];
        struct cmsghdr align;
    } control = {.bytes = {0}};
    struct sockaddr_un to = c->to;
    char *data = (char *)(uintptr_t)text; /* sendmsg(2) does not write there */
    struct iovec bytes = {.iov_base = data, .iov_len = strlen(text)};
    struct msghdr message = {
        .msg_name = &to, .msg_namelen = c->len, .msg_iov = &bytes, .msg_iovlen = 1};
    if (c->fd < 0)
        return 0;
    if (fd >= 0) {
        message.msg_control = control.bytes;
        message.msg_controllen = sizeof control.bytes;
        struct cmsghdr *header = &control.align;
        header->cmsg_level = SOL_SOCKET;
        header->cmsg_type = SCM_RIGHTS;
        header->cmsg_len = CMSG_LEN(sizeof fd);
        memcpy(CMSG_DATA(header), &fd, sizeof fd);
    }
    return sendmsg(c->fd, &message, MSG_NOSIGNAL) < 0 ? -errno : 0;
}

int channel_send(const struct channel *c, const char *text)
{
    return channel_send_fd(c, text, -1);
}

void channel_close(struct channel *c)
{
    fd_close(&c->fd);
}
