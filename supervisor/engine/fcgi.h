/*
 * The listening socket of an fcgi-program, shared by its processes as their descriptor 0. We
 * never accept: connections wait in the backlog until a process does.
 *
 * It is there while it has users: made for the first one, closed behind the last. The file of a
 * unix socket stays. Owned by the group; its processes are the users.
 */
#ifndef ENGINE_FCGI_H
#define ENGINE_FCGI_H

#include <netinet/in.h>
#include <stdbool.h>

#include "base/err.h"
#include "config/config.h"
#include "engine/inherited.h"

struct fcgi {
    const struct socket_config *config; /* borrowed from the group's snapshot */
    struct inherited *inherited; /* where the socket may be already; borrowed; NULL: nowhere */
    int fd;                      /* -1: closed */
    unsigned users;
    bool resolved; /* tcp: `address` is known */
    bool kept;     /* others hold it for us, and let go of it later than we do */
    struct sockaddr_in address;
};

void fcgi_init(struct fcgi *f, const struct socket_config *config);

/* One more user. On failure (Supervisor's words and why) there is no more, and -errno. */
int fcgi_take(struct fcgi *f, struct err *e);

void fcgi_drop(struct fcgi *f); /* one user less */

#endif
