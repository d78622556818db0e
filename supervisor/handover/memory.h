/*
 * A text in memory that another process is given as a descriptor: sealed, so that nobody can
 * change it. It is on no disk, and gone with its last holder.
 */
#ifndef HANDOVER_MEMORY_H
#define HANDOVER_MEMORY_H

#include "base/buf.h"
#include "base/err.h"

int memory_new(const char *name, const struct buf *text, struct err *e); /* the fd, or -errno */

/* Appends what is in it. -EINVAL when it is no sealed memory. */
int memory_read(int fd, struct buf *out, struct err *e);

#endif
