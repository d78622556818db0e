#include "output/outlet.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/un.h>

#include "base/fd.h"

enum {
    BATCH = 64,               /* datagrams in one system call */
    DATAGRAM_MAX = 64 * 1024, /* a larger entry goes as a file in memory */
    SEND_BUFFER = 8 << 20,    /* as journald's own clients ask for */
};

static int outlet_open(struct outlet *o)
{
    int size = SEND_BUFFER;
    int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (fd < 0)
        return -errno;
    /* Without the right to it: as much as everybody may have. */
    if (setsockopt(fd, SOL_SOCKET, SO_SNDBUFFORCE, &size, sizeof size) < 0)
        (void)setsockopt(fd, SOL_SOCKET, SO_SNDBUF, &size, sizeof size);
    o->fd = fd;
    return 0;
}

int outlet_connect(struct outlet *o, const char *path)
{
    struct sockaddr_un to = {.sun_family = AF_UNIX};
    size_t len = strlen(path);
    if (o->connected)
        return 0;
    if (len >= sizeof to.sun_path)
        return -ENAMETOOLONG;
    memcpy(to.sun_path, path, len + 1);
    int rc = o->fd < 0 ? outlet_open(o) : 0;
    if (rc < 0)
        return rc;
    if (connect(o->fd, (const struct sockaddr *)&to, sizeof to) < 0)
        return -errno;
    o->connected = true;
    return 0;
}

static size_t parcel_len(const struct parcel *p)
{
    return p->len + (p->head ? p->head->len : 0);
}

static int parcel_file(const struct parcel *p)
{
    int fd = memfd_create("mainstay-journal-entry", MFD_CLOEXEC | MFD_ALLOW_SEALING);
    if (fd < 0)
        return -errno;
    int rc = p->head ? fd_write_all(fd, p->head->data, p->head->len) : 0;
    if (rc == 0)
        rc = fd_write_all(fd, p->data, p->len);
    if (rc == 0 &&
        fcntl(fd, F_ADD_SEALS, F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE | F_SEAL_SEAL) < 0)
        rc = -errno;
    if (rc < 0)
        fd_close(&fd);
    return rc < 0 ? rc : fd;
}

/* The entry lies in a sealed file in memory, the datagram itself is empty. 1 or -errno. */
static int outlet_send_large(struct outlet *o, const struct parcel *p)
{
    union {
        struct cmsghdr head;
        char room[CMSG_SPACE(sizeof(int))];
    } control = {.head = {.cmsg_len = CMSG_LEN(sizeof(int)),
                          .cmsg_level = SOL_SOCKET,
                          .cmsg_type = SCM_RIGHTS}};
    struct msghdr m = {.msg_control = &control, .msg_controllen = sizeof control};
    int fd = parcel_file(p);
    if (fd < 0)
        return fd;
    memcpy(CMSG_DATA(&control.head), &fd, sizeof fd);
    int rc = sendmsg(o->fd, &m, MSG_NOSIGNAL) < 0 ? -errno : 1;
    fd_close(&fd);
    return rc;
}

/* The first entries of the queue, as many as go in one call. How many, or -errno. */
static int outlet_send_batch(struct outlet *o, const struct list *queue)
{
    struct mmsghdr messages[BATCH];
    struct iovec parts[BATCH][2];
    unsigned count = 0;
    struct parcel *p;
    memset(messages, 0, sizeof messages);
    list_each (p, queue, link) {
        if (count == BATCH || parcel_len(p) > DATAGRAM_MAX)
            break;
        parts[count][0] =
            (struct iovec){p->head ? p->head->data : NULL, p->head ? p->head->len : 0};
        parts[count][1] = (struct iovec){p->data, p->len};
        messages[count].msg_hdr.msg_iov = parts[count];
        messages[count++].msg_hdr.msg_iovlen = 2;
    }
    int n = sendmmsg(o->fd, messages, count, MSG_NOSIGNAL);
    return n < 0 ? -errno : n;
}

int outlet_send(struct outlet *o, const struct list *queue)
{
    const struct parcel *first = container_of_const(queue->next, struct parcel, link);
    if (parcel_len(first) > DATAGRAM_MAX)
        return outlet_send_large(o, first);
    int rc = outlet_send_batch(o, queue);
    return rc == -EMSGSIZE || rc == -ENOBUFS ? outlet_send_large(o, first) : rc;
}

bool outlet_error_passes(int error)
{
    // clang-format off
    static const int errors[] = {
        EAGAIN, EINTR, ENOENT, ECONNREFUSED, ENOTCONN, ECONNRESET, EPIPE, EPROTOTYPE, EACCES,
        EPERM, EMFILE, ENFILE, ENOMEM, ENOBUFS, ENOSPC, ETOOMANYREFS, ENOTDIR, ELOOP,
        ENAMETOOLONG,
    };
    // clang-format on
    for (size_t i = 0; i < sizeof errors / sizeof *errors; i++) {
        if (errors[i] == error)
            return true;
    }
    return false;
}
