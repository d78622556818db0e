/*
 * What has been read of each log file, so that the next run goes on from there.
 *
 * A file is known by its inode, as long as it still begins as it did and has not become shorter;
 * one with another inode (compressed, copied and truncated, moved to another disk) by how it
 * begins, if no file that is there has that place in the book already. What was truncated, and an
 * inode that is used again, is a new file. Pure: it is told what the files look like.
 */
#ifndef TRAFFIC_LEDGER_H
#define TRAFFIC_LEDGER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "traffic/head.h"
#include "traffic/record.h"
#include "traffic/rotated.h"

struct ledger_entry {
    char *log; /* owned; the path that was given for the log */
    uint64_t device;
    uint64_t inode;
    int64_t size; /* of the file, and when it was written, after it was read */
    int64_t written_ns;
    uint64_t offset;   /* bytes of text that were counted; whole lines */
    uint64_t head_len; /* how it begins: the sum of so many bytes, at most HEAD_MAX */
    uint64_t head_sum;
    int32_t day;                  /* of the last line that had one; DAY_NONE */
    uint64_t pending[LINE_KINDS]; /* malformed lines, while none has had a day */
    bool half;                    /* a last line without its end stands behind the offset */
    bool claimed;                 /* not saved: a file that is there is this one */
    bool rotated;                 /* not saved: and it is not the log itself */
};

struct ledger {
    struct ledger_entry *items; /* owned */
    size_t count;
};

void ledger_init(struct ledger *l);
void ledger_close(struct ledger *l);

/* The one that has the file's inode and still is that file, now claimed; or NULL. */
struct ledger_entry *ledger_same(struct ledger *l, const struct log_file *f, const struct head *h);

/* One of the same log that begins as the file does and was read no further than the file goes: an
 * unclaimed one, which is now claimed; or NULL. To be asked when ledger_same has had all files. */
struct ledger_entry *ledger_moved(struct ledger *l, const struct log_file *f, const struct head *h);

/* Whether a rotated file nobody knows is a copy of the log, which is about to be truncated. */
bool ledger_is_copy(const struct ledger *l, const struct log_file *f, const struct head *h);

/* The day that its last line, or what is pending, belongs to: at worst that of the file itself. */
int32_t ledger_day(const struct ledger_entry *entry);

/* How many lines of that kind it has that may still turn out to be of another kind or day. */
uint64_t ledger_loose(const struct ledger_entry *entry, enum line_kind kind);

/* A new entry for it, claimed. Pointers to others are no longer valid. */
struct ledger_entry *ledger_add(struct ledger *l, const struct log_file *f);

/* Whether nothing can have been written to the file since. */
bool ledger_is_settled(const struct ledger_entry *entry, const struct log_file *f);

/* After the file was read: what it is known by. */
void ledger_note(struct ledger_entry *entry, const struct log_file *f, const struct head *h);

/* Forgets what no file has claimed, or nothing was read of. */
void ledger_sweep(struct ledger *l);

#endif
