/*
 * Who this process was before it became us (become.h), and what that one has left.
 *
 * Found at the start, before anything else; gone back to when the start fails.
 */
#ifndef HANDOVER_PREDECESSOR_H
#define HANDOVER_PREDECESSOR_H

#include <stdio.h>

#include "handover/become.h"

/* What a process finds at its start. */
struct predecessor {
    struct adoption adoption;
    struct numbers numbers; /* the carrier of its descriptors */
    bool taken;             /* there is one: this process has been another version before */
    int lines;              /* the memory; -1 */
    int old;                /* the program that it was; -1 */
    int *fds;               /* owned: everything that came along */
    size_t count;
    char *reason; /* owned: why the one in between could not begin; NULL */
};

/* Before anything else. Nothing there, or nothing for us: `taken` stays false. -EINVAL: there is
 * something, and it cannot be taken over: to begin anew would start everything twice. */
int predecessor_find(struct predecessor *p, char **argv, struct err *e);

/* The start has failed: goes back to the old program, which adopts all again. Returns when there
 * is no way back, with `why` as it was. */
void predecessor_return(struct predecessor *p, char **argv, const struct err *why);

/* Its clients, for the servers that there are now. */
void predecessor_clients(struct predecessor *p, struct control *c);

/* Logs what has become of it, and counts the upgrade. */
/* What waited for journald waits on. Before anything new is said. */
void predecessor_journal(struct whole *w);

void predecessor_tell(const struct predecessor *p, struct whole *w);

void predecessor_close(struct predecessor *p);

/* What --check-handover says when all is well: a program that takes no notice of its arguments says
 * something else, or nothing, and would be the end of all that it was given. */
#define PREDECESSOR_UNDERSTOOD "the hand-over is understood"

/* --check-handover: could this version go on from these lines? Exit status; says why not. */
int predecessor_check_main(int fd, FILE *out);

#endif
