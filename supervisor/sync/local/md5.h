/*
 * MD5 (RFC 1321) of several inputs side by side in one thread. The steps of one sum wait for each
 * other, so that a core is mostly idle in it: four take half as long again as one. libcrypto, which
 * has all other sums (local/digest.c), can do but one at a time. It is what S3 calls an object by,
 * a sum of its bytes, and no seal.
 */
#ifndef SYNC_LOCAL_MD5_H
#define SYNC_LOCAL_MD5_H

#include <stddef.h>
#include <stdint.h>

enum { MD5_SIZE = 16, MD5_BLOCK = 64, MD5_LANES = 4 };

struct md5 {
    uint32_t state[4];
    uint64_t length; /* bytes so far; those behind the last whole block are in rest */
    unsigned char rest[MD5_BLOCK];
};

/* What comes next of one sum. */
struct md5_input {
    struct md5 *md5;
    const unsigned char *data; /* as len, where md5_add has moved it on */
    size_t len;
};

void md5_start(struct md5 *m);
/* All of all inputs, each of another sum; at best MD5_LANES of them with about as much data. */
void md5_add(struct md5_input *inputs, size_t count);
void md5_end(struct md5 *m, unsigned char *sum); /* MD5_SIZE bytes */

#endif
