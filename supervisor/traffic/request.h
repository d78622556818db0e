/*
 * `GET /sample?x=1 HTTP/1.1` and its parts: method and path. Pure. And the small readers of text
 * that all formats share.
 */
#ifndef TRAFFIC_REQUEST_H
#define TRAFFIC_REQUEST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "traffic/record.h"

/*
 * Takes a request line apart and sets FIELD_METHOD and FIELD_PATH in *r when they are wanted and
 * there. r->status, which must be set, says whether a request without a version is HTTP/0.9 (below
 * 400) or was cut, so that its path is a guess and there is none.
 */
void request_read(struct span request, unsigned wanted, struct record *r);

/* The path of a request's target, also of an absolute URI; false when it has none. */
bool request_path(struct span target, struct span *path);

/* The next `"` in [at, end) that no backslash stands before, or NULL. */
const char *quote_find(const char *at, const char *end);

/* All of the text is one number. Digits; digits with a point, in microseconds. */
bool number_read(struct span text, uint64_t *out);
bool seconds_read(struct span text, uint64_t *out_us);

/* Puts text into a field unless it is "" or "-". */
static inline void record_set(struct record *r, enum field field, struct span text)
{
    if (text.len == 0 || (text.len == 1 && text.text[0] == '-'))
        return;
    r->have |= FIELD_BIT(field);
    r->field[field] = text;
}

#endif
