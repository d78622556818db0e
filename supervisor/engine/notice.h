/*
 * What a program says in one datagram of sd_notify(3), taken apart. Pure; the bytes are anybody's.
 *
 * Lines NAME=VALUE. What is not known is ignored; of two that say the same the later one counts.
 */
#ifndef ENGINE_NOTICE_H
#define ENGINE_NOTICE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/err.h"

enum {
    NOTICE_LENGTH_MAX = 4096, /* bytes of a datagram; a longer one is refused */
    NOTICE_STATUS_MAX = 256,  /* bytes of STATUS= that are kept, with the NUL */
};

enum notice_word {
    NOTICE_READY = 1,
    NOTICE_RELOADING = 2,
    NOTICE_STOPPING = 4,
    NOTICE_ALIVE = 8,      /* WATCHDOG=1 */
    NOTICE_TRIGGER = 16,   /* WATCHDOG=trigger */
    NOTICE_STATUS = 32,    /* status */
    NOTICE_MAINPID = 64,   /* main_pid */
    NOTICE_ERRNO = 128,    /* error */
    NOTICE_EXTEND = 256,   /* extend_ms */
    NOTICE_INTERVAL = 512, /* watchdog_ms */
    NOTICE_CHANGED = 1024, /* MAINSTAY_CHANGED=: changed */
    NOTICE_OBJECTS = 2048, /* MAINSTAY_OBJECTS=: objects */
    NOTICE_BYTES = 4096,   /* MAINSTAY_BYTES=: bytes */
    NOTICE_POST = 8192,    /* MAINSTAY_POST=: post */
};

/* Messages: those that wait, and since its process began those sent and those given up. */
struct post {
    int64_t waiting, sent, lost;
};

struct notice {
    unsigned words;                 /* enum notice_word: what was said */
    char status[NOTICE_STATUS_MAX]; /* UTF-8 without control characters */
    pid_t main_pid;                 /* above 1 */
    int error;                      /* an errno; 0: none any more */
    int64_t extend_ms;              /* rounded up; at least 1 */
    int64_t watchdog_ms;            /* likewise; 0: none any more */
    bool changed;                   /* a job: there is something new for those who use it */
    int64_t objects;                /* a job: how many, and how much, it has dealt with */
    int64_t bytes;
    struct post post; /* one that sends messages, as mainstay-net does */
};

/* What a program has said of itself so far, as far as it is shown; see proc_notice.c. */
struct said {
    bool reloading, stopping;
    int error;                      /* an errno; 0: none */
    char status[NOTICE_STATUS_MAX]; /* "": nothing */
    bool posts;                     /* it sends messages: `post` is known */
    struct post post;
    unsigned refused;  /* messages of strangers since the log said so */
    int64_t refuse_at; /* when it may say so again */
};

/*
 * False when something in it makes no sense: `why` says what; the rest is in `out` all the same.
 * A datagram with a NUL inside, or too long, says nothing.
 */
bool notice_parse(const char *data, size_t len, struct notice *out, struct err *why);

#endif
