/*
 * A folder, or one file, into a prefix: what the source is made of beside what is there, in one
 * order (merge.h), then what is to go.
 *
 * A file is sent when its size differs from the object's, when it is newer, or when it was touched
 * since and its bytes are others. Nothing is deleted before every file is there and both sides were
 * read to their ends.
 */
#ifndef SYNC_PUSH_H
#define SYNC_PUSH_H

#include <stdbool.h>

#include "base/err.h"
#include "sync/arguments.h"
#include "sync/exit.h"
#include "sync/local/walk.h"
#include "sync/remote.h"
#include "sync/report.h"

enum sync_exit push_run(const struct arguments *o, struct report *r, struct err *e);

enum push_do {
    PUSH_KEEP,
    PUSH_SEND,
    PUSH_CHECK, /* sent unless its bytes are those of the object */
    PUSH_DELETE,
    PUSH_SKIP, /* no regular file, or no name for a key: reported */
    PUSH_PASS, /* a folder; left out by the filter; an object that stays */
};

/* What is to be done with one path; either side may be NULL. Pure. */
enum push_do push_decide(const struct arguments *o, const struct remote_file *remote,
                         const struct walk_entry *local);

/* UTF-8, and not too long: the whole of it, with the prefix. Pure. */
bool push_is_key(const char *key);

/* The key of the one file `name`: that of the target, or in it where it ends in a slash. Pure. */
char *push_single_key(const char *target, const char *name); /* the caller's */

#endif
