/*
 * Keys of objects as relative file names. Pure. A key that would leave the target, or that two
 * file systems would read differently, is never bent into shape: it is a fault and is reported.
 */
#ifndef SYNC_S3_S3KEY_H
#define SYNC_S3_S3KEY_H

#include <stdbool.h>
#include <stddef.h>

#include "base/buf.h"

enum s3key_fault {
    KEY_OK,
    KEY_ABSOLUTE, /* begins with a slash */
    KEY_EMPTY,    /* a//b */
    KEY_DOTS,     /* a part that is . or .. */
    KEY_LONG,     /* a part of more than 255 bytes */
    KEY_TOO_LONG, /* of more than 1024 bytes, which S3 does not have */
    KEY_NUL,
    KEY_FOLDER_DATA, /* ends in a slash but holds data */
    KEY_IS_FOLDER,   /* the name of an object and of a folder of other objects */
    KEY_RESERVED,    /* a name that the target keeps for itself */
};

/* Faults that the name alone shows. An empty name is KEY_EMPTY. */
enum s3key_fault s3key_check(const char *path, size_t len);

/* "has a part that is . or ..", to follow the key. */
const char *s3key_fault_text(enum s3key_fault fault);

/*
 * The order of listings, of folders and of manifests: by bytes, and what a name is the beginning of
 * comes before that name ("a-b", "a/b", "a"). A streamed listing can so tell that "a" is also the
 * folder of others before "a" itself has its turn.
 */
int path_order(const char *a, const char *b);

/* Whether path lies inside the folder named `folder`. */
bool s3key_inside(const char *path, const char *folder);

/* Appends the key for a person: quoted, control bytes as \xNN, cut at about 200 bytes. */
void s3key_show(struct buf *out, const char *key, size_t len);

#endif
