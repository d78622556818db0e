/*
 * The socket by which entries leave for journald: a datagram each, many in one system call, large
 * ones as a sealed file in memory. Never waits. The queue and when to try again are journal.c's.
 */
#ifndef OUTPUT_OUTLET_H
#define OUTPUT_OUTLET_H

#include <stdbool.h>
#include <stddef.h>

#include "base/list.h"

/* Fields that many entries share, kept once while any of them waits. */
struct journal_head {
    unsigned refs;
    size_t len;
    char data[];
};

/* One entry that waits: the head, then its own fields. */
struct parcel {
    struct list link;
    struct journal_head *head; /* a reference; NULL: none */
    size_t len;                /* of data */
    char data[];
};

struct outlet {
    int fd;         /* -1: not made yet */
    bool connected; /* set to false to look for who has the name now */
};

/* 0 or -errno. The same socket for ever: it is connected again to whoever has the name now. */
int outlet_connect(struct outlet *o, const char *path);

/* Sends the first parcels of the queue, which is not empty, as one call does. How many, -errno. */
int outlet_send(struct outlet *o, const struct list *queue);

bool outlet_error_passes(int error); /* may the same parcel go through later? */

#endif
