/*
 * Objects into files: requests on one side (s3/wire.h), the writer on the other (local/writer.h).
 *
 * A small object is one GET into one chunk. A larger one is fetched in ranges of WRITER_PART bytes,
 * several at a time, each with the ETag that was listed, so that parts of two objects never mix.
 */
#ifndef SYNC_DOWNLOAD_H
#define SYNC_DOWNLOAD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "sync/exit.h"
#include "sync/local/writer.h"
#include "sync/remote.h"
#include "sync/s3/wire.h"

struct download; /* the machine */

struct download_result {
    int64_t id;         /* of download_add */
    enum sync_exit why; /* SYNC_OK: the file is there */
    int64_t mtime;      /* that it has */
    int64_t size;
    const char *key; /* borrowed during the call, as is key_len's text */
    size_t key_len;
    bool unverified; /* nothing said what the bytes must be */
};

struct download_options {
    struct wire *wire;
    const struct s3_place *place;
    unsigned concurrency;
    unsigned tries; /* for bytes that turn out to be wrong */
    void *ctx;
    void (*on_result)(void *ctx, const struct download_result *result, struct err *e);
    void (*on_bytes)(void *ctx, int64_t bytes); /* that came; negative: they count no more */
    void (*on_room)(void *ctx);                 /* download_add is possible again */
};

struct download *download_new(const struct download_options *o);
void download_set_writer(struct download *d, struct writer *w); /* before the first add */
bool download_has_room(const struct download *d);
void download_add(struct download *d, int64_t id, const struct remote_file *file); /* copies */
size_t download_active(const struct download *d);
/*
 * Some times a second: `waited`, percent, is the loop's share of the time that nothing came in. The
 * ranges of large objects begin as a few streams, and become more while the loop mostly waits: more
 * than it can serve only push each other out of the processor's caches.
 */
void download_widen(struct download *d, unsigned waited);
void download_resume(struct download *d);          /* the writer has chunks again */
void download_flush(struct download *d);           /* no more will come */
void download_stop(struct download *d, bool keep); /* drops all; no callback any more */
void download_free(struct download *d);            /* only when nothing is active */

#endif
