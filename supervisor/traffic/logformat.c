#include "traffic/logformat.h"

#include <ctype.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

/*
 * `[21/Nov/2026:07:26:01 +0000] ` always stands before the request's quote. Searching forward
 * for a bracket would be wrong: $remote_user may hold one.
 */
static const char TIME_SHAPE[] = "[00/Aaa/0000:00:00:00 +0000] ";

enum {
    TIME_LEN = sizeof TIME_SHAPE - 1,
    MAX_FIELDS = 8, /* quoted fields looked at before a line is given up */
};

static bool shape_matches(char shape, char c)
{
    switch (shape) {
    case '0':
        return c >= '0' && c <= '9';
    case 'A':
    case 'a':
        return isalpha((unsigned char)c);
    case '+':
        return c == '+' || c == '-';
    default:
        return c == shape;
    }
}

static bool is_time(const char *text)
{
    for (size_t i = 0; i < TIME_LEN; i++)
        if (!shape_matches(TIME_SHAPE[i], text[i]))
            return false;
    return true;
}

static bool is_escaped(const char *start, const char *quote)
{
    const char *at = quote;
    while (at > start && at[-1] == '\\')
        at--;
    return (quote - at) % 2 == 1;
}

/* The next `"` that is no part of a field, or NULL. */
static const char *find_quote(const char *at, const char *end)
{
    const char *start = at;
    while (at < end) {
        const char *quote = memchr(at, '"', (size_t)(end - at));
        if (quote == NULL || !is_escaped(start, quote))
            return quote;
        at = quote + 1;
    }
    return NULL;
}

/* The opening quote right after the time, or NULL. */
static const char *find_request(const char *line, const char *end)
{
    const char *at = line;
    for (int i = 0; i < MAX_FIELDS; i++) {
        const char *quote = find_quote(at, end);
        if (quote == NULL)
            return NULL;
        if (quote - line >= TIME_LEN && is_time(quote - TIME_LEN))
            return quote;
        at = quote + 1;
    }
    return NULL;
}

/* ` 200` at `at`: what follows the request and no other field. 0 when it is something else. */
static int read_status(const char *at, const char *end)
{
    if (end - at < 4 || at[0] != ' ')
        return 0;
    int status = 0;
    for (int i = 1; i <= 3; i++) {
        if (!isdigit((unsigned char)at[i]))
            return 0;
        status = status * 10 + (at[i] - '0');
    }
    return end - at == 4 || at[4] == ' ' ? status : 0;
}

/* The field that a status follows: "$request", also when "$host" and others stand before it. */
static int find_field(const char *quote, const char *end, struct span *field)
{
    for (int i = 0; i < MAX_FIELDS; i++) {
        const char *close = find_quote(quote + 1, end);
        if (close == NULL)
            return 0;
        int status = read_status(close + 1, end);
        if (status > 0) {
            *field = (struct span){quote + 1, (size_t)(close - quote - 1)};
            return status;
        }
        if (end - close < 3 || close[1] != ' ' || close[2] != '"')
            return 0;
        quote = close + 2;
    }
    return 0;
}

/* Drops the ` HTTP/1.1` at the end; false when there is none. */
static bool cut_version(struct span *target)
{
    const char *space = memrchr(target->text, ' ', target->len);
    if (space == NULL)
        return false;
    size_t rest = target->len - (size_t)(space - target->text);
    if (rest < 6 || memcmp(space, " HTTP/", 6) != 0)
        return false;
    target->len = (size_t)(space - target->text);
    return true;
}

/* `http://host/path` and `https://host` become `/path` and ``. */
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

static void cut_query(struct span *target)
{
    for (size_t i = 0; i < target->len; i++)
        if (target->text[i] == '?' || target->text[i] == '#')
            target->len = i;
}

/* `GET /sample?x=1 HTTP/1.1` to `/sample`. */
static bool read_path(struct span request, int status, struct span *path)
{
    size_t method = 0;
    while (method < request.len && isalpha((unsigned char)request.text[method]))
        method++;
    if (method == 0 || method == request.len || request.text[method] != ' ')
        return false;
    struct span target = {request.text + method + 1, request.len - method - 1};
    /* HTTP/0.9 has no version; a refused line without one was cut, so its path is a guess. */
    if (!cut_version(&target) && status >= 400)
        return false;
    cut_authority(&target);
    cut_query(&target);
    if (target.len == 0 || target.text[0] != '/')
        return false;
    *path = target;
    return true;
}

enum logformat_kind logformat_read(const char *line, size_t len, const char *day, struct span *path)
{
    const char *end = line + len;
    const char *quote = find_request(line, end);
    if (quote == NULL)
        return LINE_UNREADABLE;
    if (memcmp(quote - TIME_LEN + 1, day, LOGFORMAT_DAY_LEN) != 0)
        return LINE_OTHER_DAY;
    struct span request;
    int status = find_field(quote, end, &request);
    if (status == 0)
        return LINE_UNREADABLE;
    return read_path(request, status, path) ? LINE_PATH : LINE_NO_PATH;
}

void logformat_day(int year, int month, int mday, char day[LOGFORMAT_DAY_LEN + 1])
{
    static const char names[] = "JanFebMarAprMayJunJulAugSepOctNovDec";
    (void)snprintf(day, LOGFORMAT_DAY_LEN + 1, "%02d/%.3s/%04d", mday,
                   names + (ptrdiff_t)(month - 1) * 3, year);
}
