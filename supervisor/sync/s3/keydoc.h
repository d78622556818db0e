/*
 * Keys as programs and metadata services hand them out: JSON texts, and times in them. Pure.
 */
#ifndef SYNC_S3_KEYDOC_H
#define SYNC_S3_KEYDOC_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/err.h"
#include "sync/s3/creds.h"

/*
 * Fills access_key, secret, token ("Token" or "SessionToken") and expires of an empty c. -EPROTO:
 * it is no such text, -ENOKEY: it says that there are none and why; the sentence begins with
 * `from`. Nothing of a key is in it.
 */
int keydoc_read(const char *text, size_t len, const char *from, struct creds *c, struct err *e);

/* A whole number of such a text. */
bool keydoc_number(const char *text, size_t len, const char *name, int64_t *out);

/*
 * What a service says instead of keys, from {"code":...,"message":...}, cleaned for a person;
 * appends nothing when it is something else.
 */
void keydoc_complaint(const char *text, size_t len, struct buf *out);

/* 2024-05-01T00:00:00Z, with a fraction and an offset if need be, in seconds since 1970. */
bool keydoc_time(const char *text, int64_t *out);

/* Appends a server's words: blanks and control bytes as one blank each, cut at 300 bytes. */
void keydoc_words(struct buf *out, const char *text);

#endif
