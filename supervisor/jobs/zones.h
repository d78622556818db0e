/*
 * The zones of all schedules, each read once, and again when its file is another one: rules of
 * summer time are changed at short notice, and a daemon runs for months.
 */
#ifndef JOBS_ZONES_H
#define JOBS_ZONES_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/stat.h>

#include "config/zone.h"
#include "jobs/calendar.h"

struct zones_entry {
    struct calendar_zone zone; /* what schedules are given */
    char *name;                /* owned */
    char *path;                /* owned; of its file */
    struct zone data;
    bool good; /* `data` counts; else the machine's zone does */
    struct stat file;
};

/* Owned by jobs. */
struct zones {
    struct zones_entry **items; /* owned, and where they are they stay */
    size_t count;
    struct stat local; /* of what says which is the machine's */
};

void zones_close(struct zones *z);

/* NULL, "": that of the machine. Borrowed, until zones_close. */
const struct calendar_zone *zones_get(struct zones *z, const char *name);

/* True: one of them is another one than before, so what was worked out by it is to be again. */
bool zones_look(struct zones *z);

#endif
