/*
 * Sockets that were open before this process began: those that systemd passes to a service
 * (LISTEN_FDS: of its socket units, and what lies in its descriptor store), and those that a
 * hand-over brings. Whoever wants to listen somewhere asks here first, so that a socket goes on
 * without a moment in which nobody listens.
 *
 * One instance, of main.c, filled at the start. Those of socket units are lent: systemd holds
 * them, too, so nobody can have another one at that place. They stay here, so that a group that
 * was stopped, or a server that comes back with a reload, finds its socket again.
 */
#ifndef ENGINE_INHERITED_H
#define ENGINE_INHERITED_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/socket.h>

struct inherited_socket {
    int fd;     /* owned, close-on-exec; -1: gone */
    char *name; /* owned: FDNAME, which a socket unit may set by FileDescriptorName=; own unix
                   sockets, which are bound by another name, have their path here */
    bool own;   /* made by an earlier process of ours: the file of a unix socket is ours, too */
    bool taken; /* somebody has a copy */
};

/* {0} is an empty one. */
struct inherited {
    struct inherited_socket *items; /* owned */
    size_t count;
};

/*
 * What systemd has passed: to be called before any descriptor is opened and before a fork. Does
 * nothing when it is meant for another process. No child will see the variables.
 */
void inherited_read(struct inherited *t);

void inherited_add(struct inherited *t, int fd, const char *name, bool own); /* fd is the table's */

/* The first one of this name, which leaves the table: the caller's now; -1: there is none. */
int inherited_named(struct inherited *t, const char *name);

/*
 * A copy (dup) of the listening stream socket at this path, whose file must be there, or at this
 * address: one at [::] that takes IPv4, too, is also one at 0.0.0.0. -1: there is none, or `t` is
 * NULL. `own` (may be NULL) says whose the file is.
 */
int inherited_unix(struct inherited *t, const char *path, bool *own);
int inherited_inet(struct inherited *t, const struct sockaddr *address, bool *own);

/* Everything is up: closes all but what is lent and in use, with a line for what nobody wanted. */
void inherited_settle(struct inherited *t);
void inherited_close(struct inherited *t);

#endif
