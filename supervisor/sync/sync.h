/* One run, from the listing to the published folder. */
#ifndef SYNC_SYNC_H
#define SYNC_SYNC_H

#include "base/err.h"
#include "sync/arguments.h"
#include "sync/exit.h"
#include "sync/report.h"

/*
 * Ends early on SIGTERM, SIGINT and SIGHUP, which it takes while it runs; whatever the end, the old
 * data is whole. e holds a sentence for anything but SYNC_OK, or is empty.
 */
enum sync_exit sync_run(const struct arguments *o, struct report *r, struct err *e);

#endif
