#include "ctl/http.h"

#include <errno.h>
#include <fcntl.h>
#include <netdb.h>
#include <poll.h>
#include <stdint.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/base64.h"
#include "base/clock.h"
#include "base/fd.h"
#include "base/mem.h"
#include "base/parse.h"

enum { SEND_SECONDS = 30, CONNECT_AGAIN_MS = 20 }; /* for one write; between two attempts */

void http_init(struct http *h)
{
    *h = (struct http){.fd = -1};
}

void http_close(struct http *h)
{
    fd_close(&h->fd);
    buf_close(&h->in);
}

/* --- Connecting ---------------------------------------------------------------------------- */

/* Waits for a connect that has begun. */
static int connect_wait(int fd)
{
    struct pollfd p = {.fd = fd, .events = POLLOUT};
    int n = 0;
    do
        n = poll(&p, 1, HTTP_CONNECT_MS);
    while (n < 0 && errno == EINTR);
    if (n == 0)
        return -ETIMEDOUT;
    int error = 0;
    socklen_t len = sizeof error;
    if (n < 0 || getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &len) < 0)
        return -errno;
    return -error;
}

/* A connected, blocking socket or a negative errno. */
static int connect_to(const struct sockaddr *address, socklen_t len)
{
    int fd = socket(address->sa_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (fd < 0)
        return -errno;
    int rc = connect(fd, address, len) < 0 ? -errno : 0;
    if (rc == -EINPROGRESS)
        rc = connect_wait(fd);
    const struct timeval send_time = {.tv_sec = SEND_SECONDS};
    const int on = 1;
    (void)setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &send_time, sizeof send_time);
    (void)setsockopt(fd, SOL_SOCKET, SO_KEEPALIVE, &on, sizeof on);
    if (rc == 0 && fcntl(fd, F_SETFL, fcntl(fd, F_GETFL) & ~O_NONBLOCK) < 0)
        rc = -errno;
    if (rc < 0)
        fd_close(&fd);
    return rc < 0 ? rc : fd;
}

static int connect_unix(const char *path)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    if (strlen(path) >= sizeof address.sun_path)
        return -ENAMETOOLONG;
    memcpy(address.sun_path, path, strlen(path));
    int64_t until = clock_now() + HTTP_CONNECT_MS;
    int fd;
    do /* many are before us: there is nothing to poll while the queue is full */
        fd = connect_to((const struct sockaddr *)&address, sizeof address);
    while (fd == -EAGAIN && clock_now() < until && poll(NULL, 0, CONNECT_AGAIN_MS) == 0);
    return fd;
}

/* "host:port", "[v6]:port", "host"; a login before and a path after it do not matter. */
static void split_host(const char *text, char **host, char **port)
{
    size_t len = strcspn(text, "/?#");
    const char *end = text + len;
    const char *login = memrchr(text, '@', len);
    const char *start = login ? login + 1 : text;
    const char *close = *start == '[' ? memchr(start, ']', (size_t)(end - start)) : NULL;
    const char *from = close ? close : start;
    const char *colon = memchr(from, ':', (size_t)(end - from));
    const char *host_end = close ? close : colon ? colon : end;
    start += close ? 1 : 0;
    *host = mem_strndup(start, (size_t)(host_end - start));
    *port = colon && colon + 1 < end ? mem_strndup(colon + 1, (size_t)(end - colon - 1))
                                     : mem_strdup("80");
}

/* Supervisor's words, from its language's library. */
static int check_port(const char *port, struct err *e)
{
    int64_t number = 0;
    if (port[strspn(port, "0123456789")] != '\0')
        return err_set(e, -EPROTONOSUPPORT, "Port could not be cast to integer value as '%s'",
                       port);
    if (parse_int(port, &number, NULL) < 0 || number > UINT16_MAX)
        return err_set(e, -EPROTONOSUPPORT, "Port out of range 0-65535");
    return 0;
}

static int connect_tcp(const char *text, struct err *e)
{
    char *host = NULL, *port = NULL;
    split_host(text, &host, &port);
    const struct addrinfo hints = {.ai_socktype = SOCK_STREAM};
    struct addrinfo *found = NULL;
    int rc = check_port(port, e);
    if (rc < 0)
        goto out;
    rc = getaddrinfo(host, port, &hints, &found);
    if (rc != 0) {
        rc = err_set(e, -EADDRNOTAVAIL, "[Errno %d] %s", rc, gai_strerror(rc));
        goto out;
    }
    rc = -ECONNREFUSED;
    for (const struct addrinfo *at = found; at && rc < 0; at = at->ai_next)
        rc = connect_to(at->ai_addr, at->ai_addrlen);
    freeaddrinfo(found);
    if (rc < 0)
        (void)err_set(e, rc, "%s", strerror(-rc));
out:
    mem_free(host);
    mem_free(port);
    return rc;
}

static int http_connect(struct http *h, const char *url, struct err *e)
{
    if (h->fd >= 0)
        return 0;
    int fd = 0;
    if (strncmp(url, "unix://", 7) == 0) {
        fd = connect_unix(url + 7);
        if (fd < 0)
            (void)err_set(e, fd, "%s", strerror(-fd));
    } else if (strncmp(url, "http://", 7) == 0) {
        fd = connect_tcp(url + 7, e);
    } else {
        fd = err_set(e, -EPROTONOSUPPORT, "Unknown protocol for serverurl %s", url);
    }
    if (fd < 0)
        return fd;
    h->fd = fd;
    buf_clear(&h->in);
    return 0;
}

/* --- Receiving ----------------------------------------------------------------------------- */

/* Milliseconds until the answer is too slow; -1: it has not begun, or may take its time. */
static int64_t http_patience(const struct http *h)
{
    if (!h->paced || h->begun == 0)
        return -1;
    int64_t most = HTTP_SLOW_MS + (int64_t)(h->got / HTTP_SLOW_BYTES) * 1000;
    int64_t left = h->begun + most - clock_now();
    return left > 0 ? left : 0;
}

/* Waits for bytes; a signal that is blocked but for this wait may end it. */
static int http_wait(struct http *h, struct err *e)
{
    struct pollfd p = {.fd = h->fd, .events = POLLIN};
    while (!h->stop || !*h->stop) {
        int64_t left = http_patience(h);
        const struct timespec limit = {.tv_sec = left / 1000, .tv_nsec = left % 1000 * 1000000};
        int n = ppoll(&p, 1, left < 0 ? NULL : &limit, h->mask);
        if (n > 0)
            return 0;
        if (n < 0 && errno != EINTR)
            return err_set(e, -errno, "%s", strerror(errno));
        if (n == 0)
            return err_set(e, -EPROTO, "the answer comes too slowly");
    }
    return err_set(e, -EINTR, "%s", strerror(EINTR));
}

/* Reads more into h->in. 0 at the end of the connection, else the number of bytes. */
static ssize_t http_more(struct http *h, struct err *e)
{
    char chunk[16384];
    ssize_t n = http_wait(h, e);
    if (n < 0)
        return n;
    do
        n = recv(h->fd, chunk, sizeof chunk, 0);
    while (n < 0 && errno == EINTR);
    if (n < 0)
        return err_set(e, -errno, "%s", strerror(errno));
    buf_append(&h->in, chunk, (size_t)n);
    h->got += (size_t)n;
    if (h->begun == 0)
        h->begun = clock_now();
    return n;
}

/* --- Asking -------------------------------------------------------------------------------- */

static void write_host(struct buf *out, const char *url)
{
    if (strncmp(url, "http://", 7) == 0)
        buf_append(out, url + 7, strcspn(url + 7, "/"));
    else
        buf_text(out, "localhost");
}

static void write_request(struct buf *out, const struct http_request *r)
{
    buf_printf(out, "%s %s HTTP/1.1\r\nHost: ", r->method, r->path);
    write_host(out, r->url);
    buf_text(out, "\r\nUser-Agent: mainstayctl/" MAINSTAY_VERSION "\r\nAccept: */*\r\n");
    if (r->username && r->password) {
        char *pair = mem_printf("%s:%s", r->username, r->password);
        buf_text(out, "Authorization: Basic ");
        base64_encode(out, pair, strlen(pair));
        buf_text(out, "\r\n");
        explicit_bzero(pair, strlen(pair));
        mem_free(pair);
    }
    if (r->type)
        buf_printf(out, "Content-Type: %s\r\nContent-Length: %zu\r\n", r->type, r->body_len);
    buf_text(out, "\r\n");
    if (r->type)
        buf_append(out, r->body, r->body_len);
}

static int send_all(int fd, const char *data, size_t len)
{
    while (len > 0) {
        ssize_t n = send(fd, data, len, MSG_NOSIGNAL);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return errno == EAGAIN ? -ETIMEDOUT : -errno;
        data += n;
        len -= (size_t)n;
    }
    return 0;
}

int http_send(struct http *h, const struct http_request *r, struct err *e)
{
    int rc = http_connect(h, r->url, e);
    if (rc < 0)
        return rc;
    struct buf out = BUF_EMPTY;
    write_request(&out, r);
    h->paced = true;
    h->begun = 0;
    h->got = 0;
    rc = send_all(h->fd, out.data, out.len);
    if (rc < 0)
        (void)err_set(e, rc, "%s", strerror(-rc));
    explicit_bzero(out.data, out.len); /* it may have had a password */
    buf_close(&out);
    if (rc < 0)
        http_close(h);
    return rc;
}

/* --- Answers ------------------------------------------------------------------------------- */

/* Reads once and takes what came. */
static int http_step(struct http *h, struct answer *a, answer_sink *sink, void *ctx, struct err *e)
{
    ssize_t n = http_more(h, e);
    if (n < 0)
        return (int)n;
    if (n > 0)
        return answer_take(a, &h->in, sink, ctx, e);
    int rc = answer_end(a, &h->in, e);
    a->close = true;
    return rc < 0 ? rc : 1;
}

int http_head(struct http *h, struct answer *a, struct err *e)
{
    int rc = answer_take(a, &h->in, NULL, NULL, e);
    if (rc == 0)
        rc = http_step(h, a, NULL, NULL, e);
    if (rc < 0)
        http_close(h);
    return rc;
}

static int http_take(struct http *h, struct answer *a, answer_sink *sink, void *ctx, struct err *e)
{
    int rc = answer_take(a, &h->in, sink, ctx, e);
    if (rc == 0)
        rc = http_step(h, a, sink, ctx, e);
    if (rc < 0 || (rc > 0 && a->close))
        http_close(h);
    return rc;
}

int http_piece(struct http *h, struct answer *a, answer_sink *sink, void *ctx, struct err *e)
{
    h->paced = false;
    return http_take(h, a, sink, ctx, e);
}

struct collected {
    struct buf *out;
    size_t left;
};

static int on_piece(void *ctx, const char *data, size_t len)
{
    struct collected *c = ctx;
    if (len > c->left)
        return -EMSGSIZE;
    c->left -= len;
    buf_append(c->out, data, len);
    return 0;
}

int http_body(struct http *h, struct answer *a, size_t limit, struct buf *out, struct err *e)
{
    struct collected c = {.out = out, .left = limit};
    int rc = 0;
    while (rc == 0)
        rc = http_take(h, a, on_piece, &c, e);
    if (rc == -EMSGSIZE)
        (void)err_set(e, rc, "the answer is larger than %zu bytes", limit);
    return rc < 0 ? rc : 0;
}
