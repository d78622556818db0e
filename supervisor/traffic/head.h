/*
 * How a log file begins: what it is known by when its name or inode is another one, after a
 * rotation, a compression or a copy. Of a compressed file it is what is in it.
 */
#ifndef TRAFFIC_HEAD_H
#define TRAFFIC_HEAD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

enum { HEAD_MAX = 4096 };

struct head {
    unsigned char bytes[HEAD_MAX];
    size_t len;
    bool compressed;
};

/* Reads it; the file's position stays. `path` is for the sentence. */
int head_read(struct head *h, int fd, const char *path, struct err *e);

/* A sum of the first `len` bytes, at most h->len. */
uint64_t head_sum(const struct head *h, size_t len);

#endif
