/*
 * What a writer (local/writer.h) has threads do: the steps of a small file's life in one, of a
 * large one's in several tasks. A task is one thread's at a time; what threads use of a large file
 * is changed by the loop only while none uses it.
 */
#ifndef SYNC_LOCAL_WRITER_TASK_H
#define SYNC_LOCAL_WRITER_TASK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/err.h"
#include "base/list.h"
#include "sync/local/digest.h"
#include "sync/local/writer.h"

enum {
    TASK_MARKS = 64, /* parts that a step can note */
    TASK_PATH = 1025,
    TASK_ETAG = 264,
    TASK_NAME = 48, /* of a file that is being fetched */
};

enum task_kind {
    TASK_PUT,    /* a small file, from the first byte to its name */
    TASK_WRITE,  /* a chunk of a large one */
    TASK_OPEN,   /* of a large one, as is all below */
    TASK_STEP,   /* notes which parts are there, and goes on with the digest */
    TASK_FINISH, /* the rest of the digest, its time, its name; or `reread` */
    TASK_CLOSE,  /* it will not be finished: leaves it for the next run, or removes it */
};

/* What of a file must outlive its owner's interest: copies. */
struct file_spec {
    char path[TASK_PATH]; /* "": was too long */
    char etag[TASK_ETAG]; /* "": none, or one that nothing can be done with */
    char checksum[128];
    char sum[64]; /* of the try before; "": there was none */
    bool opaque_etag;
    int64_t size;
    int64_t mtime;
    int64_t part_size;
};

struct task {
    struct list link; /* in the writer's queue or a lane's */
    enum task_kind kind;
    const struct file_spec *spec; /* borrowed, as is all up to `file` */
    struct chunk *chunk;          /* of TASK_PUT and TASK_WRITE */
    struct writer_large *large;   /* of all but TASK_PUT */
    struct writer_file *file;     /* of TASK_PUT: whom to tell; NULL: nobody. Not for threads */
    int rc;                       /* what became of it */
    struct err *e;                /* owned; only of failures */
    int64_t mtime;
    dev_t device;
    char sum[64];
    bool doubtful;
    int fd; /* TASK_PUT in place: between writing and renaming */
    char name[TASK_NAME];
};

struct part_mark {
    size_t part;
    bool there;
};

/* A large file. */
struct writer_large {
    struct task task; /* one at a time; chunks have their own */
    struct file_spec spec;
    int fd;               /* owned; -1: not open */
    char name[TASK_NAME]; /* that it has until it is whole */
    unsigned char *parts; /* owned; 1: is there */
    size_t part_count;
    struct digest *digest;               /* owned; NULL: nothing to compare with, or not begun */
    int64_t hashed;                      /* bytes that the digest has */
    int64_t hash_to;                     /* where a task stops */
    struct part_mark saving[TASK_MARKS]; /* TASK_STEP: what is noted */
    unsigned saving_count;
    bool keep;   /* TASK_CLOSE: for the next run */
    bool reread; /* TASK_FINISH: the digest wants all bytes once more */

    /* Of the loop alone. */
    struct list link; /* in writer.larges */
    struct writer *writer;
    struct writer_file *file;         /* NULL: dropped */
    struct writer_flight *flight;     /* owned; per part */
    struct part_mark new[TASK_MARKS]; /* to be noted with the next step */
    unsigned new_count;
    unsigned chunks; /* given and not written yet */
    size_t ready;    /* parts that are there from the beginning on */
    bool busy;       /* with its task */
    bool opened;
    bool told;  /* what the answer's head says of the bytes is known */
    bool begun; /* the digest is what it says */
    bool again; /* the digest has bytes that are to come once more */
    bool finishing;
    int rc; /* the first failure */
    struct err *e;
};

#endif
