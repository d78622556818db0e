/*
 * Texts that wait for somebody, in the order in which they came: files of a folder, mode 0600, or
 * memory where there is no folder or no room. A text is whole or not there, whenever its owner is
 * killed. Beyond the limits the oldest go; how many is counted, on disk too.
 */
#ifndef NET_OUTBOX_H
#define NET_OUTBOX_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/err.h"

enum {
    OUTBOX_TEXT_MAX = 1 << 20,   /* bytes of a text */
    OUTBOX_BYTES_MAX = 64 << 20, /* of all; the newest may be beyond it */
};

struct outbox_item {
    uint64_t id;
    char *text; /* owned; NULL: it is in a file */
    size_t len;
};

struct outbox {
    char *folder;              /* owned; NULL: memory only */
    struct outbox_item *items; /* owned; oldest first */
    size_t count;
    size_t limit;
    size_t bytes; /* of all texts */
    uint64_t next_id;
    bool held;        /* the oldest one is being delivered */
    uint64_t dropped; /* how many have gone that nobody was told of */
    uint64_t lost;    /* how many have gone since it was opened */
    int lock;         /* descriptor; -1 */
};

/*
 * Looks what waits in `folder` (made if need be; NULL: none), once no other process has it: of one
 * that ends, it waits for that. On failure the spool works, in memory, and e says why.
 */
int outbox_open(struct outbox *s, const char *folder, size_t limit, struct err *e);
/* One that works in memory tries again; what it has goes behind what waits there. */
bool outbox_retry(struct outbox *s, const char *folder);
void outbox_close(struct outbox *s); /* what is on disk stays there */

/* On failure it is kept in memory alone, and e says why. */
int outbox_add(struct outbox *s, const char *text, size_t len, struct err *e);

/*
 * 1: the oldest is in `out`, and held until outbox_done; 0: there is none; -errno: it cannot be
 * read for want of memory or descriptors. One that cannot be read for good counts as dropped.
 */
int outbox_first(struct outbox *s, struct buf *out, struct err *e);
void outbox_done(struct outbox *s, bool gone); /* not gone: it waits on */

/* Writes what is in memory alone into the folder, as far as there is room. How many stay so. */
size_t outbox_settle(struct outbox *s);

void outbox_lose(struct outbox *s, uint64_t count);    /* so many more have gone */
void outbox_forgive(struct outbox *s, uint64_t count); /* somebody was told of so many */

/* A note of the owner's beside the texts. Without a folder nothing is kept. */
int outbox_write_note(const struct outbox *s, const char *name, const struct buf *text,
                      struct err *e);
void outbox_read_note(const struct outbox *s, const char *name, struct buf *out);

#endif
