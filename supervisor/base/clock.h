/* The machine's clocks. Deciding code never calls these: it takes `now` as an argument. */
#ifndef BASE_CLOCK_H
#define BASE_CLOCK_H

#include <stdint.h>

int64_t clock_now(void);  /* CLOCK_MONOTONIC in milliseconds: for every deadline */
int64_t clock_wall(void); /* CLOCK_REALTIME in milliseconds since 1970: for showing and calendars */
int64_t clock_boot(void); /* CLOCK_BOOTTIME in milliseconds: what /proc counts from */

#endif
