/*
 * Names and clean-up of AUTO logs: PROCESS-stdout---IDENTIFIER-XXXXXXXX.log in childlogdir, made
 * when a group is activated and removed at the next start of the daemon.
 */
#ifndef OUTPUT_AUTOLOG_H
#define OUTPUT_AUTOLOG_H

#include <stdbool.h>

#include "base/err.h"

struct autolog_name {
    const char *folder;
    const char *process;
    const char *channel; /* "stdout" or "stderr" */
    const char *identifier;
};

/* Creates an empty file of mode 0600 that nobody had before; *path is the caller's (mem_free). */
int autolog_create(const struct autolog_name *n, char **path, struct err *e);

/* Is this a file name that autolog_create (or its rotation) makes? Supervisor's expression. */
bool autolog_matches(const char *name, const char *identifier);

/*
 * Removes all of them. Only after it is sure that no other daemon runs on this configuration.
 * Files that cannot be removed are logged one by one; -errno when the folder cannot be read, for
 * the caller to log with Supervisor's "Could not clear childlog dir" in front.
 */
int autolog_clean(const char *folder, const char *identifier, struct err *e);

#endif
