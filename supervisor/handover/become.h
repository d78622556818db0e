/*
 * The step over exec: what goes along, and what the other side finds.
 *
 * MAINSTAY_HANDOVER in the environment is "LINES:OLD:REASON": the descriptor of the memory with
 * the lines, and that of the old program, which is gone back to when the new one cannot begin;
 * then REASON says why. Children never see the variable.
 */
#ifndef HANDOVER_BECOME_H
#define HANDOVER_BECOME_H

#include "handover/adopt.h"

/*
 * The lines of now in a memory: its descriptor, or -errno. `fds`, unless NULL, gets the
 * descriptors that they name: an array of json integers.
 */
int become_lines(const struct whole *w, json_t *fds, struct err *e);

#define BECOME_VARIABLE "MAINSTAY_HANDOVER"

/* Descriptors by number. `fds` (borrowed, may be NULL) gets those that are given. */
struct numbers {
    struct carrier carrier;
    json_t *fds;
};

void numbers_init(struct numbers *n, json_t *fds);

/* This descriptor stays open over exec; false: there is none. */
bool become_let_along(int fd);

/* exec of `program`, or of what `old` is when there is none. -errno. */
int become_go(const char *program, int old, char **argv, int lines, const char *reason);

/* Becomes w->program. Returns only on failure, and then everything is as before. */
int become(struct whole *w, char **argv, struct err *e);

int64_t become_now(void); /* us, monotonic */

#endif
