/*
 * Encryption by the server: the headers that ask for it.
 *
 * With keys of the server (SSE-S3, SSE-KMS) only what stores an object says so; with a key of ours
 * (SSE-C) every request to an object carries it. The key comes from a file, never from the command
 * line, and is wiped.
 */
#ifndef SYNC_S3_SSE_H
#define SYNC_S3_SSE_H

#include "base/err.h"
#include "sync/s3/wire.h"

struct sse_query {
    const char *how;        /* "AES256", "aws:kms", ...; NULL: the bucket decides */
    const char *kms_key_id; /* or NULL */
    const char *key_file;   /* of SSE-C, or NULL */
};

struct sse {
    struct wire_header object[4]; /* for every request to an object; ends with name NULL, as all */
    struct wire_header store[4];  /* for those that store one, too */
    char *key;                    /* in base64, as its sum; owned */
    char *key_md5;
};

/* -EINVAL when the file holds no key or others may read it, another -errno. Borrows the texts. */
int sse_init(struct sse *s, const struct sse_query *q, struct err *e);
/* Whether our own key may go to that server; -EPERM: others could read it on its way. */
int sse_allows(const struct sse *s, const char *origin, struct err *e);
void sse_close(struct sse *s);

#endif
