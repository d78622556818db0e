/*
 * The ETag of an upload in parts: the MD5 of the MD5s of its parts. How large they were is nowhere
 * said; of the sizes that give as many parts as the tag says, the likeliest is tried, and when it
 * does not fit all others side by side, from the first byte on.
 */
#ifndef SYNC_LOCAL_PARTSUM_H
#define SYNC_LOCAL_PARTSUM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "sync/local/md5.h"

enum {
    PARTSUM_FEEDS = 6,         /* sizes that are tried: each costs an MD5 */
    PARTSUM_PARTS_MAX = 10000, /* of an upload, as S3 has it */
};

/* Above it the bytes of parts that are summed side by side would be too far from each other. */
#define PARTSUM_SIDE_MAX ((int64_t)64 << 20)

/* One size of parts that may have been the upload's. */
struct partsum_track {
    int64_t part_size;
    int64_t left;  /* of the part */
    int64_t ended; /* parts */
    struct md5 part;
    struct md5 whole;
};

struct partsum {
    struct partsum_track tracks[PARTSUM_FEEDS];
    unsigned count;
    unsigned from; /* those from here to `to` are being tried */
    unsigned to;
    unsigned char likeliest[MD5_SIZE]; /* what the first gave, after the first partsum_end */
    int64_t parts;
    bool sure;                  /* the size of the parts is known */
    struct md5 side[MD5_LANES]; /* of parts that are summed side by side */
};

/* `told`: the size of the parts if it is known, or 0. false: no size gives so many parts. */
bool partsum_start(struct partsum *p, int64_t size, int64_t parts, int64_t told);
/* Whether one of those that are being tried gives the sum. */
bool partsum_end(struct partsum *p, const unsigned char *want);
/* On to the next, which want all bytes once more; false: there are none. */
bool partsum_go_on(struct partsum *p);

/* What is to go into one MD5: of a whole object, or part by part into a track's. */
struct partsum_feed {
    struct md5 *md5;
    struct partsum_track *track; /* NULL: a whole object */
    const unsigned char *data;
    size_t len;
};

/* What the next bytes are to p; up to PARTSUM_FEEDS. How many. */
size_t partsum_feeds(struct partsum *p, const void *data, size_t len, struct partsum_feed *feeds);
/* Adds them all side by side; up to MD5_LANES * PARTSUM_FEEDS. */
void partsum_feed_all(struct partsum_feed *feeds, size_t count);

/*
 * The sums of parts do not wait for each other, as those of bytes do: where one size is tried,
 * MD5_LANES parts that follow each other can be summed side by side.
 */
struct partsum_slice {
    const void *data;
    size_t len;
};
int64_t partsum_part_size(const struct partsum *p); /* 0: bytes in order only */
/* The next bytes of each of up to MD5_LANES parts; none of them in order until they have ended. */
void partsum_add_parts(struct partsum *p, const struct partsum_slice *slices, size_t count);
void partsum_end_parts(struct partsum *p, size_t count);

#endif
