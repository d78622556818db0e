/*
 * After a crash: what the daemon before us has left in systemd's descriptor store (keeper.h), and
 * lines made of it that can be adopted (adopt.h).
 *
 * Before they are adopted the lines are put right for what is different after a crash: the
 * children are no children of ours any more; one that was still behind its gate never ran; one
 * whose descriptors systemd does not have is ended, because nobody can read what it writes, and
 * started anew.
 */
#ifndef HANDOVER_RECOVERY_H
#define HANDOVER_RECOVERY_H

#include "engine/inherited.h"
#include "handover/adopt.h"
#include "handover/bundle.h"
#include "handover/keeper.h"

struct recovered {
    char kind; /* 'c': a child, 'p': its later process, 'l': a socket, as the names in keeper.h */
    uint64_t serial;
    int fd;       /* its bundle, or the socket itself; owned */
    uint64_t ino; /* of a socket */
    bool wanted;  /* some line names it */
};

struct recovery {
    struct adoption adoption;
    bool taken;              /* there is something to adopt */
    struct carrier carrier;  /* for adopt_all */
    struct kept kept;        /* for keeper_open, which takes it */
    struct recovered *items; /* owned, by kind and serial */
    size_t count;
    struct bundle bundle; /* of the child that was asked for last */
    uint64_t bundle_serial;
};

/*
 * Takes what is ours out of `in`. Is there something that can be adopted, `taken` is true, and its
 * lines are put right. Is there something that cannot be understood, that is said in one critical
 * line, and the processes that it speaks of are ended: all begins anew. -errno and one sentence:
 * it can be understood, but no configuration of it loads; nothing may be started.
 */
int recovery_find(struct recovery *r, struct inherited *in, struct err *e);

enum supervisor_state recovery_state(const struct recovery *r); /* what it was doing */

/* After adopt_all: what was on its way to a log goes there. */
void recovery_deliver(struct recovery *r, struct keeper *k);

/* Logs what has become of it. */
void recovery_tell(const struct recovery *r);

/* Before keeper_begin: the keeper knows which sockets lie in the store. */
void recovery_sockets(const struct recovery *r, struct keeper *k);

/* All is adopted: what is in the store and belongs to nobody is let go. */
void recovery_sweep(struct recovery *r, struct keeper *k);
void recovery_close(struct recovery *r);

#endif
