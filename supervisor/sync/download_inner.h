/* The insides of download.c and piece.c: what they share, and nobody else sees. */
#ifndef SYNC_DOWNLOAD_INNER_H
#define SYNC_DOWNLOAD_INNER_H

#include "base/list.h"
#include "sync/download.h"

/* One object. */
struct fetch {
    struct list link; /* in download.all */
    struct list turn; /* in download.again or download.starting, or in no list */
    struct download *download;
    struct writer_file file;
    int64_t id;
    const char *key; /* behind this struct, as the texts of `file` */
    size_t key_len;
    size_t next_part;         /* to be asked for */
    size_t parts_left;        /* that are not there yet */
    unsigned tries;           /* that brought wrong bytes */
    struct wire_request head; /* for a checksum, where the ETag says nothing of the bytes */
    bool asking;              /* that request is under way */
    bool asked;
    bool large;     /* does not fit into one chunk */
    bool whole;     /* comes in one request */
    bool in_writer; /* the writer will tell */
    bool opened;    /* parts may be asked for */
};

/* One request and the chunk that it fills. */
struct piece {
    struct wire_request request;
    struct list link;    /* in download.idle or download.paused, or in no list */
    struct fetch *fetch; /* NULL: idle */
    struct chunk *chunk;
    int64_t from;
    int64_t length;
    int64_t got;
    size_t part;  /* the first that it brings */
    size_t parts; /* how many; 0: a small object */
};

struct download {
    struct download_options o;
    struct writer *writer;
    struct piece *pieces; /* owned */
    size_t piece_count;
    size_t busy;          /* pieces that are not idle */
    size_t busy_parts;    /* of these, those of large objects */
    unsigned streams;     /* at most so many of those; grows up to STREAMS_MOST */
    struct list idle;     /* pieces */
    struct list paused;   /* pieces that wait for a chunk */
    struct list all;      /* objects */
    struct list again;    /* small objects that must be asked for once more */
    struct list starting; /* large objects that have parts to be asked for, or are being opened */
    size_t active;        /* objects */
    size_t large;         /* of these */
    size_t starting_count;
    bool flushing;
    bool no_ranges; /* the server sends whole objects only */
};

/* In piece.c: one request and its chunk. There must be an idle one. */
struct piece *piece_take(struct fetch *f);
void piece_give_back(struct piece *p); /* idle again, without its chunk */
void piece_send(struct piece *p, bool ranged);
bool piece_take_chunk(struct piece *p); /* one in which there is room; false: there is none */
void piece_hand_over(struct piece *p);  /* what is in its chunk, to a large file */
void piece_cancel_all(struct download *d, const struct fetch *f); /* NULL: of all objects */

/* In download.c: a request has ended. */
void download_piece_done(struct piece *p, enum sync_exit why, struct err *e);
void download_count(const struct download *d, int64_t bytes);

#endif
