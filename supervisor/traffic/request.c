#include "traffic/request.h"

#include <string.h>
#include <strings.h>

static bool is_escaped(const char *start, const char *quote)
{
    const char *at = quote;
    while (at > start && at[-1] == '\\')
        at--;
    return (quote - at) % 2 == 1;
}

const char *quote_find_behind(const char *start, const char *at, const char *end)
{
    while (at < end) {
        const char *quote = memchr(at, '"', (size_t)(end - at));
        if (quote == NULL || quote == start || quote[-1] != '\\' || !is_escaped(start, quote))
            return quote;
        at = quote + 1;
    }
    return NULL;
}

bool number_read(struct span text, uint64_t *out)
{
    uint64_t value = 0;
    if (text.len == 0 || text.len > 19)
        return false;
    for (size_t i = 0; i < text.len; i++) {
        if (text.text[i] < '0' || text.text[i] > '9')
            return false;
        value = value * 10 + (uint64_t)(text.text[i] - '0');
    }
    *out = value;
    return true;
}

bool seconds_read(struct span text, uint64_t *out_us)
{
    const char *point = memchr(text.text, '.', text.len);
    size_t whole = point != NULL ? (size_t)(point - text.text) : text.len;
    uint64_t seconds = 0;
    if (whole > 12 || !number_read((struct span){text.text, whole}, &seconds))
        return false;
    uint64_t us = 0;
    uint64_t unit = 100000;
    for (size_t i = whole + 1; i < text.len; i++, unit /= 10) {
        if (text.text[i] < '0' || text.text[i] > '9')
            return false;
        us += (uint64_t)(text.text[i] - '0') * unit;
    }
    *out_us = seconds * 1000000 + us;
    return point == NULL || whole + 1 < text.len;
}

/* Drops the ` HTTP/1.1` at the end; false when there is none. */
static bool cut_version(struct span *target)
{
    enum { VERSION = 9 };
    if (target->len >= VERSION) {
        size_t rest = target->len - VERSION; /* nearly always */
        if (memcmp(target->text + rest, " HTTP/", 6) == 0) {
            target->len = rest;
            return true;
        }
    }
    const char *space = memrchr(target->text, ' ', target->len);
    if (space == NULL)
        return false;
    size_t rest = target->len - (size_t)(space - target->text);
    if (rest < 6 || memcmp(space, " HTTP/", 6) != 0)
        return false;
    target->len = (size_t)(space - target->text);
    return true;
}

/* `http://host/path` and `https://host` become `/path` and `/`. */
static void cut_authority(struct span *target)
{
    static const char *const schemes[] = {"http://", "https://"};
    for (size_t i = 0; i < sizeof schemes / sizeof *schemes; i++) {
        size_t len = strlen(schemes[i]);
        if (target->len < len || strncasecmp(target->text, schemes[i], len) != 0)
            continue;
        const char *end = target->text + target->len;
        const char *at = target->text + len;
        while (at < end && *at != '/' && *at != '?' && *at != '#')
            at++;
        *target = (struct span){at, (size_t)(end - at)};
        if (at == end || *at != '/')
            *target = (struct span){"/", 1};
        return;
    }
}

struct span request_path(struct span target, const char *limit)
{
    if (target.len > 0 && target.text[0] != '/') {
        cut_authority(&target);
        limit = target.text + target.len; /* it may be a "/" of our own */
    }
    if (target.len == 0 || target.text[0] != '/')
        return (struct span){NULL, 0};
    const char *end = bytes_find(target.text, target.text + target.len, limit, "?#");
    return (struct span){target.text, (size_t)(end - target.text)};
}

static bool is_letter(char c)
{
    return (unsigned)((c | 0x20) - 'a') < 26;
}

/* Letters, and in between - and _, as in M-SEARCH; 0 when no blank follows. */
static size_t method_len(struct span request)
{
    size_t len = 0;
    if (request.len == 0 || !is_letter(request.text[0]))
        return 0;
    while (len < request.len &&
           (is_letter(request.text[len]) || request.text[len] == '-' || request.text[len] == '_'))
        len++;
    return len > 0 && len < request.len && request.text[len] == ' ' ? len : 0;
}

void request_read_any(struct span request, const char *limit, unsigned wanted, struct record *r)
{
    size_t method = method_len(request);
    if (method == 0)
        return;
    if (wanted & FIELD_BIT(FIELD_METHOD))
        record_set(r, FIELD_METHOD, (struct span){request.text, method});
    struct span target = {request.text + method + 1, request.len - method - 1};
    /* HTTP/0.9 has no version; a refused request without one was cut */
    if (!(wanted & FIELD_BIT(FIELD_PATH)) || (!cut_version(&target) && r->status >= 400))
        return;
    struct span path = request_path(target, limit);
    if (path.len > 0)
        record_set(r, FIELD_PATH, path);
}
