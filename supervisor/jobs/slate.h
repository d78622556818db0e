/*
 * A small file that outlives the machine and is written anew by one who may not wait for a disk:
 * fd_replace_file, and more. Where names reach the disk before contents, a power cut can leave the
 * file empty; so what it said a while ago, and what is on disk by now, stays beside it as FILE.old.
 */
#ifndef JOBS_SLATE_H
#define JOBS_SLATE_H

#include <stdint.h>

#include "base/buf.h"

enum {
    SLATE_SETTLED_S = 40,  /* after which a text is on disk: Linux writes after 30 */
    SLATE_OLD_MOST_S = 600 /* older than that FILE.old is not if the file changes all the time */
};

int slate_write(const char *path, const struct buf *text); /* nothing: it goes. 0 or -errno */
void slate_remove(const char *path);

/* What it said before, when the file is missing or empty, and when that was (s since 1970). */
int slate_read_old(const char *path, size_t limit, struct buf *out, int64_t *when);

#endif
