#include "output/syslog.h"

#include <errno.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <syslog.h>
#include <time.h>

#include "base/fd.h"

/* One connection for the process, made when it is first needed. */
static struct {
    const char *path; /* NULL: _PATH_LOG */
    int fd;
} the_syslog = {.fd = -1};

void syslog_set_path(const char *path)
{
    the_syslog.path = path;
    fd_close(&the_syslog.fd);
}

static int syslog_connect(void)
{
    const char *path = the_syslog.path ? the_syslog.path : _PATH_LOG;
    struct sockaddr_un to = {.sun_family = AF_UNIX};
    if (strlen(path) >= sizeof to.sun_path)
        return -ENAMETOOLONG;
    memcpy(to.sun_path, path, strlen(path) + 1);
    int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (fd < 0)
        return -errno;
    if (connect(fd, (const struct sockaddr *)&to, sizeof to) < 0) {
        int error = errno;
        fd_close(&fd);
        return -error;
    }
    the_syslog.fd = fd;
    return 0;
}

static bool syslog_put(const struct msghdr *m)
{
    if (the_syslog.fd < 0 && syslog_connect() < 0)
        return true; /* there is no syslog daemon: nothing to try again */
    return sendmsg(the_syslog.fd, m, MSG_NOSIGNAL) >= 0 || errno == EAGAIN || errno == EMSGSIZE;
}

void syslog_send(int level, const char *name, const char *text, size_t len)
{
    char head[512];
    char when[32];
    time_t now = time(NULL);
    struct tm tm;
    (void)localtime_r(&now, &tm);
    (void)strftime(when, sizeof when, "%b %e %H:%M:%S", &tm);
    int n = snprintf(head, sizeof head, "<%d>%s %s: %s%s", LOG_USER | level, when,
                     program_invocation_short_name, name ? name : "", name ? " " : "");
    size_t used = (size_t)n < sizeof head ? (size_t)n : sizeof head - 1;
    union {
        const char *in;
        void *out;
    } body = {.in = text}; /* sendmsg does not write through it */
    struct iovec parts[] = {{head, used}, {body.out, len}};
    struct msghdr m = {.msg_iov = parts, .msg_iovlen = 2};
    if (syslog_put(&m))
        return;
    fd_close(&the_syslog.fd); /* the daemon was restarted */
    (void)syslog_put(&m);
}

static void syslog_flush(struct syslog_lines *l, const char *name)
{
    if (l->partial.len > 0)
        syslog_send(LOG_INFO, name, l->partial.data, l->partial.len);
    buf_clear(&l->partial);
}

void syslog_lines_write(struct syslog_lines *l, const char *name, const char *data, size_t len)
{
    while (len > 0) {
        const char *end = memchr(data, '\n', len);
        size_t line = end ? (size_t)(end - data) : len;
        size_t room = SYSLOG_LINE_MAX - l->partial.len;
        size_t take = line < room ? line : room;
        buf_append(&l->partial, data, take);
        bool whole = end && take == line;
        if (whole || l->partial.len == SYSLOG_LINE_MAX)
            syslog_flush(l, name);
        data += take + (whole ? 1 : 0);
        len -= take + (whole ? 1 : 0);
    }
}

void syslog_lines_close(struct syslog_lines *l, const char *name)
{
    syslog_flush(l, name);
    buf_close(&l->partial);
}
