/*
 * Names on the S3 side: the source as a person writes it, paths and queries as they go over the
 * wire, and what an error answer means for a person. Pure.
 */
#ifndef SYNC_S3_S3_H
#define SYNC_S3_S3_H

#include <stdbool.h>
#include <stddef.h>

#include "base/buf.h"
#include "base/err.h"
#include "sync/exit.h"

enum s3_style {
    S3_STYLE_AUTO,    /* path with an endpoint of one's own, virtual with AWS */
    S3_STYLE_PATH,    /* https://host/bucket/key */
    S3_STYLE_VIRTUAL, /* https://bucket.host/key */
};

struct s3_where {
    const char *source;   /* s3://bucket/prefix */
    const char *endpoint; /* NULL: AWS in that region */
    const char *region;
    enum s3_style style;
};

struct s3_place {
    char *origin; /* "https://host:port", all owned */
    char *host;   /* as the Host header has it: without the scheme's own port */
    char *base;   /* encoded path of the bucket: "" or "/bucket", after the endpoint's own path */
    char *bucket;
    char *prefix; /* "" or ends in a slash */
    char *region;
    bool aws; /* the host is Amazon's in that region */
};

/* Error answers, from <Error>; texts are cut to fit, "" when absent. */
struct s3_error {
    char code[64];
    char message[256];
    char region[64];
};

int s3_place_init(struct s3_place *p, const struct s3_where *w, struct err *e); /* 0 or -EINVAL */
void s3_place_close(struct s3_place *p);

/* The bucket is in another region: signs for it and, with AWS, asks its host. False: no name. */
bool s3_place_move(struct s3_place *p, const char *region);

/* "path?query" of one page of the listing; token NULL for the first. The query is canonical. */
char *s3_list_target(const struct s3_place *p, const char *token);

/* Path of an object, encoded once. */
char *s3_object_target(const struct s3_place *p, const char *key, size_t len);

/* Percent-encodes as SigV4 wants it: all but letters, digits, -._~ and, if asked, the slash. */
void s3_encode(struct buf *out, const char *text, size_t len, bool keep_slash);

/* Decodes %XX and + in place; false when it is malformed. *len is the length before and after. */
bool s3_decode(char *text, size_t *len);

/* The sentence and the kind of failure for an answer that is not 200; never SYNC_OK. */
enum sync_exit s3_explain(const struct s3_place *p, long status, const struct s3_error *error,
                          struct err *e);

/* Whether another try of the same request may succeed; and whether it should be a slower one. */
bool s3_is_transient(long status, const struct s3_error *error);
bool s3_is_throttling(long status, const struct s3_error *error);

/* Whether the keys were good once. */
bool s3_is_expired(const struct s3_error *error);

#endif
