/*
 * Objects becoming files, on the work queue: the loop hands over bytes, threads write, verify,
 * set the time and give the file its name. Nothing of a file is visible under its name before all
 * of it is there, verified and (in place) on the disk.
 *
 * Bytes travel in chunks from one pool, which bounds the memory; when it is empty the network has
 * to wait (on_room). Files that fit into one chunk are written in batches, many to a thread's turn;
 * in place they share a flush. Larger ones are preallocated and written wherever their ranges
 * arrive; how far they are is kept behind their last byte (local/partial.h), so that a killed run's
 * parts are not fetched again. What is compared with their sum is what was written, read back.
 */
#ifndef SYNC_LOCAL_WRITER_H
#define SYNC_LOCAL_WRITER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <uv.h>

#include "base/err.h"
#include "sync/local/digest.h"
#include "sync/local/release.h"

enum { WRITER_CHUNK = 128 << 10, WRITER_CHUNKS = 48, WRITER_PART = 8 << 20 };

struct writer;

struct chunk {
    struct writer_slot *slot; /* the pool's */
    int64_t offset;           /* in the file */
    size_t len;
    char data[WRITER_CHUNK];
};

/* One file, embedded in what fetches it, which must stay until on_done. */
struct writer_file {
    const char *path; /* relative; borrowed until on_done, as all texts */
    int64_t size;
    int64_t mtime; /* to be set; what the file system made of it once on_done has come */
    const char *etag;
    bool opaque_etag;
    char checksum[128]; /* of the answer's head; may be filled in until writer_finish */
    int64_t part_size;  /* of the upload, if known */
    void *ctx;
    /*
     * Large files: open, preallocated; `parts` says what need not be fetched. With rc < 0 it was
     * all, and on_done does not come. Sentences do not name the file: the owner does.
     */
    void (*on_open)(struct writer_file *f, int rc, struct err *e);
    /*
     * Exactly once, unless dropped: the file has its name, or rc is -errno with a sentence. When
     * a write fails it comes before writer_finish. `sum` is "" when nothing was verified.
     * -EBADMSG: the bytes are not those of the object; `sum` tells what they are, and `doubtful`
     * that this was a guess. Left in place for the next try, the same bytes are then believed.
     */
    void (*on_done)(struct writer_file *f, int rc, struct err *e);

    unsigned char
        *parts; /* one byte per WRITER_PART bytes: 1 is there; the writer's, as all below */
    size_t part_count;
    char sum[64];
    bool doubtful;
    struct writer_large *large;
};

/* Keeps a descriptor of its own of what it needs of `release`, which must have begun. */
struct writer *writer_new(uv_loop_t *loop, const struct release *release, void *ctx,
                          void (*on_room)(void *ctx));
void writer_close(struct writer *w, void (*on_closed)(void *ctx)); /* on_closed: or NULL */

struct chunk *writer_chunk(struct writer *w); /* NULL: on_room will tell */
void writer_give_back(struct writer *w, struct chunk *c);

/* A whole small file in one chunk (its len is the size). Takes the chunk. */
void writer_put(struct writer *w, struct writer_file *f, struct chunk *c);

/*
 * A larger file: open, write the chunks (taken) in any order, tell of whole parts, finish. No
 * chunk may reach from one part into the next.
 */
void writer_open(struct writer *w, struct writer_file *f);
void writer_write(struct writer *w, struct writer_file *f, struct chunk *c);
void writer_part(struct writer *w, struct writer_file *f,
                 size_t part); /* all its chunks are given */
void writer_part_again(struct writer *w, struct writer_file *f,
                       size_t part); /* a try failed: forget */
void writer_finish(struct writer *w, struct writer_file *f);
/* No callback any more. `keep` leaves what is there for the next run. */
void writer_drop(struct writer *w, struct writer_file *f, bool keep);

/* What was put goes to its place now, not with the next batch. */
void writer_flush(struct writer *w);

#endif
