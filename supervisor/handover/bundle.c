#include "handover/bundle.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/fd.h"

union bundle_control {
    char bytes[CMSG_SPACE(BUNDLE_MAX * sizeof(int))];
    struct cmsghdr align;
};

static int bundle_send(int to, char *roles, const int *fds, size_t count)
{
    union bundle_control control = {.bytes = {0}};
    struct iovec text = {.iov_base = roles, .iov_len = count};
    struct msghdr message = {.msg_iov = &text,
                             .msg_iovlen = 1,
                             .msg_control = control.bytes,
                             .msg_controllen = CMSG_SPACE(count * sizeof *fds)};
    struct cmsghdr *header = &control.align;
    header->cmsg_level = SOL_SOCKET;
    header->cmsg_type = SCM_RIGHTS;
    header->cmsg_len = CMSG_LEN(count * sizeof *fds);
    memcpy(CMSG_DATA(header), fds, count * sizeof *fds);
    return sendmsg(to, &message, MSG_NOSIGNAL | MSG_DONTWAIT) < 0 ? -errno : 0;
}

int bundle_make(const struct bundle *b)
{
    char roles[BUNDLE_MAX];
    int fds[BUNDLE_MAX];
    size_t count = 0;
    int ends[2];
    for (size_t i = 0; b->roles[i]; i++) {
        roles[count] = b->roles[i];
        fds[count] = b->fds[i];
        count += b->fds[i] >= 0;
    }
    if (count == 0)
        return -ENOENT;
    if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, ends) < 0)
        return -errno;
    int rc = bundle_send(ends[0], roles, fds, count);
    fd_close(&ends[0]);
    if (rc < 0)
        fd_close(&ends[1]);
    return rc < 0 ? rc : ends[1];
}

int bundle_look(struct bundle *b, int fd)
{
    union bundle_control control;
    char roles[BUNDLE_MAX];
    struct iovec text = {.iov_base = roles, .iov_len = sizeof roles};
    struct msghdr message = {.msg_iov = &text,
                             .msg_iovlen = 1,
                             .msg_control = control.bytes,
                             .msg_controllen = sizeof control.bytes};
    *b = (struct bundle){.roles = ""};
    ssize_t n = recvmsg(fd, &message, MSG_PEEK | MSG_DONTWAIT | MSG_CMSG_CLOEXEC);
    if (n < 0)
        return -errno;
    const struct cmsghdr *header = CMSG_FIRSTHDR(&message);
    if (!header || header->cmsg_level != SOL_SOCKET || header->cmsg_type != SCM_RIGHTS)
        return -EINVAL;
    size_t count = (header->cmsg_len - CMSG_LEN(0)) / sizeof(int);
    if (count > BUNDLE_MAX)
        return -EINVAL;
    memcpy(b->fds, CMSG_DATA(header), count * sizeof(int));
    size_t said = (size_t)n < count ? (size_t)n : count;
    memset(b->roles, '?', count);
    memcpy(b->roles, roles, said);
    return 0;
}

int bundle_take(struct bundle *b, char role)
{
    for (size_t i = 0; b->roles[i]; i++) {
        if (b->roles[i] != role || b->fds[i] < 0)
            continue;
        int fd = b->fds[i];
        b->fds[i] = -1;
        return fd;
    }
    return -1;
}

void bundle_close(struct bundle *b)
{
    for (size_t i = 0; b->roles[i]; i++)
        fd_close(&b->fds[i]);
    b->roles[0] = '\0';
}
