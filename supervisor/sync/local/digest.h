/*
 * Whether bytes are those that were stored: by an ETag that is an MD5 sum, or the sum of the sums
 * of parts, or by one of the checksums of x-amz-checksum-*: the home of SHA and CRC.
 *
 * The size of the parts of a multipart upload is nowhere said: the likeliest is tried, then the
 * other likely ones side by side, and a mismatch is then only a guess.
 */
#ifndef SYNC_LOCAL_DIGEST_H
#define SYNC_LOCAL_DIGEST_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/err.h"
#include "sync/local/md5.h"
#include "sync/local/partsum.h"

enum digest_verdict {
    DIGEST_NOTHING, /* there was nothing to compare with */
    DIGEST_SAME,
    DIGEST_OTHER,
    DIGEST_DOUBTFUL, /* no size of parts that was tried gives the ETag */
    DIGEST_AGAIN,    /* it may yet be the same: add all bytes once more, from the beginning */
};

struct digest_expect {
    const char *etag;     /* with quotes; NULL: none, or it says nothing of the bytes */
    const char *checksum; /* "crc32c:BASE64", "" or NULL: none; wins over the tag */
    int64_t size;         /* of the object */
    int64_t part_size;    /* of the upload, where it is known; 0: not */
};

struct digest;

struct digest *
digest_new(const struct digest_expect *x); /* copies; NULL: nothing to compare with */
/* The same in two steps, for many in turn: what is allocated serves the next. */
struct digest *digest_idle(void);
bool digest_start(struct digest *d, const struct digest_expect *x); /* false: nothing to compare */
void digest_add(struct digest *d, const void *data, size_t len); /* in order, from the beginning */

struct digest_input {
    struct digest *digest;
    const void *data;
    size_t len;
};
/* The same for up to MD5_LANES, each another digest: faster than one after the other. */
void digest_add_each(const struct digest_input *inputs, size_t count);

/*
 * Faster yet, where parts of one object can be added side by side: from a multiple of their size
 * on, up to MD5_LANES that follow each other. In any steps, then the end of all of them.
 */
int64_t digest_part_size(const struct digest *d); /* 0: bytes in order only */
void digest_add_parts(struct digest *d, const struct partsum_slice *slices, size_t count);
void digest_end_parts(struct digest *d, size_t count);

/* `sum` (64 bytes, may be NULL) gets a text that is equal for equal bytes. */
enum digest_verdict digest_end(struct digest *d, char *sum);
void digest_free(struct digest *d);

/* For uploads and --checksum: of a file, from offset; hex and base64 as the protocol wants them. */
struct digest_sums {
    unsigned char md5[MD5_SIZE];
    unsigned char sha256[32];
};
/* -EIO when the file is shorter, -ENOTSUP when libcrypto does not do SHA-256. */
int digest_file(int fd, int64_t offset, int64_t length, bool with_sha256, struct digest_sums *out);
void digest_md5(const void *data, size_t len, unsigned char *md5); /* MD5_SIZE bytes */
/* Whether the file is what the tag says; false, too, when it cannot be read or `stop` is set. */
bool digest_matches(int fd, int64_t size, const char *etag, const atomic_bool *stop);
void digest_hex(const unsigned char *data, size_t len, char *text); /* 2 * len + 1 bytes */
void digest_base64(struct buf *out, const unsigned char *data, size_t len);

#endif
