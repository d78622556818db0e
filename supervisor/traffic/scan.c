#include "traffic/scan.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>
#include <zlib.h>

#include "base/fd.h"
#include "base/mem.h"

enum {
    PIECE = 128 * 1024, /* what is read at once: stays in the second cache */
    BLOCK_SIZE = SCAN_LINE_MAX + 1 + PIECE,
};

/* One file being read: where its bytes come from, and what of the block is filled. */
struct pass {
    struct scan *scan;
    const char *path;
    int fd;        /* -1: compressed */
    gzFile packed; /* NULL: not compressed */
    uint64_t skip; /* bytes still to be passed over */
    size_t held;   /* bytes of a line without its end, at the block's front */
    uint64_t drop; /* bytes of a line that is too long, of which nothing is held; 0: none */
};

void scan_init(struct scan *s, scan_line *line, void *ctx)
{
    *s = (struct scan){.line = line, .ctx = ctx};
    s->block = mem_array(BLOCK_SIZE, 1);
}

void scan_close(struct scan *s)
{
    mem_free(s->block);
    s->block = NULL;
}

static int packed_error(const struct pass *p, struct err *e)
{
    int code = Z_OK;
    const char *text = gzerror(p->packed, &code);
    if (code == Z_ERRNO) {
        int saved = errno != 0 ? errno : EIO;
        return err_set(e, -saved, "cannot read %s: %s", p->path, strerror(saved));
    }
    if (code == Z_BUF_ERROR)
        return err_set(e, -EIO, "cannot read %s: the compressed data ends early", p->path);
    return err_set(e, -EIO, "cannot read %s: the compressed data is damaged (%s)", p->path, text);
}

static long read_packed(struct pass *p, char *to, struct err *e)
{
    int code = Z_OK;
    errno = 0;
    int n = gzread(p->packed, to, PIECE);
    (void)gzerror(p->packed, &code);
    /* a file cut inside a member gives its bytes first and says so in gzerror only */
    if (n < 0 || code == Z_BUF_ERROR)
        return packed_error(p, e);
    return n;
}

/* The next piece of the file: its length, 0 at the end, or -errno. */
static long read_piece(struct pass *p, char *to, struct err *e)
{
    if (p->packed != NULL)
        return read_packed(p, to, e);
    for (;;) {
        ssize_t n = read(p->fd, to, PIECE);
        if (n >= 0)
            return n;
        if (errno != EINTR)
            return err_set(e, -errno, "cannot read %s: %s", p->path, strerror(errno));
    }
}

static void take_line(struct pass *p, const char *line, size_t len, size_t newline)
{
    struct scan *s = p->scan;
    s->lines++;
    s->offset += p->drop + len + newline;
    if (p->drop > 0 || len > SCAN_LINE_MAX)
        s->too_long++;
    else
        s->line(s->ctx, line, len);
    p->drop = 0;
}

/* Hands over lines as long as they are taken ahead; where the next begins. */
static const char *take_ahead(struct scan *s, const char *at, const char *end)
{
    size_t len;
    while ((len = s->ahead(s->ctx, at, (size_t)(end - at))) > 0) {
        s->lines++;
        s->offset += len + 1;
        at += len + 1;
    }
    return at;
}

/* Hands over the whole lines in the block, which has got n more bytes, and keeps the rest. */
static void take_lines(struct pass *p, size_t n)
{
    char *block = p->scan->block;
    const char *at = block;
    const char *end = block + p->held + n;
    const char *newline = memchr(block + p->held, '\n', n);
    while (newline != NULL) {
        take_line(p, at, (size_t)(newline - at), 1);
        at = newline + 1;
        if (p->scan->ahead != NULL)
            at = take_ahead(p->scan, at, end);
        newline = memchr(at, '\n', (size_t)(end - at));
    }
    p->held = (size_t)(end - at);
    if (p->held > SCAN_LINE_MAX || p->drop > 0) {
        p->drop += p->held;
        p->held = 0;
    }
    memmove(block, at, p->held);
}

/* Passes over what an earlier run has read; how many of the n bytes are left, at the front. */
static size_t pass_over(struct pass *p, char *piece, size_t n)
{
    size_t over = p->skip < n ? (size_t)p->skip : n;
    p->skip -= over;
    p->scan->offset += over;
    memmove(piece, piece + over, n - over);
    return n - over;
}

static int read_all(struct pass *p, struct err *e)
{
    struct scan *s = p->scan;
    long n;
    while ((n = read_piece(p, s->block + p->held, e)) > 0) {
        size_t got = (size_t)n;
        if (p->skip > 0)
            got = pass_over(p, s->block + p->held, got);
        take_lines(p, got);
    }
    uint64_t rest = p->drop + p->held;
    if (n < 0 || rest == 0)
        return (int)n;
    if (s->leave_tail) {
        s->tail = rest;
        return 0;
    }
    s->half = true;
    take_line(p, s->block, p->held, 0);
    s->half = false;
    return 0;
}

static bool is_packed(int fd)
{
    unsigned char magic[2];
    return pread(fd, magic, sizeof magic, 0) == sizeof magic && magic[0] == 0x1f &&
           magic[1] == 0x8b;
}

static int read_packed_file(struct pass *p, struct err *e)
{
    p->packed = gzdopen(p->fd, "rb");
    if (p->packed == NULL)
        return err_set(e, -ENOMEM, "cannot read %s: no memory", p->path);
    p->fd = -1;
    (void)gzbuffer(p->packed, PIECE);
    int rc = read_all(p, e);
    (void)gzclose(p->packed);
    return rc;
}

/* Goes to s->from at once where the file is one that can: not in a pipe, not beyond the end. */
static void seek_from(struct pass *p)
{
    off_t size = lseek(p->fd, 0, SEEK_END);
    if (size < 0)
        return;
    off_t from = p->skip < (uint64_t)size ? (off_t)p->skip : size;
    if (lseek(p->fd, from, SEEK_SET) == from) {
        p->scan->offset = (uint64_t)from;
        p->skip = 0;
    }
}

int scan_file(struct scan *s, int fd, const char *path, struct err *e)
{
    struct pass p = {.scan = s, .path = path, .fd = fd, .skip = s->from};
    int rc;
    s->offset = s->tail = 0;
    (void)posix_fadvise(fd, 0, 0, POSIX_FADV_SEQUENTIAL);
    if (is_packed(fd)) {
        rc = read_packed_file(&p, e);
    } else {
        if (p.skip > 0)
            seek_from(&p);
        rc = read_all(&p, e);
    }
    fd_close(&p.fd);
    return rc;
}
