/*
 * The sockets of listen=: opened for the first process that needs them, and given to each as its
 * descriptors from 3 on. We never accept: what connects while no process runs waits.
 *
 * They are the supervisor's, one for each address, so that they outlive processes and groups: a
 * restart, also one that removes a group and adds it again, turns nobody away. A socket that
 * nobody uses is closed after LISTEN_GRACE_MS, or at once when no group names it any more and
 * groups have just been made.
 */
#ifndef ENGINE_LISTEN_H
#define ENGINE_LISTEN_H

#include "base/err.h"
#include "base/list.h"
#include "config/config.h"
#include "config/listen.h"
#include "engine/host.h"

enum { LISTEN_GRACE_MS = 5000 };

/* All sockets. Embedded in the supervisor. */
struct listens {
    struct host *host;   /* borrowed */
    struct list sockets; /* struct listen_socket, owned */
    struct timer look;   /* one that nobody uses is to be closed */
};

struct listen_socket {
    struct list link;
    struct listen_address address; /* without a name: each program has its own */
    int fd;                        /* -1: closed; blocking, since processes share it */
    bool lent;                     /* its file, if it has one, is not ours to remove */
    dev_t dev;                     /* which file that is */
    ino_t ino;
    unsigned claims;  /* processes that name it in their configuration */
    unsigned users;   /* those that have it, or are about to start again */
    int64_t close_at; /* while nobody uses it */
};

/* Those of one process. Embedded in it. */
struct listen_use {
    struct listens *all;
    struct listen_socket **sockets; /* owned array; NULL: it has none */
    size_t count;
    bool taken;
    int *fds;    /* owned: what the process is given */
    char *names; /* owned: LISTEN_FDNAMES */
};

void listens_init(struct listens *l, struct host *host);
void listens_close(struct listens *l);  /* nobody may use any */
void listens_settle(struct listens *l); /* groups were made: closes what none of them names, and
                                         * takes over what they name and is open already */

/* A socket of before, by its address as in listen_address.text; the descriptor is taken. */
void listens_adopt(struct listens *l, const char *text, int fd, bool lent);

void listen_use_init(struct listen_use *u, struct listens *all, const struct process_config *c);
void listen_use_close(struct listen_use *u); /* twice is fine */

/* Opens those that are not open yet. On failure (one sentence) none is used. Twice is fine. */
int listen_take(struct listen_use *u, const struct process_config *c, struct err *e);
void listen_drop(struct listen_use *u);

/*
 * Before a process is started that is the only user of its sockets: their files get the mode and
 * owner of today's configuration, and those whose files are gone are opened anew by listen_take.
 */
void listen_renew(struct listen_use *u, const struct process_config *c);

#endif
