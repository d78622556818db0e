#include "sync/local/partsum.h"

#include <string.h>

// clang-format off
/* What uploads are cut into, the usual first. Of those of which as many as the tag says fit. */
static const int64_t part_sizes[] = {
    8 << 20,    /* aws-cli, boto, mainstay-sync */
    5 << 20,    /* rclone, the SDK for Go */
    16 << 20,   /* mc, the SDK for Java */
    15 << 20,   /* s3cmd */
    50 << 20,   /* s5cmd */
    17179870,   /* the console */
    10 << 20,
    64 << 20,
    100 << 20,
    128 << 20,
    32 << 20,
    20 << 20,
    25 << 20,
    256 << 20,
    512 << 20,
    1 << 30,
};
// clang-format on

// --- sizes ---------------------------------------------------------------------------------------

static void add_track(struct partsum *p, int64_t size, int64_t part_size)
{
    if (p->count == PARTSUM_FEEDS || part_size <= 0)
        return;
    const int64_t parts = size / part_size + (size % part_size != 0);
    if ((parts ? parts : 1) != p->parts)
        return;
    for (unsigned i = 0; i < p->count; i++) {
        if (p->tracks[i].part_size == part_size)
            return;
    }
    struct partsum_track *t = &p->tracks[p->count++];
    t->part_size = t->left = part_size;
    t->ended = 0;
    md5_start(&t->part);
    md5_start(&t->whole);
}

/* The usual, then as large as must be, which is done to stay below the most parts that may be. */
static void guess(struct partsum *p, int64_t size)
{
    const int64_t mib = 1 << 20;
    const int64_t least = size / p->parts + (size % p->parts != 0);
    for (size_t i = 0; i < sizeof part_sizes / sizeof *part_sizes; i++)
        add_track(p, size, part_sizes[i]);
    add_track(p, size, (least + mib - 1) / mib * mib);
    add_track(p, size, least);
}

static void start_side(struct partsum *p)
{
    for (size_t i = 0; i < MD5_LANES; i++)
        md5_start(&p->side[i]);
}

bool partsum_start(struct partsum *p, int64_t size, int64_t parts, int64_t told)
{
    p->count = p->from = 0;
    p->parts = parts;
    add_track(p, size, told);
    if (p->count == 0 && parts == 1)
        add_track(p, size, size > 0 ? size : 1);
    p->sure = p->count > 0;
    if (!p->sure)
        guess(p, size);
    p->to = 1;
    start_side(p);
    return p->count > 0;
}

bool partsum_go_on(struct partsum *p)
{
    p->from = p->to;
    p->to = p->count;
    return p->from < p->to;
}

// --- bytes ---------------------------------------------------------------------------------------

static void add_sum(struct partsum_track *t, struct md5 *part)
{
    unsigned char sum[MD5_SIZE];
    md5_end(part, sum);
    struct md5_input in = {.md5 = &t->whole, .data = sum, .len = sizeof sum};
    md5_add(&in, 1);
    t->ended++;
}

static void end_part(struct partsum_track *t)
{
    add_sum(t, &t->part);
    md5_start(&t->part);
    t->left = t->part_size;
}

size_t partsum_feeds(struct partsum *p, const void *data, size_t len, struct partsum_feed *feeds)
{
    size_t n = 0;
    for (unsigned i = p->from; i < p->to; i++)
        feeds[n++] = (struct partsum_feed){&p->tracks[i].part, &p->tracks[i], data, len};
    return n;
}

/* The next of it that belongs together. */
static struct md5_input feed_take(struct partsum_feed *f)
{
    size_t len = f->len;
    if (f->track && (int64_t)len > f->track->left)
        len = (size_t)f->track->left;
    const struct md5_input in = {.md5 = f->md5, .data = f->data, .len = len};
    f->data += len;
    f->len -= len;
    if (f->track)
        f->track->left -= (int64_t)len;
    return in;
}

void partsum_feed_all(struct partsum_feed *feeds, size_t count)
{
    for (;;) {
        struct md5_input inputs[MD5_LANES * PARTSUM_FEEDS];
        size_t n = 0;
        for (size_t i = 0; i < count; i++) {
            if (feeds[i].len > 0)
                inputs[n++] = feed_take(&feeds[i]);
        }
        if (n == 0)
            return;
        md5_add(inputs, n);
        for (size_t i = 0; i < count; i++) {
            if (feeds[i].track && feeds[i].track->left == 0)
                end_part(feeds[i].track);
        }
    }
}

int64_t partsum_part_size(const struct partsum *p)
{
    const struct partsum_track *t = &p->tracks[0];
    const bool one = p->from == 0 && p->parts > 1 && t->left == t->part_size;
    return one && t->part_size <= PARTSUM_SIDE_MAX ? t->part_size : 0;
}

void partsum_add_parts(struct partsum *p, const struct partsum_slice *slices, size_t count)
{
    struct md5_input inputs[MD5_LANES];
    for (size_t i = 0; i < count; i++)
        inputs[i] = (struct md5_input){&p->side[i], slices[i].data, slices[i].len};
    md5_add(inputs, count);
}

void partsum_end_parts(struct partsum *p, size_t count)
{
    for (size_t i = 0; i < count; i++)
        add_sum(&p->tracks[0], &p->side[i]);
    start_side(p);
}

bool partsum_end(struct partsum *p, const unsigned char *want)
{
    bool same = false;
    for (unsigned i = p->from; i < p->to; i++) {
        struct partsum_track *t = &p->tracks[i];
        unsigned char sum[MD5_SIZE];
        if (t->left < t->part_size || t->ended == 0)
            end_part(t);
        md5_end(&t->whole, sum);
        same = same || memcmp(sum, want, sizeof sum) == 0;
        if (i == 0)
            memcpy(p->likeliest, sum, sizeof sum);
    }
    return same;
}
