/* Listening sockets, made as Supervisor makes them. */
#ifndef CONTROL_SOCKET_H
#define CONTROL_SOCKET_H

#include <stdbool.h>
#include <sys/types.h>

#include "base/err.h"
#include "config/config.h"
#include "engine/inherited.h"

struct socket {
    int fd;     /* -1: closed; nonblocking */
    char *path; /* of the unix socket, owned; NULL for inet */
    dev_t dev;  /* which file that was when we made it */
    ino_t ino;
    bool lent; /* by systemd, a socket unit of it: the file is not ours and stays */
};

/*
 * Takes over a socket that is there already at that address, with the mode and owner that the
 * configuration wants. False: there is none, it is to be opened.
 */
bool socket_inherit(struct socket *l, const struct server_config *c, struct inherited *t);

/*
 * A unix socket gets its mode and owner before anybody can connect, and its name in one step. A
 * socket that a dead daemon left is taken over, with a line in the log. -EADDRINUSE with
 * Supervisor's sentence when somebody answers there.
 */
int socket_open(struct socket *l, const struct server_config *c, struct err *e);

/* Is its file, when it has one, still there and ours? */
bool socket_is_there(const struct socket *l);

/* Gives the unix socket another mode and owner. */
int socket_permit(struct socket *l, const struct server_config *c, struct err *e);

/* Is at the other end of this connection root, or a process of our own user? Never over TCP. */
bool socket_peer_is_ours(int fd);

void socket_forget(struct socket *l); /* removes the file, if it is still ours; keeps fd */
void socket_close(struct socket *l);  /* ... and closes */

#endif
