/*
 * What of control goes along when this process becomes another version of the program: clients
 * that follow a log, and sockets that servers listen at.
 *
 * libmicrohttpd cannot give a connection away together with what it knows of it, nor take one. So
 * a follow goes along when it is at rest: all that was read for it is with the kernel, and what is
 * left to know is how far. Afterwards its socket is written to here, in the same way. Nothing is
 * changed by looking, so that everything goes on when there is no other version after all.
 *
 * Other connections end with the process: who asked was answered before (control_quiet).
 */
#ifndef CONTROL_RESUME_H
#define CONTROL_RESUME_H

#include "control/control.h"

/* One client that follows a log. Descriptors and texts are whose struct it is. */
struct follow_state {
    int socket;
    int file; /* open at the file that it reads, which may have lost its name since */
    int64_t at;
    char *path;
    char *section; /* of its server: they end together */
    bool chunked;
};

/* True: follows come to rest (nothing more is read for them); false: they go on. */
void control_hold(struct control *c, bool hold);

/* All follows are at rest. A client that does not read may never be. */
bool control_at_rest(const struct control *c);

/* Calls `each` for every follow that is at rest; all in it is borrowed. */
void control_each_follow(const struct control *c,
                         void (*each)(void *owner, const struct follow_state *state), void *owner);

/* Goes on with one. Descriptors and texts are taken, also when they are of no use. */
void control_resume(struct control *c, struct follow_state *state);

/* Ends those of one server; NULL: of all. */
void resume_end(struct control *c, const char *section);

#endif
