/* File descriptors and whole files. Every descriptor made here has O_CLOEXEC. */
#ifndef BASE_FD_H
#define BASE_FD_H

#include <stddef.h>
#include <sys/types.h>

#include "base/buf.h"
#include "base/err.h"

void fd_close(int *fd); /* closes unless negative, then sets it to -1 */
int fd_nonblock(int fd);
int fd_write_all(int fd, const void *data, size_t len);            /* blocking; 0 or -errno */
int fd_pwrite_all(int fd, const void *data, size_t len, off_t at); /* the same, at a place */

/* Reads a whole file of at most `limit` bytes; -EFBIG above it. Appends to `out`. */
int fd_read_file(const char *path, size_t limit, struct buf *out, struct err *e);

/*
 * Writes a file so that a reader sees the old or the new content, never a mixture: a temporary
 * name in the same folder, fsync, rename, fsync of the folder. `mode` is exact (no umask).
 */
int fd_write_file(const char *path, const void *data, size_t len, mode_t mode, struct err *e);

/* The same, to be read by its owner alone, for whoever may not wait for a disk: the content is sent
 * on its way, and the power may fail for some seconds yet (jobs/slate.h: for what must survive
 * that). The temporary name is always PATH.new. 0 or -errno. */
int fd_replace_file(const char *path, const void *data, size_t len);

#endif
