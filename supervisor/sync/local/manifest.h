/*
 * What a version of the target is made of: per object the path, the ETag, the size, the time that
 * its file got, and whether that file is there. In the order of path_order, so that listing, index
 * and folder are read side by side and none is ever held in memory.
 *
 * The index of a version being built grows with the listing; `manifest_mark` tells that a file is
 * there. After a kill it says what need not be fetched again. With it an object that changed but
 * kept its size and even its time is seen, and a file that somebody touched is fetched again.
 *
 * Derived data: without it only sizes and times are compared.
 */
#ifndef SYNC_LOCAL_MANIFEST_H
#define SYNC_LOCAL_MANIFEST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/buf.h"
#include "base/err.h"

enum manifest_state {
    MANIFEST_WANTED = '?', /* is to be fetched; what is there must not be trusted */
    MANIFEST_THERE = '+',  /* was fetched into this version */
    MANIFEST_KEPT = '=',   /* is that of the version before: linked in the end */
};

struct manifest_entry {
    const char *path; /* borrowed until the next call, as is etag */
    const char *etag; /* NULL: none */
    int64_t size;
    int64_t mtime; /* of the file, ns since 1970 */
    enum manifest_state state;
    int64_t id; /* when reading: for manifest_mark */
};

/* --- reading, once, from the beginning to the end --- */

struct manifest_reader {
    int fd; /* owned; -1: there is no index */
    struct buf text;
    struct buf last; /* path of the entry before */
    size_t at;       /* in text */
    int64_t base;    /* where text begins in the file */
    struct manifest_entry entry;
    size_t count; /* of entries that were looked at */
    bool has_entry;
    bool end;
    bool exists;  /* there is one, so what it does not name was not fetched */
    bool foreign; /* of another source, or not to be understood: nothing there is to be trusted */
    bool durable; /* what it says survives a crash of the machine: see manifest_seal */
    bool current; /* the machine has not crashed since it was begun */
};

/*
 * Opens the index `name` in `folder`; -1: there is none. A missing one is empty. One that is
 * damaged half-way ends there and is then `foreign`; one that is cut off ends there.
 */
int manifest_open(struct manifest_reader *x, int folder, const char *name, const char *source,
                  struct err *e);
const struct manifest_entry *manifest_look(struct manifest_reader *x); /* NULL: no more */
void manifest_next(struct manifest_reader *x);
void manifest_close(struct manifest_reader *x);

/* --- writing --- */

struct manifest_writer {
    int fd; /* owned; -1: not open */
    struct buf text;
    int64_t written; /* bytes that are in the file */
    size_t count;
};

/* Makes the file anew. `mode` as open(2). */
int manifest_create(struct manifest_writer *x, int folder, const char *name, const char *source,
                    mode_t mode, struct err *e);
/* Appends; in *id a number for manifest_mark. Paths must come in order. */
int manifest_add(struct manifest_writer *x, const struct manifest_entry *entry, int64_t *id,
                 struct err *e);
/* The file of entry `id` is there now and has that time. Cheap: one write at its place. */
int manifest_mark(struct manifest_writer *x, int64_t id, enum manifest_state state, int64_t mtime,
                  struct err *e);
int manifest_flush(struct manifest_writer *x, struct err *e);
/* Reads along what is being written, from entry `id` on. */
int manifest_follow(struct manifest_reader *x, const struct manifest_writer *w, int64_t id,
                    struct err *e);
/* After manifest_look said that there is no more: there may be, the writer has flushed. */
void manifest_follow_on(struct manifest_reader *x);
/* What it says is on the disk, with the files, which the caller has flushed: true after a crash. */
int manifest_seal(struct manifest_writer *x, struct err *e);
void manifest_abandon(struct manifest_writer *x); /* closes; the file stays */

#endif
