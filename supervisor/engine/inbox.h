/*
 * The socket of NOTIFY_SOCKET: where one process, and whoever it starts, tells us things. It only
 * receives, and says who has sent; what is said, and whether the sender may say it, is decided by
 * its owner.
 *
 * A file beside the control socket, or, where the process could not reach that, an abstract name.
 * Embedded in the child. Anybody may try to send: nothing here waits, and one wakeup takes only so
 * many messages.
 */
#ifndef ENGINE_INBOX_H
#define ENGINE_INBOX_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>
#include <uv.h>

#include "base/err.h"
#include "engine/closer.h"

enum {
    INBOX_ADDRESS_MAX = 110, /* "/path" or "@name", with its NUL */
    INBOX_PORTION = 16,      /* messages of one wakeup */
    INBOX_DRAIN_MAX = 1024,  /* messages that may wait when its process has ended */
};

struct inbox_message {
    pid_t pid; /* of the sender, as the kernel says; 0: not one that we can see */
    uid_t uid;
    const char *data; /* shared: copy, do not keep */
    size_t len;
    bool cut; /* it was longer than NOTICE_LENGTH_MAX: data is its beginning */
};

enum inbox_state { INBOX_IDLE, INBOX_OPEN, INBOX_CLOSING };

struct inbox {
    uv_loop_t *loop;
    uv_poll_t poll;
    enum inbox_state state;          /* of the handle */
    int fd;                          /* owned; -1: none */
    char address[INBOX_ADDRESS_MAX]; /* as NOTIFY_SOCKET says it; "" without fd */
    struct closer_waiter waiter;     /* until somebody can close what comes along */
    bool costly;                     /* the last message was: no more in this turn of the loop */
    void (*on_message)(struct inbox *b, const struct inbox_message *m);
    void (*on_closed)(struct inbox *b);
};

struct inbox_place {
    const char *near; /* path of the control socket; NULL: there is none */
    uint64_t serial;  /* of the start: part of the name */
    uid_t uid;        /* who will send */
};

void inbox_init(struct inbox *b, uv_loop_t *loop);
int inbox_open(struct inbox *b, const struct inbox_place *place, struct err *e);
int inbox_listen(struct inbox *b); /* what comes is told from now on; 0 or -errno of libuv */
void inbox_drain(struct inbox *b); /* tells what is there at this moment */

/* Closes it, with its name. `on_closed` comes from the loop, or not at all if it was idle. */
void inbox_close(struct inbox *b, void (*on_closed)(struct inbox *b));
bool inbox_idle(const struct inbox *b);

#endif
