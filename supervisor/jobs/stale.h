/* How old the data of a sync is: stale_ok=. It looks at files, and at nothing else. */
#ifndef JOBS_STALE_H
#define JOBS_STALE_H

#include <stdbool.h>
#include <stdint.h>

#include "config/config.h"

/* Is what the last good run left behind young enough to do without this one? */
bool stale_is_young(const struct job_config *config, int64_t wall);

#endif
