/*
 * What a start says before the log is open, in Supervisor's order: first what is critical, then
 * the warnings, then the rest. Also what it says of the configuration, in Supervisor's words where
 * it has them.
 */
#ifndef ENGINE_STARTLOG_H
#define ENGINE_STARTLOG_H

#include "base/buf.h"
#include "config/load.h"

enum {
    STARTLOG_RANKS = 3,
    STARTLOG_LIMIT = 1 << 20, /* bytes of each rank; more is dropped */
};

struct startlog {
    struct buf ranks[STARTLOG_RANKS];
};

void startlog_begin(struct startlog *s); /* log lines come here from now on */
void startlog_tell(struct startlog *s);  /* ... and go to the log, which is open now */
void startlog_close(struct startlog *s); /* forgets them */

void startlog_problems(const struct problem_list *problems);
void startlog_included(const struct config *config);

#endif
