#include "traffic/head.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>
#include <zlib.h>

/* What does not compress is a little longer when compressed. */
enum { RAW_MAX = 2 * HEAD_MAX };

/* FNV-1a: nobody gains by making two logs begin alike */
uint64_t head_sum(const struct head *h, size_t len)
{
    uint64_t sum = 14695981039346656037ULL;
    for (size_t i = 0; i < len && i < h->len; i++)
        sum = (sum ^ h->bytes[i]) * 1099511628211ULL;
    return sum;
}

static int read_at(int fd, void *bytes, size_t size, const char *path, size_t *len, struct err *e)
{
    *len = 0;
    while (*len < size) {
        ssize_t n = pread(fd, (char *)bytes + *len, size - *len, (off_t)*len);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return err_set(e, -errno, "cannot read %s: %s", path, strerror(errno));
        if (n == 0)
            break;
        *len += (size_t)n;
    }
    return 0;
}

/* What the first compressed bytes hold; a damaged file has less, and whoever reads it will say. */
static size_t inflate_head(const unsigned char *in, size_t len, unsigned char *out)
{
    z_stream z = {0};
    unsigned char copy[RAW_MAX];
    memcpy(copy, in, len);
    z.next_in = copy;
    z.avail_in = (unsigned)len;
    z.next_out = out;
    z.avail_out = HEAD_MAX;
    int rc = inflateInit2(&z, 15 + 16);
    if (rc != Z_OK)
        return 0;
    while (z.avail_in > 0 && z.avail_out > 0) {
        rc = inflate(&z, Z_SYNC_FLUSH);
        if (rc == Z_STREAM_END)
            rc = inflateReset(&z); /* the next member */
        if (rc != Z_OK)
            break;
    }
    (void)inflateEnd(&z);
    return HEAD_MAX - z.avail_out;
}

int head_read(struct head *h, int fd, const char *path, struct err *e)
{
    unsigned char raw[RAW_MAX];
    size_t len;
    int rc = read_at(fd, raw, sizeof raw, path, &len, e);
    if (rc < 0)
        return rc;
    h->compressed = len >= 2 && raw[0] == 0x1f && raw[1] == 0x8b;
    if (h->compressed) {
        h->len = inflate_head(raw, len, h->bytes);
    } else {
        h->len = len < HEAD_MAX ? len : HEAD_MAX;
        memcpy(h->bytes, raw, h->len);
    }
    return 0;
}
