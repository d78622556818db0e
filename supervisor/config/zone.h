/*
 * A time zone, as zoneinfo describes it (TZif, RFC 9636): how far its clocks are ahead of UTC at
 * any moment. Nothing of it is known to libc, whose one zone is the machine's. Pure; zone_read asks
 * the machine for the bytes.
 */
#ifndef CONFIG_ZONE_H
#define CONFIG_ZONE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

enum {
    ZONE_FILE_MAX = 256 << 10,   /* bytes; the longest that there are have 4 KiB */
    ZONE_OFFSET_MAX = 16 * 3600, /* s; no place has ever been further from UTC */
};

/* A day of every year on which clocks change. */
enum zone_day {
    ZONE_DAY_OF_MONTH, /* weekday `day` of week `week` of `month`; week 5 is the last */
    ZONE_DAY_JULIAN,   /* 1 to 365: there is no 29 February */
    ZONE_DAY_COUNTED,  /* 0 to 365 */
};

struct zone_change {
    enum zone_day kind;
    unsigned month, week, day;
    int64_t time; /* s after midnight, by the clocks before it; may be on another day */
};

struct zone {
    int64_t *changes; /* owned: moments at which clocks change, in order */
    int32_t *offsets; /* owned: [0] before the first one, [i] from changes[i - 1] on */
    size_t count;     /* of changes */
    bool goes_on;     /* behind the last one, by rules: */
    bool has_summer;
    int64_t standard, summer; /* offsets */
    struct zone_change to_summer, to_standard;
};

/* -EINVAL with a sentence about the bytes. */
int zone_parse(const char *data, size_t len, struct zone *out, struct err *e);
void zone_close(struct zone *z);

int64_t zone_offset(const struct zone *z, int64_t at); /* s ahead of UTC */

/* Of an IANA name, "Europe/Berlin", below $TZDIR or /usr/share/zoneinfo. UTC is known without it.
 * Failures: a sentence that says what to do. */
int zone_read(const char *name, struct zone *out, struct err *e);
char *zone_path(const char *name); /* of its file (mem_free); NULL: it is no name of a zone */

#endif
