/*
 * What is counted of one day (or of all): requests, bytes, statuses, clients, times, by hour, by
 * route, and the most frequent paths, referrers and agents. Pure: it is fed records and asked for
 * numbers; it neither reads logs nor decides which lines belong to it.
 *
 * However large and hostile the log, a tally with few routes stays below 5 MB (each route adds at
 * most 4 KB), and one of an ordinary day is far below 1 MB.
 */
#ifndef TRAFFIC_TALLY_H
#define TRAFFIC_TALLY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/err.h"
#include "traffic/clients.h"
#include "traffic/latency.h"
#include "traffic/top.h"

struct record; /* traffic/record.h */

enum {
    TALLY_ROUTES_MAX = 1000,
    TALLY_HOURS = 24,
    TALLY_CODES = 1000,
    TALLY_SMALL = 256 * 1024,
    TALLY_VERSION = 1, /* another one when what is saved, or what its numbers mean, is another */
    TALLY_CLASSES = 6, /* 1xx to 5xx at 1 to 5; 0: no status that HTTP knows */
};

/* What is looked at. */
enum tally_depth {
    TALLY_ROUTES, /* the number of requests, for each route (each path, without routes) */
    TALLY_FULL,
};

struct tally_hour {
    uint64_t requests;
    uint64_t bytes;
    uint64_t classes[TALLY_CLASSES];
};

struct tally_route {
    char *name; /* owned; as the user gave it */
    uint64_t requests;
    uint64_t bytes;
    uint64_t classes[TALLY_CLASSES];
    struct latency *latency; /* owned; NULL before the first request that says how long it took */
};

struct tally {
    enum tally_depth depth;
    uint64_t requests;
    uint64_t bytes;
    uint64_t no_route; /* requests that belong to no route */
    uint64_t no_path;  /* requests without a path ("", `OPTIONS *`), where paths are looked at */
    uint64_t classes[TALLY_CLASSES];
    uint64_t codes[TALLY_CODES];
    struct tally_hour hours[TALLY_HOURS];
    struct tally_route *routes; /* owned; in the order in which they were given */
    size_t route_count;
    struct clients clients;
    struct latency latency;
    struct top paths;
    struct top referrers;
    struct top agents;
};

void tally_init(struct tally *t, enum tally_depth depth);
void tally_close(struct tally *t);

/* Adds a route, counted as tally_add says; its index, or -1 when TALLY_ROUTES_MAX are there. The
 * name is what the report shows. */
int tally_route(struct tally *t, const char *name);

/* The fields that tally_add looks at: bits of traffic/record.h, for format_read. */
unsigned tally_wants(const struct tally *t);

/*
 * Counts one request. `route`: index of its route, or -1 when it belongs to none. A field that the
 * record does not have is not counted. A referrer is counted without its query string.
 */
void tally_add(struct tally *t, const struct record *r, int route);

/* Bytes of memory that it takes; of its routes as if each had had requests. */
size_t tally_size(const struct tally *t);

/*
 * For a day that is over but may be asked for again: what is large becomes small, and the report
 * says of it that it is no longer exact. A saved tally then takes at most about TALLY_SMALL bytes.
 */
void tally_shrink(struct tally *t);

/*
 * A tally as one JSON object, and back: to go on counting later. What comes out of a report after
 * save and load is what would have come out without. tally_load takes a tally that has the same
 * depth and routes and has counted nothing; -ESTALE when the text is one of other routes or depth,
 * -EINVAL when it is no tally; the tally is then as it was.
 */
void tally_save(const struct tally *t, struct buf *out);
int tally_load(struct tally *t, const char *text, size_t len, struct err *e);

#endif
