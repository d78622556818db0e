/*
 * The routes that requests are counted for, and which one a request belongs to.
 *
 *   /sample         this path, exactly
 *   /sample/<star>  paths that begin with /sample/; /sample<star> those that begin with /sample
 *   ~^/a/[0-9]+$    paths in which the regular expression (PCRE, as nginx's) finds something
 *   ~<star>^/A/     the same, upper and lower case alike
 *   GET,POST /x     only these methods; as the log has them, upper and lower case differ
 *   /x 2xx,304      only these statuses: 404, 4xx, 200-299
 *
 * (<star> is an asterisk, which would end this comment.) A request belongs to one route at most,
 * so that their numbers add up: the exact one, else the longest beginning, else the first regular
 * expression in the order given. A route whose methods or statuses do not fit is passed over as if
 * it were not there; of several for the same path the first that fits is taken.
 */
#ifndef TRAFFIC_ROUTES_H
#define TRAFFIC_ROUTES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "traffic/record.h"

enum {
    ROUTES_MAX = 1000,         /* routes */
    ROUTES_TEXT_MAX = 2048,    /* bytes of a route as it is given */
    ROUTES_SUBJECT_MAX = 8192, /* bytes of a path that regular expressions see */
    ROUTES_SLOTS = 4096,       /* of the hash table: a power of two, well above ROUTES_MAX */
    ROUTES_METHODS_MAX = 16,   /* methods of a route */
    ROUTES_RANGES_MAX = 16,    /* statuses and ranges of them of a route */
    ROUTES_NONE = -1,
};

struct route; /* routes.c */

struct routes {
    struct route *items; /* owned; in the order given */
    size_t count;
    uint16_t *slots;   /* owned; hash table: the first route of a text, plus one; 0: free */
    uint64_t exact[4]; /* which exact paths there may be: routes_exact_bit */
    uint16_t *lengths; /* owned; of the beginnings, each once, the longest first */
    size_t length_count;
    uint16_t *regexes; /* owned; the routes that are regular expressions, in the order given */
    size_t regex_count;
    bool by_pattern;   /* some route is no exact path */
    bool by_method;    /* some route asks for the method, ... */
    bool by_status;    /* ... or the status */
    uint64_t given_up; /* paths whose regular expression took too many steps; no match */
    void *match;       /* owned: what PCRE writes to */
};

void routes_init(struct routes *s);
void routes_close(struct routes *s);

/*
 * Adds one; twice the same text is one route. -EINVAL with a sentence for what is no route
 * ("'x' does not begin with / or ~"), -E2BIG when ROUTES_MAX are there.
 */
int routes_add(struct routes *s, const char *text, struct err *e);

/* The route's text as it was given: its name in reports. Index 0 to count - 1. */
const char *routes_name(const struct routes *s, size_t index);

/* The fields (FIELD_BIT) that routes_find looks at: for format_want. */
unsigned routes_fields(const struct routes *s);

/* Which bit of routes.exact a path has: by its length and its last byte. */
static inline unsigned routes_exact_bit(struct span path)
{
    return (unsigned)(path.len * 37 + (unsigned char)path.text[path.len - 1]) % 256;
}

/* Whether there may be an exact path like this one. */
static inline bool routes_may_be_exact(const struct routes *s, struct span path)
{
    unsigned bit = routes_exact_bit(path);
    return (s->exact[bit / 64] >> (bit % 64) & 1) != 0;
}

/* What routes_find says when it has to look. */
int routes_search(struct routes *s, const struct record *r);

/*
 * The index of the request's route, or ROUTES_NONE: also for a record without a path. Nearly all
 * requests of a log that is asked for a few paths are told here.
 */
static inline int routes_find(struct routes *s, const struct record *r)
{
    if (!(r->have & FIELD_BIT(FIELD_PATH)))
        return ROUTES_NONE;
    if (!s->by_pattern && !routes_may_be_exact(s, r->field[FIELD_PATH]))
        return ROUTES_NONE;
    return routes_search(s, r);
}

#endif
