#include "traffic/scan.h"

#include <errno.h>
#include <stdbool.h>
#include <string.h>
#include <zlib.h>

#include "base/fd.h"
#include "base/mem.h"

enum { BLOCK_SIZE = SCAN_LINE_MAX + 1 };

/* One file being read: what of the block is filled, and whether a long line is being dropped. */
struct pass {
    size_t held;
    bool dropping;
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

static void take_line(struct scan *s, struct pass *p, const char *line, size_t len)
{
    s->lines++;
    if (p->dropping)
        s->too_long++;
    else
        s->line(s->ctx, line, len);
    p->dropping = false;
}

/* Hands over the whole lines in the block and moves the rest to its front. */
static void take_lines(struct scan *s, struct pass *p)
{
    const char *at = s->block;
    const char *end = s->block + p->held;
    const char *newline;
    while ((newline = memchr(at, '\n', (size_t)(end - at))) != NULL) {
        take_line(s, p, at, (size_t)(newline - at));
        at = newline + 1;
    }
    p->held = (size_t)(end - at);
    if (p->held == BLOCK_SIZE) {
        p->dropping = true;
        p->held = 0;
    }
    memmove(s->block, at, p->held);
}

static int read_error(gzFile in, const char *path, struct err *e)
{
    int code = Z_OK;
    const char *text = gzerror(in, &code);
    if (code == Z_ERRNO) {
        int saved = errno != 0 ? errno : EIO;
        return err_set(e, -saved, "cannot read %s: %s", path, strerror(saved));
    }
    if (code == Z_BUF_ERROR)
        return err_set(e, -EIO, "cannot read %s: the compressed data ends early", path);
    return err_set(e, -EIO, "cannot read %s: the compressed data is damaged (%s)", path, text);
}

static int read_all(struct scan *s, gzFile in, const char *path, struct err *e)
{
    struct pass p = {0};
    for (;;) {
        errno = 0;
        int n = gzread(in, s->block + p.held, (unsigned)(BLOCK_SIZE - p.held));
        int code = Z_OK;
        (void)gzerror(in, &code);
        /* a file cut inside a member gives its bytes first and says so in gzerror only */
        if (n < 0 || code == Z_BUF_ERROR)
            return read_error(in, path, e);
        if (n == 0)
            break;
        p.held += (size_t)n;
        take_lines(s, &p);
    }
    if (p.held > 0 || p.dropping)
        take_line(s, &p, s->block, p.held);
    return 0;
}

int scan_file(struct scan *s, int fd, const char *path, struct err *e)
{
    gzFile in = gzdopen(fd, "rb");
    if (in == NULL) {
        fd_close(&fd);
        return err_set(e, -ENOMEM, "cannot read %s: no memory", path);
    }
    (void)gzbuffer(in, 128 * 1024);
    int rc = read_all(s, in, path, e);
    (void)gzclose(in);
    return rc;
}
