/* How long a job waits before it is tried again. Pure. */
#ifndef JOBS_BACKOFF_H
#define JOBS_BACKOFF_H

#include <stdint.h>

#include "config/job.h"

/* ms before the next attempt, when so many have failed: retry_delay, doubled each time up to
 * retry_delay_max; 0 before the first one. */
int64_t backoff_pause(const struct job_config *config, int64_t failed);

#endif
