/*
 * What the files of the wire engine share: the engine itself, and a slot, which is one easy handle
 * of libcurl and the one try of a request that it works on.
 */
#ifndef SYNC_S3_WIRE_SLOT_H
#define SYNC_S3_WIRE_SLOT_H

#include <curl/curl.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/list.h"
#include "sync/s3/sigv4.h"
#include "sync/s3/wire.h"
#include "sync/s3/wire_pace.h"
#include "sync/s3/wire_reply.h"
#include "sync/s3/wire_sockets.h"

enum {
    WIRE_HEAD_MAX = 256 << 10,
    WIRE_ERROR_MAX = 16384, /* of the body of an error answer */
    WIRE_SIGNED_MAX = 5 + 2 * WIRE_HEADERS_MAX,
    WIRE_LINES_MAX = WIRE_SIGNED_MAX + 4,
};

struct wire_slot {
    struct wire *wire;
    struct list link;             /* in wire.idle */
    struct wire_request *request; /* that it works for; NULL: none */
    CURL *curl;
    bool added;   /* to the multi handle */
    bool dropped; /* to be removed from it as soon as libcurl does not look */
    bool body;    /* of the answer has begun: its head was judged */
    bool fine;    /* the status is one of success */
    bool paused;  /* by the owner */
    bool resume;  /* to be done as soon as libcurl does not look */
    bool starved; /* by the limit of bytes */
    bool stalled;
    int64_t begun;           /* when this try began, in ms */
    int64_t moved;           /* when a byte last passed */
    int64_t sent;            /* of the payload */
    size_t head;             /* bytes of header lines */
    int64_t signed_at;       /* the time in the signature, in ms since 1970 */
    unsigned creds;          /* wire.generation at the time */
    unsigned moves;          /* wire.moves at the time */
    int unsent;              /* bytes that the kernel still had, when asked last */
    enum wire_method method; /* that `curl` is set to */
    struct buf text;         /* URL and lines, each with its NUL */
    struct curl_slist lines[WIRE_LINES_MAX];
    struct wire_reply reply;
    struct buf error; /* body of an answer that is no success */
    int failed;       /* -errno of a callback or of the head */
    struct err err;   /* with its sentence */
    char curl_error[CURL_ERROR_SIZE];
};

struct wire {
    uv_loop_t *loop;
    struct wire_options options;
    struct s3_place *place;
    struct creds creds;  /* copies; owned */
    unsigned generation; /* of the keys; 0: there are none yet */
    bool expired;        /* and nothing is sent until there are new ones */
    struct sigv4 signer;
    char *signer_region; /* owned: the place may move while a key of the day is kept */
    char stamp[SIGV4_TIME_SIZE];
    int64_t stamp_second;
    unsigned moves; /* of the place to another region */
    int64_t skew;   /* ms to add to our clock for the server's */
    bool no_proxy;
    CURLM *multi;
    struct wire_sockets sockets;
    struct wire_pace pace;
    struct wire_slot *slots; /* pace.most of them */
    struct list idle;        /* slots, warmest last */
    struct list urgent;      /* requests that wait */
    struct list waiting;
    struct list delayed; /* for their next try */
    unsigned busy;       /* slots that are not idle */
    unsigned queued;     /* requests in the three lists */
    unsigned retries;
    unsigned first;  /* slot that is resumed first */
    uv_timer_t tick; /* retries, stalls, and bytes that may pass again */
    int64_t tick_at; /* 0: not armed */
    bool settling;
    int depth;    /* of calls into libcurl */
    bool drops;   /* slots are to be reaped */
    bool resumes; /* slots are to be resumed */
    bool ended;   /* requests have, since on_room */
    bool closing;
    bool destroyed;
    void (*on_closed)(void *ctx);
};

// wire_head.c: URL (at the start of s.text), lines and signature for the try of s.request
struct curl_slist *wire_head_write(struct wire_slot *s, int64_t wall);
int64_t wire_payload_size(const struct wire_payload *p);
bool wire_is_of_object(const struct wire *w, const struct wire_request *r);

// wire_slot.c
void wire_slot_open(struct wire_slot *s);       /* makes the easy handle */
int wire_slot_start(struct wire_slot *s);       /* a try; 0, or -errno with the sentence in s.err */
void wire_slot_check_head(struct wire_slot *s); /* as soon as there is a body, or the end */
void wire_slot_close(struct wire_slot *s);

// wire_turn.c: what happens between two waits of the loop
void wire_act(void *ctx, curl_socket_t fd, int mask); /* tells libcurl of a socket or a time */
void wire_settle(struct wire *w); /* after all that may have changed something; NOOP within it */
void wire_tick_at(struct wire *w, int64_t at); /* something is due then */
int64_t wire_starve(struct wire *w);           /* ms until bytes may pass; sees to it unless 0 */
void wire_enqueue(struct wire *w, struct wire_request *r, bool first);
void wire_dequeue(struct wire *w, struct wire_request *r);
void wire_forget(struct wire_request *r); /* it is its owner's again */
void wire_drop(struct wire_slot *s);      /* its request wants no more of it */

// wire.c
void wire_destroy(struct wire *w);

#endif
