/*
 * The source as a stream of files: the lister's objects without the prefix, without folder markers
 * and what the filter leaves out, in path_order, each with the fault of its name.
 *
 * An object that is the beginning of the names that follow is held back until it is clear whether
 * it is also their folder: a stack no deeper than a key is long.
 */
#ifndef SYNC_REMOTE_H
#define SYNC_REMOTE_H

#include <stdbool.h>
#include <stddef.h>

#include "sync/filter.h"
#include "sync/s3/lister.h"
#include "sync/s3/s3key.h"

struct remote_file {
    const char *path; /* relative to the target; borrowed until remote_next, as all */
    size_t path_len;  /* a faulty one may hold NUL bytes */
    const char *key;  /* with the prefix */
    size_t key_len;
    const char *etag; /* NULL: none */
    int64_t size;
    int64_t mtime;
    enum s3key_fault fault;
};

struct remote_held; /* one that is held back */

struct remote {
    struct lister *lister;
    const struct filter *filter;
    struct remote_held *held; /* owned; a stack, the longest name on top */
    size_t held_count;
    size_t held_room;
    bool popping; /* the top of the stack is what remote_look gives */
    size_t excluded;
    struct remote_file file;
};

void remote_init(struct remote *r, struct lister *l, const struct filter *f);
enum lister_state remote_look(struct remote *r, const struct remote_file **file);
void remote_next(struct remote *r);
void remote_close(struct remote *r);

#endif
