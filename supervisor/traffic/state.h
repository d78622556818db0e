/*
 * The file of --state: what was read of each log file and what was counted of each day, so that a
 * run reads only what is new, and every day is counted from all of its lines. One run at a time.
 *
 * Lines of JSON: what it is for, then the files, then each day followed by its tally.
 */
#ifndef TRAFFIC_STATE_H
#define TRAFFIC_STATE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "traffic/days.h"
#include "traffic/ledger.h"

enum {
    STATE_DAYS_MAX = 31,  /* days that are kept; older lines are no longer counted */
    STATE_DAYS_WHOLE = 3, /* the newest ones; of others what is large becomes small */
    STATE_SIZE_MAX = 256 << 20,
    STATE_PATIENCE_MS = 30000, /* for another run */
};

struct state {
    const char *path;  /* borrowed; NULL: nothing is kept */
    const char *setup; /* borrowed; what the counts depend on: with another one it starts anew */
    int lock;          /* owned; -1: not locked */
    int32_t from;      /* the first day that is counted; DAY_FIRST: all */
    struct ledger ledger;
    struct days *days; /* borrowed */
};

/* Nothing is read yet, and all from that day on will be. */
void state_init(struct state *s, const char *path, const char *setup, int32_t from,
                struct days *days);
void state_close(struct state *s);

/*
 * Waits until no other run has it, and reads it. A file that is not there is a new one; so is one
 * of another setup, and one that is damaged, which is moved aside: *note then says so, else it
 * stays as it was.
 */
int state_open(struct state *s, char **note, struct err *e);

/* Replaces the file as a whole. */
int state_save(struct state *s, struct err *e);

#endif
