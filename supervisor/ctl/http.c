#include "ctl/http.h"

#include <errno.h>
#include <fcntl.h>
#include <netdb.h>
#include <poll.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/base64.h"
#include "base/fd.h"
#include "base/mem.h"

enum { LINE_MAX_BYTES = 1024, SEND_SECONDS = 30 }; /* of a chunk's head; for one write */

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
    return connect_to((const struct sockaddr *)&address, sizeof address);
}

/* "host:port", "[v6]:port", "host"; a path after it does not matter. */
static void split_host(const char *text, char **host, char **port)
{
    size_t len = strcspn(text, "/");
    const char *end = text + len;
    const char *close = *text == '[' ? memchr(text, ']', len) : NULL;
    const char *colon = memchr(close ? close : text, ':', (size_t)(end - (close ? close : text)));
    const char *host_end = close ? close : colon ? colon : end;
    const char *start = close ? text + 1 : text;
    *host = mem_strndup(start, (size_t)(host_end - start));
    *port = colon && colon + 1 < end ? mem_strndup(colon + 1, (size_t)(end - colon - 1))
                                     : mem_strdup("80");
}

static int connect_tcp(const char *text, struct err *e)
{
    char *host = NULL, *port = NULL;
    split_host(text, &host, &port);
    const struct addrinfo hints = {.ai_socktype = SOCK_STREAM};
    struct addrinfo *found = NULL;
    int rc = getaddrinfo(host, port, &hints, &found);
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

/* Waits for bytes where a signal may end the waiting: it is blocked but for this wait. */
static int http_wait(struct http *h)
{
    struct pollfd p = {.fd = h->fd, .events = POLLIN};
    while (h->stop && !*h->stop) {
        int n = ppoll(&p, 1, NULL, h->mask);
        if (n > 0)
            return 0;
        if (n < 0 && errno != EINTR)
            return -errno;
    }
    return h->stop ? -EINTR : 0;
}

/* Reads more into h->in. 0 at the end of the connection, else the number of bytes. */
static ssize_t http_more(struct http *h, struct err *e)
{
    char chunk[16384];
    ssize_t n = http_wait(h);
    if (n < 0)
        return err_set(e, (int)n, "%s", strerror((int)-n));
    do
        n = recv(h->fd, chunk, sizeof chunk, 0);
    while (n < 0 && errno == EINTR);
    if (n < 0)
        return err_set(e, -errno, "%s", strerror(errno));
    buf_append(&h->in, chunk, (size_t)n);
    return n;
}

/*
 * Takes one line, without its end, of at most `limit` bytes. -ENODATA when the connection ends
 * before the first byte of it.
 */
static int http_line(struct http *h, size_t limit, struct buf *line, struct err *e)
{
    for (;;) {
        const char *end = h->in.len ? memchr(h->in.data, '\n', h->in.len) : NULL;
        size_t len = end ? (size_t)(end - h->in.data) : h->in.len;
        if (len > limit)
            return err_set(e, -EMSGSIZE, "the answer's head is larger than %zu bytes", limit);
        if (end) {
            buf_clear(line);
            buf_append(line, h->in.data, len > 0 && end[-1] == '\r' ? len - 1 : len);
            buf_drop(&h->in, len + 1);
            return 0;
        }
        ssize_t n = http_more(h, e);
        if (n < 0)
            return (int)n;
        if (n == 0)
            return h->in.len ? err_set(e, -EPROTO, "the answer's head is cut off")
                             : err_set(e, -ENODATA, "the server closed the connection");
    }
}

static int parse_status(const char *line, struct http_answer *a, struct err *e)
{
    char *end = NULL;
    if (strncmp(line, "HTTP/1.", 7) != 0 || !strchr(line, ' '))
        return err_set(e, -EPROTO, "what answers there is no HTTP server");
    long status = strtol(strchr(line, ' '), &end, 10);
    if (status < 100 || status > 599)
        return err_set(e, -EPROTO, "what answers there is no HTTP server");
    a->status = (int)status;
    a->close = strncmp(line, "HTTP/1.0", 8) == 0;
    end += strspn(end, " ");
    size_t len = strnlen(end, sizeof a->reason - 1);
    memcpy(a->reason, end, len);
    return 0;
}

static int parse_header(char *line, struct http_answer *a, struct err *e)
{
    char *value = strchr(line, ':');
    if (!value)
        return err_set(e, -EPROTO, "a header of the answer has no colon");
    *value++ = '\0';
    value += strspn(value, " \t");
    if (strcasecmp(line, "Transfer-Encoding") == 0) {
        a->chunked = strcasecmp(value, "chunked") == 0;
    } else if (strcasecmp(line, "Connection") == 0) {
        a->close = strcasecmp(value, "close") == 0;
    } else if (strcasecmp(line, "Content-Length") == 0) {
        char *end = NULL;
        errno = 0;
        unsigned long long length = strtoull(value, &end, 10);
        if (*value < '0' || *value > '9' || errno || end[strspn(end, " \t")] || length > SIZE_MAX)
            return err_set(e, -EPROTO, "the answer's length is no number");
        a->has_length = true;
        a->length = (size_t)length;
    }
    return 0;
}

static int http_head(struct http *h, struct http_answer *a, struct err *e)
{
    struct buf line = BUF_EMPTY;
    size_t left = HTTP_HEAD_MAX;
    *a = (struct http_answer){0};
    int rc = http_line(h, left, &line, e);
    if (rc == 0)
        rc = parse_status(buf_str(&line), a, e);
    while (rc == 0 && line.len > 0) {
        left -= line.len;
        rc = http_line(h, left, &line, e);
        if (rc == -ENODATA)
            rc = err_set(e, -EPROTO, "the answer's head is cut off");
        if (rc == 0 && line.len > 0)
            rc = parse_header(line.data, a, e);
    }
    buf_close(&line);
    return rc;
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

int http_ask(struct http *h, const struct http_request *r, struct http_answer *a, struct err *e)
{
    int rc = http_connect(h, r->url, e);
    if (rc < 0)
        return rc;
    struct buf out = BUF_EMPTY;
    write_request(&out, r);
    rc = send_all(h->fd, out.data, out.len);
    if (rc < 0)
        (void)err_set(e, rc, "%s", strerror(-rc));
    buf_close(&out);
    if (rc == 0)
        rc = http_head(h, a, e);
    if (rc < 0)
        http_close(h);
    return rc;
}

/* --- Bodies -------------------------------------------------------------------------------- */

/* Hands `len` bytes on, as they come. */
static int stream_exactly(struct http *h, size_t len, http_sink *sink, void *ctx, struct err *e)
{
    while (len > 0) {
        if (h->in.len == 0) {
            ssize_t n = http_more(h, e);
            if (n <= 0)
                return n < 0 ? (int)n : err_set(e, -EPROTO, "the answer is cut off");
        }
        size_t part = h->in.len < len ? h->in.len : len;
        int rc = sink(ctx, h->in.data, part);
        buf_drop(&h->in, part);
        len -= part;
        if (rc != 0)
            return rc;
    }
    return 0;
}

static int stream_to_end(struct http *h, http_sink *sink, void *ctx, struct err *e)
{
    for (;;) {
        int rc = h->in.len ? sink(ctx, h->in.data, h->in.len) : 0;
        buf_clear(&h->in);
        if (rc != 0)
            return rc;
        ssize_t n = http_more(h, e);
        if (n <= 0)
            return (int)n;
    }
}

/* The size in the line before a chunk, which may carry extensions after a semicolon. */
static int parse_chunk(const char *line, size_t *size, struct err *e)
{
    char *end = NULL;
    errno = 0;
    unsigned long long value = strtoull(line, &end, 16);
    bool hex = strspn(line, "0123456789abcdefABCDEF") > 0;
    if (!hex || errno || value > SIZE_MAX / 2 || (*end && !strchr("; \t", *end)))
        return err_set(e, -EPROTO, "a chunk of the answer has no size");
    *size = (size_t)value;
    return 0;
}

static int stream_chunks(struct http *h, http_sink *sink, void *ctx, struct err *e)
{
    struct buf line = BUF_EMPTY;
    size_t size = 1;
    int rc = 0;
    while (rc == 0 && size > 0) {
        rc = http_line(h, LINE_MAX_BYTES, &line, e);
        if (rc == 0)
            rc = parse_chunk(buf_str(&line), &size, e);
        if (rc == 0)
            rc = stream_exactly(h, size, sink, ctx, e);
        if (rc == 0 && size > 0)
            rc = http_line(h, 1, &line, e); /* the line end after a chunk */
    }
    size_t left = HTTP_HEAD_MAX; /* trailers, up to an empty line */
    while (rc == 0) {
        rc = http_line(h, left, &line, e);
        if (rc == 0 && line.len == 0)
            break;
        left -= line.len;
    }
    buf_close(&line);
    return rc;
}

int http_stream(struct http *h, const struct http_answer *a, http_sink *sink, void *ctx,
                struct err *e)
{
    int rc = 0;
    if (a->chunked)
        rc = stream_chunks(h, sink, ctx, e);
    else if (a->has_length)
        rc = stream_exactly(h, a->length, sink, ctx, e);
    else
        rc = stream_to_end(h, sink, ctx, e);
    if (rc != 0 || a->close || (!a->chunked && !a->has_length))
        http_close(h);
    return rc;
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

int http_body(struct http *h, const struct http_answer *a, size_t limit, struct buf *out,
              struct err *e)
{
    struct collected c = {.out = out, .left = limit};
    int rc = http_stream(h, a, on_piece, &c, e);
    if (rc == -EMSGSIZE)
        (void)err_set(e, rc, "the answer is larger than %zu bytes", limit);
    return rc;
}
