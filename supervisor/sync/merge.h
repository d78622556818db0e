/*
 * What is to be done with one path, from what the source, the folder and the manifests say of it.
 * Pure: the streams are in path_order, so the run needs only their heads.
 */
#ifndef SYNC_MERGE_H
#define SYNC_MERGE_H

#include <stdbool.h>

#include "sync/filter.h"
#include "sync/local/manifest.h"
#include "sync/local/walk.h"
#include "sync/remote.h"

/* The heads of the streams; NULL: the stream has ended. */
struct merge_heads {
    const struct remote_file *remote;
    const struct walk_entry *local;
    const struct manifest_entry *known;  /* of what the target shows now */
    const struct manifest_entry *staged; /* of a run that was killed */
};

/* The next path, and which of the heads are about it; the others are NULL. */
const char *merge_next(const struct merge_heads *heads, struct merge_heads *same);

enum merge_do {
    MERGE_SKIP, /* a key that is no file name: reported */
    MERGE_FETCH,
    MERGE_KEEP,    /* the file is the object */
    MERGE_STAGED,  /* atomic: a killed run has fetched it; its file must still be looked at */
    MERGE_CHECK,   /* --checksum: the file must be read to know */
    MERGE_CARRY,   /* no object, and stays; a folder, too ("name/") */
    MERGE_REMOVE,  /* no object, and goes; never a folder */
    MERGE_PARTIAL, /* what a killed run left half-way */
    MERGE_FORGET,  /* only a manifest knows it; or a folder that goes when it is empty */
};

struct merge_rules {
    bool inplace; /* `staged` is about the files of `local`, not about those of a new version */
    bool delete;
    bool size_only;
    bool checksum;
    bool foreign;      /* the manifest is of another source: what is there is not trusted */
    bool has_manifest; /* what it does not name was not fetched by us */
    const struct filter *filter;
};

/*
 * In place: what a run that did not end has put there or removed. Nobody was told of it yet, and
 * the manifest does not say it.
 */
bool merge_is_news(const struct merge_heads *same, const struct merge_rules *rules);

enum merge_do merge_decide(const struct merge_heads *same, const struct merge_rules *rules);

#endif
