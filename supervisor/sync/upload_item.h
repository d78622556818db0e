/* For upload.c and its parts, which are one machine: the files on their way. */
#ifndef SYNC_UPLOAD_ITEM_H
#define SYNC_UPLOAD_ITEM_H

#include <stdatomic.h>
#include <sys/stat.h>

#include "base/buf.h"
#include "base/list.h"
#include "sync/local/digest.h"
#include "sync/upload.h"

enum { ETAG_MAX = 128, UPLOAD_ID_MAX = 1024 };

struct item;

/* A piece of a file that is hashed and then sent: the whole of a small one. */
struct piece {
    struct item *item;
    uv_work_t work;
    struct wire_request request;
    unsigned number; /* of the part, from 1 */
    int64_t offset;
    int64_t length;
    struct digest_sums sums;
    int hashed; /* what digest_file said */
    char md5[33];
    char sha256[65];
    struct buf md5_base64;
    bool hashing;
    bool sending;
};

/* A file on its way. */
struct item {
    struct list link;
    struct upload *upload;
    char *path;
    char *key;
    char *etag; /* of the object that is there; NULL: send it anyway */
    int fd;
    uv_work_t work; /* compares the file with etag */
    bool checking;
    bool same;
    struct stat before; /* of the file, when it was opened */
    unsigned tried;
    int64_t part_size; /* 0: in one */
    unsigned parts;
    unsigned next; /* part to be sent next */
    unsigned done;
    int64_t sent; /* bytes, that were told to on_bytes */
    char upload_id[UPLOAD_ID_MAX];
    char (*etags)[ETAG_MAX];   /* owned; of the parts */
    unsigned char (*md5s)[16]; /* owned; likewise */
    struct piece pieces[UPLOAD_PARTS_AHEAD];
    struct wire_request control; /* begins and ends a multipart upload */
    bool controlling;
    bool aborting; /* by that */
    bool completed;
    bool opaque;        /* the tags of its parts are no sums: the server encrypts them */
    bool stale;         /* it is known to have changed since it was opened */
    struct buf body;    /* of the request that completes it */
    struct err lost;    /* what was said to that, while the object is looked for */
    enum sync_exit why; /* it has failed with that; what is under way still ends */
    struct err err;
};

struct upload {
    uv_loop_t *loop;
    struct upload_options options;
    struct list items;
    size_t active;
    atomic_bool stopping;
    uv_timer_t patience; /* with a server that is to give up what was sent */
    bool impatient;
    void (*on_stopped)(void *ctx);
};

/* upload.c */
void item_go_on(struct item *i); /* after each step: what comes next */
void item_fail(struct item *i, enum sync_exit why, const struct err *e); /* the first one counts */
bool item_is_unchanged(const struct item *i); /* the file is still what it was when it was opened */

/* upload_piece.c: the pieces of a file, as many at a time as may be */
void item_start_pieces(struct item *i);

/* upload_parts.c: what is said before and after the parts of a large file */
void item_create_upload(struct item *i);
void item_complete_upload(struct item *i);
void item_abort_upload(struct item *i);
char *item_part_target(const struct item *i, unsigned number); /* 0: of the upload itself */
char *item_target(const struct item *i, const char *query);    /* NULL: none; the caller's */
void item_add_header(struct wire_request *r, const char *name, const char *value);
void item_add_object_headers(const struct item *i, struct wire_request *r);

#endif
