/* Base64 (RFC 4648, section 4), for passwords in HTTP headers and for XML-RPC. Pure. */
#ifndef BASE_BASE64_H
#define BASE_BASE64_H

#include <stddef.h>

#include "base/buf.h"

void base64_encode(struct buf *out, const void *data, size_t len);

/* White space is skipped, padding may be missing. 0, or -EINVAL and `out` is as it was. */
int base64_decode(struct buf *out, const char *text, size_t len);

#endif
