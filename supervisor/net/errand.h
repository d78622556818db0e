/*
 * A command that is run for a message: its text on standard input, what it writes on our standard
 * error. One at a time, in a process group of its own; what takes too long is killed with all it
 * has started.
 */
#ifndef NET_ERRAND_H
#define NET_ERRAND_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/err.h"

enum { ERRAND_WORDS = 256 }; /* words of a command */

struct errand {
    pid_t pid;        /* 0: none runs */
    int pidfd;        /* readable when it has ended; -1: none is to be had */
    int64_t deadline; /* clock_now */
    bool late;        /* it was killed for that */
};

struct errand_ask {
    const char *line; /* words with quotes as in command= of a program */
    const char *text;
    size_t len;
    char *const *environment; /* NULL at the end: "NAME=value" on top of ours */
    int64_t deadline;
};

int errand_start(struct errand *c, const struct errand_ask *ask, struct err *e);
/* When errand_ended is to be asked at the latest, of one that runs. */
int64_t errand_due(const struct errand *c, int64_t now);
/* Kills what is late. True when it has ended: 0 or -errno in rc, and e says how. */
bool errand_ended(struct errand *c, int64_t now, int *rc, struct err *e);
void errand_close(struct errand *c); /* kills it */

#endif
