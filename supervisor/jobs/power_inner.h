/* Between the files of power.h, which are one: power.c decides, power_words.c says, power_ask.c
 * knows who may hold it up and what people may ask for. */
#ifndef JOBS_POWER_INNER_H
#define JOBS_POWER_INNER_H

#include "jobs/power.h"

enum { POWER_CHECK_MS = 30 * 1000 }; /* of inhibit=exec: one that takes longer says nothing */

const struct power_config *power_config(const struct power *p);
struct host *power_host(const struct power *p);
struct power_clock power_clock(const struct power *p);
const struct calendar_zone *power_zone(const struct power *p);
enum power_action power_action_of(const struct power *p); /* of what is planned */
void power_changed(struct power *p);                      /* whoever shows or keeps it is told */

/* In power_words.c. */
void power_tell(struct power *p, enum power_news news, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));
void power_tell_held(struct power *p);
void power_warn(struct power *p, int64_t left);

/* In power_ask.c: all but exec:, in words in `who`. */
bool power_is_held(struct power *p, const struct power_inhibitor *one, char *who, size_t size);

#endif
