/*
 * The configurations of a hand-over, as JSON objects: each that is not a merger with all that it
 * was made of, once, and each merger with the numbers of its parts. Read again, they are the same
 * snapshots, and nothing is read from the disk.
 *
 * The objects hold every byte of the files and of the environment, passwords too: they go into
 * memory that dies with its last holder (a memfd), never into a file, a log or an answer.
 */
#ifndef CONFIG_ARCHIVE_H
#define CONFIG_ARCHIVE_H

#include <jansson.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "config/config.h"

struct archived {
    int64_t number;        /* from 1; never given twice */
    struct config *config; /* a reference */
};

/* {0} is an empty one. */
struct config_archive {
    struct archived *items; /* owned */
    size_t count;
    int64_t last; /* the highest number so far */
};

void config_archive_close(struct config_archive *a); /* empty and usable again */

/*
 * The number of `c`. When it is new, one object is appended to the array `out`, or several when c
 * is a merger whose parts are new too, parts first:
 *     {"kind": "config", "key": "1", "files": [[path, text]...], ...}
 *     {"kind": "config", "key": "3", "rest": 1, "groups": [["web", 2]...]}
 */
int64_t config_archive_put(struct config_archive *a, struct config *c, json_t *out);

/*
 * Makes all configurations again from such objects (those of other kinds are skipped) and adds
 * them to the archive, which must be empty. -EINVAL with the first thing that is wrong; the archive
 * is empty then.
 */
int config_archive_load(struct config_archive *a, const json_t *objects, struct err *e);

/* Borrowed; NULL when there is none of this number. */
struct config *config_archive_find(const struct config_archive *a, int64_t number);

/* One configuration that is no merger, as an object without kind and key, and back. */
json_t *config_pack(const struct config *c);
int config_unpack(const json_t *object, struct config **out, struct err *e);

#endif
