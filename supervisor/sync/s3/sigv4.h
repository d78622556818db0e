/*
 * Signatures of AWS, version 4, for S3: a home of libcrypto.
 *
 * The signer takes path and query exactly as they go over the wire: encoded once, parameters
 * sorted by name and always name=value. It derives the key of a day once and keeps it.
 */
#ifndef SYNC_S3_SIGV4_H
#define SYNC_S3_SIGV4_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"

enum { SIGV4_HASH = 32, SIGV4_TIME_SIZE = 17 };

#define SIGV4_UNSIGNED "UNSIGNED-PAYLOAD"

struct sigv4 {
    const char *access_key; /* borrowed, as are the next two */
    const char *secret;
    const char *region;
    const char *service; /* NULL: "s3" */
    char day[9];         /* of `key`; "" before the first signature */
    unsigned char key[SIGV4_HASH];
    void *digest; /* libcrypto's, as is the next, of the first signature on; owned, as is text */
    void *context;
    struct buf text; /* what is hashed; its memory is kept */
};

struct sigv4_header {
    const char *name; /* lower case */
    const char *value;
};

struct sigv4_request {
    const char *method;
    const char *path;
    const char *query;                  /* "" when there is none */
    const struct sigv4_header *headers; /* all that are signed, sorted by name */
    size_t header_count;
    const char *payload; /* hash of the body in hex, or SIGV4_UNSIGNED */
    const char *time;    /* as sigv4_time writes it */
};

/* "20130524T000000Z" for seconds since 1970; `text` holds SIGV4_TIME_SIZE bytes. */
void sigv4_time(int64_t now, char *text);

/* Appends the value of the Authorization header. */
void sigv4_sign(struct sigv4 *s, const struct sigv4_request *r, struct buf *out);

/* The hash of a body, for sigv4_request.payload; hex holds 2 * SIGV4_HASH + 1 bytes. */
void sigv4_hash(const void *data, size_t len, char *hex);

/* Forgets the derived key and frees what the first signature made; usable again. */
void sigv4_close(struct sigv4 *s);

#endif
