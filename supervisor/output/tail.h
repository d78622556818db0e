/*
 * Slices of log files by byte, as readProcessLog and tailProcessLog mean them. A slice may cut
 * a character in two; the answer's writer deals with that.
 */
#ifndef OUTPUT_TAIL_H
#define OUTPUT_TAIL_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/err.h"

/*
 * Appends to `out`, with S the size of the file:
 *   offset < 0, length 0    the last -offset bytes
 *   offset >= 0, length 0   from offset to the end
 *   offset >= 0, length > 0 at most length bytes from offset
 *   otherwise               -EINVAL
 * Of more than LIMIT_LOG_SLICE bytes the first two rows give the last ones (the front is cut), the
 * third the first ones (ask again from there). -ENOENT, -EACCES ...; -ESPIPE for what is no
 * regular file. On failure nothing is appended.
 */
int tail_read(const char *path, int64_t offset, int64_t length, struct buf *out, struct err *e);

/*
 * tailProcessLog: appends the last `length` bytes; *new_offset is S; *overflow says that S is
 * more than offset + length. Nothing new after offset: no bytes. On failure nothing is changed;
 * Supervisor answers it with ["", offset, false]: the caller's business.
 */
int tail_tail(const char *path, int64_t offset, int64_t length, struct buf *out,
              int64_t *new_offset, bool *overflow);

#endif
