/* A log as it grows: a request on a connection of its own, whose answer does not end. */
#ifndef CTL_FOLLOW_H
#define CTL_FOLLOW_H

#include "ctl/client.h"

struct follow {
    struct client client;
    struct answer answer;
    char *path; /* owned; as it is shown */
};

/*
 * Asks for a process's log ("stdout" or "stderr"), or, without a name, for the daemon's. Once a
 * failure was said on standard error, the connection is closed, as it is when the log ends.
 */
void follow_open(struct follow *f, const struct invocation *o, const char *name,
                 const char *channel);
void follow_close(struct follow *f);

/* Waits once and prints what came. */
void follow_piece(struct follow *f);

static inline bool follow_goes_on(const struct follow *f)
{
    return f->client.http.fd >= 0;
}

#endif
