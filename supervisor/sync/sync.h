/* One run, from the listing to the published folder. */
#ifndef SYNC_SYNC_H
#define SYNC_SYNC_H

#include "base/err.h"
#include "sync/arguments.h"
#include "sync/exit.h"
#include "sync/report.h"

/* stop_fd becomes readable when the run must end; whatever the end, the old data is whole. */
enum sync_exit sync_run(const struct arguments *o, int stop_fd, struct report *r, struct err *e);

#endif
