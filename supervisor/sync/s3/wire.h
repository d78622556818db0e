/*
 * Requests to one S3 place over kept-alive connections, many at a time, on a libuv loop: the home
 * of libcurl (its multi-socket interface).
 *
 * The engine signs, sends, follows a bucket to its region, corrects a wrong clock by the server's
 * Date, tries again what may succeed later (backoff with jitter; all requests share one quota of
 * tries), and hands each body to the request's owner piece by piece. It knows nothing of listings
 * or files. No redirects by itself: a new place needs a new signature.
 */
#ifndef SYNC_S3_WIRE_H
#define SYNC_S3_WIRE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <uv.h>

#include "base/buf.h"
#include "base/err.h"
#include "base/list.h"
#include "sync/exit.h"
#include "sync/s3/creds.h"
#include "sync/s3/s3.h"

enum wire_method { WIRE_GET, WIRE_HEAD, WIRE_PUT, WIRE_POST, WIRE_DELETE };

enum wire_state { WIRE_IDLE, WIRE_WAITING, WIRE_DELAYED, WIRE_RUNNING };

enum { WIRE_PAUSE = 1 }; /* from on_data: nothing was taken; wire_resume brings the same again */

enum { WIRE_HEADERS_MAX = 8, WIRE_BODY_MAX = 1 << 20 };

struct wire_header {
    const char *name; /* lower case; those that begin with x-amz- are signed */
    const char *value;
};

/* What is sent: `data`, or `length` bytes of `fd` from `offset`; len 0 and fd -1: nothing. */
struct wire_payload {
    const char *data; /* borrowed until on_done, as is fd */
    size_t len;
    int fd;
    int64_t offset;
    int64_t length;
    const char *sha256; /* in hex; NULL: not signed ("UNSIGNED-PAYLOAD") */
};

/* The head of an answer, and its body where nobody takes that piece by piece. */
struct wire_answer {
    long status;        /* 200, 204 or 206: others do not get this far */
    int64_t length;     /* Content-Length, or -1 */
    int64_t range_from; /* of Content-Range, or -1 */
    int64_t range_size; /* of the whole object, of Content-Range, or -1 */
    int64_t mtime;      /* Last-Modified in ns since 1970, or -1 */
    char etag[260];     /* with its quotes; "" when there is none */
    bool opaque_etag;   /* the server encrypts with keys of its own: the tag is no MD5 */
    char checksum[128]; /* "crc32c:BASE64" of x-amz-checksum-crc32c; "": none of the whole object */
    struct buf body;    /* at most WIRE_BODY_MAX bytes; of requests without on_data */
};

/*
 * One request, embedded in what wants it, which must stay until on_done. Callbacks return 0 or
 * -errno with a sentence: -EBADMSG what came is wrong (and worth another try), -ESTALE it is not
 * what was asked for, everything else a local failure.
 */
struct wire_request {
    enum wire_method method;
    char *target; /* path?query as sent, the query canonical; owned by the engine from send on */
    const char *if_match;                         /* borrowed; NULL: none */
    int64_t range_from;                           /* with range_length: "Range: bytes=from-to" */
    int64_t range_length;                         /* 0: the whole object */
    struct wire_header headers[WIRE_HEADERS_MAX]; /* borrowed texts; ends with name NULL */
    struct wire_payload payload;
    bool whole_is_fine; /* a server that knows no ranges may send all: see answer.status */
    bool urgent;        /* goes before those that wait: the pages of a listing */
    void *ctx;
    int (*on_begin)(struct wire_request *r, struct err *e); /* before each try; may be NULL */
    /* May be NULL: then the body is collected in the answer. May return WIRE_PAUSE. */
    int (*on_data)(struct wire_request *r, const struct wire_answer *a, const char *data,
                   size_t len, struct err *e);
    int (*on_end)(struct wire_request *r, const struct wire_answer *a, struct err *e);
    /* Exactly once, unless cancelled; r is the owner's again. SYNC_OK: on_end was content. */
    void (*on_done)(struct wire_request *r, enum sync_exit why, struct err *e);

    enum wire_state state; /* the engine's, as is what follows */
    struct list link;
    struct wire_slot *slot; /* WIRE_RUNNING: that works for it */
    unsigned tried;
    unsigned favours; /* tries that count as none: something was set right */
    int64_t due;      /* WIRE_DELAYED: of the next try, in ms */
};

struct wire_options {
    unsigned concurrency; /* requests at a time, at most; fewer while the server is throttling */
    unsigned tries;       /* per request, at least 1 */
    int64_t stall_ms;     /* without a byte */
    int64_t connect_ms;
    int64_t bytes_per_second; /* of all bodies together, both ways; 0: no limit */
    const char *ca_file;      /* NULL: the system's; borrowed, as all */
    bool requester_pays;
    const struct wire_header *extra; /* for what reads or stores objects (SSE-C); NULL ends it */
    void *ctx;
    void (*on_room)(void *ctx);    /* a request has ended: wire_room has grown; may be NULL */
    void (*on_expired)(void *ctx); /* keys have expired: wire_set_creds must follow, or the end */
};

struct wire; /* the engine */
/* `place` may learn another region, and with AWS another host, on the way. */
struct wire *wire_new(uv_loop_t *loop, const struct wire_options *o, struct s3_place *place);
void wire_set_creds(struct wire *w, const struct creds *creds); /* copies; wipes the old ones */
void wire_close(struct wire *w, void (*on_closed)(void *ctx));  /* cancels all; memory goes then */

void wire_request_init(struct wire_request *r, enum wire_method method, char *target, void *ctx);
void wire_send(struct wire *w, struct wire_request *r);   /* on_done comes later, from the loop */
void wire_cancel(struct wire *w, struct wire_request *r); /* no callback any more; NOOP when idle */
void wire_resume(struct wire *w, struct wire_request *r);
unsigned wire_room(const struct wire *w);    /* how many more would be sent at once */
unsigned wire_retries(const struct wire *w); /* so far, for the report */

#endif
