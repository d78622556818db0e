/*
 * Taking over: from lines (line.h) to a daemon that goes on with what runs.
 *
 * Reading refuses what it does not understand, before anything is touched. Adopting loses nothing
 * that it can keep: what cannot go on is said in the log, and the rest does.
 */
#ifndef HANDOVER_ADOPT_H
#define HANDOVER_ADOPT_H

#include "engine/reaper.h"
#include "handover/snapshot.h"

struct adoption {
    struct book book;
    struct config_archive configs;
    const json_t *daemon; /* its line; in the book */
    size_t programs;      /* that run on, and jobs: counted by adopt_all */
    size_t jobs;
    size_t lost; /* lines that could not be followed */
};

/*
 * Understands all of it, or -EINVAL and one sentence; -ENOEXEC when only a configuration of it does
 * not load. Nothing is touched: for trials, too. Close
 * it also after a failure.
 */
int adopt_read(struct adoption *a, const char *text, size_t len, struct err *e);
void adopt_close(struct adoption *a);

/*
 * What the start needs first: fills `w` but for supervisor and jobs. first and config are borrowed
 * from the adoption, the descriptor and the texts are the caller's.
 */
void adopt_daemon(const struct adoption *a, struct whole *w, struct carrier *c);

/* Its listening sockets, for those who want to listen there now. */
void adopt_servers(const struct adoption *a, struct inherited *t, struct carrier *c);

/* Makes groups, processes and jobs what they were, with their children. */
void adopt_all(struct adoption *a, const struct whole *w, struct carrier *c);

/* Sees to the end of those that are no children of ours, but of a daemon that has crashed. */
void adopt_watch(const struct whole *w, struct reaper *r);

/* Who waited only for the loop to be started is; then the loop may run. */
void adopt_go_on(const struct whole *w);

#endif
