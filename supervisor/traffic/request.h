/*
 * `GET /sample?x=1 HTTP/1.1` and its parts: method and path. Pure. And the small readers of text
 * that all formats share.
 */
#ifndef TRAFFIC_REQUEST_H
#define TRAFFIC_REQUEST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "traffic/bytes.h"
#include "traffic/record.h"

/*
 * Takes a request line apart and sets FIELD_METHOD and FIELD_PATH in *r when they are wanted and
 * there. r->status, which must be set, says whether a request without a version is HTTP/0.9 (below
 * 400) or was cut, so that its path is a guess and there is none. Bytes before `limit`, which is
 * not before the request's end, may be read.
 */
void request_read_any(struct span request, const char *limit, unsigned wanted, struct record *r);

/* The path of a request's target, also of an absolute URI; empty when it has none. */
struct span request_path(struct span target, const char *limit);

/* The next `"` in [at, end) that no backslash after `start` stands before, or NULL. */
const char *quote_find_behind(const char *start, const char *at, const char *end);

/* The next `"` in [at, end) that no backslash stands before, or NULL. */
static inline const char *quote_find(const char *at, const char *end)
{
    if (end - at < BYTES_STEP)
        return quote_find_behind(at, at, end);
    unsigned found = bytes_are(at, '"', '"');
    if (found == 0)
        return quote_find_behind(at, at + BYTES_STEP, end);
    const char *quote = at + __builtin_ctz(found);
    return quote == at || quote[-1] != '\\' ? quote : quote_find_behind(at, quote, end);
}

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

/* The same; `GET /... HTTP/1.1`, which nearly all are, is read here. */
static inline void request_read(struct span request, const char *limit, unsigned wanted,
                                struct record *r)
{
    enum { VERSION = 9, LONGEST = 8 }; /* ` HTTP/1.1`, and a method */
    const char *end = request.text + request.len - VERSION;
    if (request.len <= VERSION || limit - request.text < BYTES_STEP ||
        memcmp(end, " HTTP/", 6) != 0) {
        request_read_any(request, limit, wanted, r);
        return;
    }
    unsigned method = (unsigned)__builtin_ctz(bytes_no_capital(request.text) | 1U << LONGEST);
    const char *path = request.text + method + 1;
    if (method == 0 || path >= end || path[-1] != ' ' || *path != '/') {
        request_read_any(request, limit, wanted, r);
        return;
    }
    if (wanted & FIELD_BIT(FIELD_METHOD)) {
        r->have |= FIELD_BIT(FIELD_METHOD);
        r->field[FIELD_METHOD] = (struct span){request.text, method};
    }
    if (wanted & FIELD_BIT(FIELD_PATH)) {
        const char *stop = bytes_find(path, end, limit, "?#");
        r->have |= FIELD_BIT(FIELD_PATH);
        r->field[FIELD_PATH] = (struct span){path, (size_t)(stop - path)};
    }
}

#endif
