/*
 * What the journal is told: an entry for each change of a process or a job, and for the daemon's
 * own start, reload and stop, with fields that mainstay-journal(7) lists. They go the way of the
 * lines (output/journal.h), so that a process and what it wrote stand in one order.
 *
 * Told when somebody reads it: the daemon was started by systemd, whose journal has its standard
 * output or error (JOURNAL_STREAM), or a log of the configuration goes to the journal.
 */
#ifndef SYSTEMD_LIFE_H
#define SYSTEMD_LIFE_H

#include "event/bus.h"

struct config;

struct life {
    struct event_subscriber subscriber;
    bool told;    /* as above, for the configuration that runs */
    bool started; /* the start was told: what comes up again has been reloaded */
};

void life_open(struct life *l, struct event_bus *bus, const struct config *config);
void life_change(struct life *l, const struct config *config); /* another one runs now */
/* It was started before, by another version; `failed` says why it is that one; or NULL. */
void life_upgraded(struct life *l, const char *failed);
void life_stopped(struct life *l); /* the last entry */

#endif
