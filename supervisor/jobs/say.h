/* Times and plans as a person says them. Pure. */
#ifndef JOBS_SAY_H
#define JOBS_SAY_H

#include <stddef.h>
#include <stdint.h>

void say_duration(int64_t ms, char *text, size_t size);   /* "350 ms", "4.2 s", "10m 5s" */
void say_span(int64_t ms, char *text, size_t size);       /* "350 ms", "1.5 s", "10m", "2h 5m" */
void say_clock(int64_t wall_ms, char *text, size_t size); /* "2026-11-21 08:00:12" */
/* "today 22:00", "tomorrow 03:00", "Mon 03:00", and from a week on "2026-12-24 03:00"; s */
void say_coming(int64_t at, int64_t now, char *text, size_t size);
/* "2026-11-21T03:00:00+01:00": seconds since 1970, by clocks that are `offset` seconds ahead */
void say_iso(int64_t at, int64_t offset, char *text, size_t size);
void say_size(int64_t bytes, char *text, size_t size); /* "512 bytes", "3.4 MB" */
void say_when(unsigned when, char *text, size_t size); /* "at boot and at shutdown" */

#endif
