/*
 * Files into objects: each is hashed on the work queue, then sent; the server checks what it gets
 * by Content-MD5, and its ETag is compared.
 *
 * A small file is one PUT. A larger one goes up in parts, several at a time; nothing is to be seen
 * of it before the last step, and when it fails the parts that were sent are given up.
 */
#ifndef SYNC_UPLOAD_H
#define SYNC_UPLOAD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <uv.h>

#include "base/err.h"
#include "sync/exit.h"
#include "sync/local/tree.h"
#include "sync/s3/wire.h"

enum { UPLOAD_PART = 8 << 20, UPLOAD_PARTS_AHEAD = 4, UPLOAD_PARTS_MAX = 10000 };

struct upload; /* the machine */

struct upload_result {
    enum sync_exit why; /* SYNC_OK: the object is there */
    bool unchanged;     /* it was compared, and is the object */
    int64_t size;
    const char *path; /* borrowed during the call */
};

struct upload_options {
    struct wire *wire;
    const struct s3_place *place;
    struct tree *tree;                 /* where the files are; borrowed, used on the loop only */
    unsigned concurrency;              /* files at a time */
    unsigned tries;                    /* for a file that is changed while it is read */
    bool sign_payload;                 /* no TLS: the signature covers the body, too */
    const struct wire_header *headers; /* for new objects (encryption); name NULL ends it */
    void *ctx;
    void (*on_result)(void *ctx, const struct upload_result *result, struct err *e);
    void (*on_bytes)(void *ctx, int64_t bytes); /* that were sent; negative: they count no more */
    void (*on_room)(void *ctx);
};

struct upload *upload_new(uv_loop_t *loop, const struct upload_options *o);
bool upload_has_room(const struct upload *u);
/*
 * The file `path` becomes the object `key` (with the prefix). With `etag` (may be NULL), of the
 * object that is there, it is sent only if its bytes are others. All texts are copied.
 */
void upload_add(struct upload *u, const char *path, const char *key, const char *etag);
size_t upload_active(const struct upload *u);
/* Takes nothing more and drops what is on its way; on_stopped comes when nothing is left. */
void upload_stop(struct upload *u, void (*on_stopped)(void *ctx));
void upload_free(struct upload *u); /* only when nothing is active; NULL is fine */

/* "text/html" for "a/b.html"; "application/octet-stream" for what is not known. Pure. */
const char *upload_content_type(const char *path);

/* Bytes of each part but the last; 0: it goes in one. Pure. */
int64_t upload_part_size(int64_t size);

#endif
