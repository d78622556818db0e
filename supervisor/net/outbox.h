/*
 * Texts that wait for somebody, in the order in which they came: files of a folder, mode 0600, or
 * memory where there is no folder. A text is whole or not there, whenever its owner is killed.
 * Beyond the limit the oldest go; how many is counted, on disk too.
 */
#ifndef NET_OUTBOX_H
#define NET_OUTBOX_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/err.h"

enum { OUTBOX_TEXT_MAX = 1024 * 1024 }; /* bytes of a text */

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
    uint64_t next_id;
    uint64_t held;    /* id of the oldest one while it is being delivered; 0: none is */
    uint64_t dropped; /* how many have gone that nobody was told of */
    int lock;         /* descriptor; -1 */
};

/*
 * Looks what waits in `folder` (made if need be; NULL: none), once no other process has it, which
 * may take as long as that one lives. On failure the spool works, in memory, and e says why.
 */
int outbox_open(struct outbox *s, const char *folder, size_t limit, struct err *e);
void outbox_close(struct outbox *s); /* what is on disk stays there */

/* On failure it is kept in memory alone, and e says why. */
int outbox_add(struct outbox *s, const char *text, size_t len, struct err *e);

/* The oldest into `out`, and its id, which is held until outbox_done; 0: there is none. */
uint64_t outbox_first(struct outbox *s, struct buf *out);
void outbox_done(struct outbox *s, uint64_t id, bool gone); /* not gone: it waits on */

void outbox_forgive(struct outbox *s); /* dropped is 0 from now on */

/* A note of the owner's beside the texts. Without a folder nothing is kept. */
int outbox_write_note(const struct outbox *s, const char *name, const struct buf *text,
                      struct err *e);
void outbox_read_note(const struct outbox *s, const char *name, struct buf *out);

#endif
