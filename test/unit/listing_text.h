/* Pages of listings, as servers write them. */
#ifndef TEST_LISTING_TEXT_H
#define TEST_LISTING_TEXT_H

#include "base/buf.h"
#include "sync/s3/s3.h"

static inline void listing_open(struct buf *b)
{
    buf_clear(b);
    buf_text(b, "<ListBucketResult><EncodingType>url</EncodingType>");
}

static inline void listing_object(struct buf *b, const char *key, size_t len, long size)
{
    buf_text(b, "<Contents><Key>");
    s3_encode(b, key, len, true);
    buf_printf(b,
               "</Key><LastModified>2024-05-01T00:00:00.000Z</LastModified><Size>%ld</Size>"
               "<ETag>\"e%ld\"</ETag></Contents>",
               size, size);
}

/* token NULL: the last page */
static inline void listing_end(struct buf *b, const char *token)
{
    buf_printf(b, "<IsTruncated>%s</IsTruncated>", token ? "true" : "false");
    if (token)
        buf_printf(b, "<NextContinuationToken>%s</NextContinuationToken>", token);
    buf_text(b, "</ListBucketResult>");
}

#endif
