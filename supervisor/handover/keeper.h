/*
 * Keeps children, and what is known of everything, beyond our own death: in systemd's descriptor
 * store (systemd/store.h). There lie, under these names,
 *
 *     state-a, state-b   the lines of now (statelog.h)
 *     flight             output on its way to a log (output/flight.h)
 *     c17                the child with serial 17: its process descriptor and pipes (bundle.h)
 *     p17                its process descriptor, once another process has taken its place
 *     l5                 a listening socket of our own servers, or of an fcgi-program
 *     listen-...         a socket of listen=, by a hash of its address
 *
 * Whoever is started after us finds them (recovery.h). Without a systemd nothing of this happens:
 * host.keep stays NULL and nothing costs anything.
 *
 * A child is let through its gate when systemd has taken its descriptors; when that takes longer
 * than KEEPER_PATIENCE_MS it is let through all the same, and said: better a program that a crash
 * would orphan than none.
 */
#ifndef HANDOVER_KEEPER_H
#define HANDOVER_KEEPER_H

#include "engine/keep.h"
#include "event/bus.h"
#include "handover/kept.h"
#include "systemd/store.h"

enum { KEEPER_PATIENCE_MS = 2000 };

#define KEEPER_LISTEN "listen-"

struct keeper_place; /* which child a descriptor belongs to */
struct keeper_wait;  /* a child behind its gate */

/* A listening socket that lies in the store. */
struct keeper_socket {
    uint64_t number;
    uint64_t ino; /* which socket it is: descriptors change, this does not */
    bool seen;
};

struct keeper {
    struct keep keep;
    struct whole *whole; /* borrowed */
    struct kept kept;
    struct store store;
    struct carrier carrier;
    struct config_archive configs; /* that are in the log */
    struct keeper_place *places;   /* owned, by descriptor */
    size_t place_count;
    struct keeper_wait *waits; /* owned, in the order of their starts */
    size_t wait_count;
    struct buf lines; /* not yet in the log: they go with the next one, or soon */
    uint64_t *ended;  /* owned: serials to be dropped when those lines are there */
    size_t ended_count;
    struct keeper_socket *sockets; /* owned */
    size_t socket_count;
    uint64_t socket_number; /* the highest so far */
    bool sockets_changed;   /* some were opened or closed since they were looked through */
    bool failing;           /* said that there is no memory for lines */
    bool on, begun, hears;
    struct timer flush, rewrite, patience;
    struct event_subscriber subscriber;
};

/*
 * `kept` is what a daemon before us has left, and is taken; when nothing is there it is made, if
 * systemd keeps descriptors for us. From then on what is started waits behind a gate.
 */
void keeper_open(struct keeper *k, uv_loop_t *loop, struct kept *kept, struct whole *w);

/* Everything is there that was loaded or taken over; from now on all is kept. Nothing may have been
 * started since keeper_open. */
void keeper_begin(struct keeper *k);

/* Everything is taken down and made anew: what is kept stays as it is, until keeper_begin. */
void keeper_rest(struct keeper *k);

/* All lines anew: many things have changed. */
void keeper_rewrite(struct keeper *k);

/* For recovery.h: a socket that lies in the store from before. */
void keeper_know_socket(struct keeper *k, uint64_t number, uint64_t ino);

/* Between keeper.c and keeper_sockets.c, which are one. */
void keeper_place(struct keeper *k, int fd, uint64_t serial, char role);
void keeper_scan_sockets(struct keeper *k);
void keeper_know_sockets(struct keeper *k, const char *text); /* whole.kept_sockets */
void keeper_listen_changed(struct keep *keep, struct listen_socket *s, bool closing);

void keeper_forget(struct keeper *k, char kind, uint64_t serial); /* lets go of it */

/* Everything is up: what nobody has taken of what came back need not be kept. */
void keeper_settle(struct keeper *k, const struct inherited *in);

/* An orderly end: nobody shall go on from here. Handles close in the loop. */
void keeper_close(struct keeper *k);

#endif
