/* The head of an answer, header line by header line. Pure. */
#ifndef SYNC_S3_WIRE_REPLY_H
#define SYNC_S3_WIRE_REPLY_H

#include <stddef.h>
#include <stdint.h>

#include "sync/s3/wire.h"

struct wire_reply {
    struct wire_answer answer;
    int64_t range_last; /* of Content-Range, or -1 */
    char region[64];    /* that the server names for the bucket */
    char date[40];      /* by the server's clock */
};

void wire_reply_clear(struct wire_reply *r); /* keeps the memory of the body */

/* A status line begins anew: what stands before it was of another answer (100, a proxy's). */
void wire_reply_line(struct wire_reply *r, const char *line, size_t len);

#endif
