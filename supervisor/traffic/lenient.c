#include "traffic/lenient.h"

#include <string.h>

#include "traffic/request.h"

enum {
    TIME_LEN = WHEN_LOCAL_LEN + 3, /* "[21/Nov/2026:07:26:01 +0000] " */
    MAX_FIELDS = 8,                /* quoted fields looked at before a line is given up */
};

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

/*
 * The opening quote right after the time, or NULL. Searching forward for a bracket would be wrong:
 * $remote_user may hold one.
 */
static const char *find_request(const char *line, const char *end)
{
    const char *at = line;
    for (int i = 0; i < MAX_FIELDS; i++) {
        const char *quote = quote_find(at, end);
        if (quote == NULL)
            return NULL;
        if (quote - line >= TIME_LEN && quote[-TIME_LEN] == '[' && quote[-1] == ' ' &&
            quote[-2] == ']' && quote[-TIME_LEN + 3] == '/')
            return quote;
        at = quote + 1;
    }
    return NULL;
}

/* ` 200` at `at`: what follows the request and no other field. */
static bool is_status(const char *at, const char *end)
{
    return end - at >= 4 && at[0] == ' ' && is_digit(at[1]) && is_digit(at[2]) && is_digit(at[3]) &&
           (end - at == 4 || at[4] == ' ');
}

/* The request that begins at or after `quote`; NULL, or where it ends. */
static const char *find_field(const char *quote, const char *end, struct span *request,
                              enum line_kind *kind)
{
    for (int i = 0; i < MAX_FIELDS; i++) {
        const char *close = quote_find(quote + 1, end);
        if (close == NULL || end - close < 5) {
            *kind = LINE_CUT;
            return NULL;
        }
        if (is_status(close + 1, end)) {
            *request = (struct span){quote + 1, (size_t)(close - quote - 1)};
            return close;
        }
        if (close[1] != ' ' || close[2] != '"')
            break;
        quote = close + 2;
    }
    *kind = LINE_OTHER;
    return NULL;
}

/* `10.0.0.1, 10.0.0.2 - name ` before the time. */
static enum line_kind read_client(struct span head, struct take *t)
{
    const char *dash = memmem(head.text, head.len, " - ", 3);
    struct span addr = {head.text, dash != NULL ? (size_t)(dash - head.text) : head.len};
    const char *blank = memchr(addr.text, ' ', addr.len);
    if (blank != NULL)
        addr.len = (size_t)(blank - addr.text);
    if (dash != NULL) {
        struct span user = {dash + 3, head.len - (size_t)(dash + 3 - head.text)};
        while (user.len > 0 && user.text[user.len - 1] == ' ')
            user.len--;
        (void)take_part(t, PART_USER, user);
    }
    return take_part(t, PART_PROXIES, addr);
}

/* The next ` "..."`; false when something else is there. */
static bool next_quoted(const char **at, const char *end, struct span *text)
{
    if (end - *at < 3 || (*at)[0] != ' ' || (*at)[1] != '"')
        return false;
    const char *close = quote_find(*at + 2, end);
    if (close == NULL)
        return false;
    *text = (struct span){*at + 2, (size_t)(close - *at - 2)};
    *at = close + 1;
    return true;
}

/* The word at `at`, without the blank before it; empty when there is none. */
static struct span next_word(const char *at, const char *end)
{
    if (at == end || *at != ' ')
        return (struct span){at, 0};
    const char *start = ++at;
    while (at < end && *at != ' ' && *at != '"')
        at++;
    return (struct span){start, (size_t)(at - start)};
}

/* A field that is opened and never closed: the line was cut. */
static bool is_cut(const char *at, const char *end)
{
    bool open = false;
    while ((at = quote_find(at, end)) != NULL) {
        open = !open;
        at++;
    }
    return open;
}

static enum line_kind read_rest(const char *at, const char *end, struct take *t)
{
    struct span text = next_word(at, end);
    uint64_t number;
    if (number_read(text, &number) || (text.len == 1 && *text.text == '-')) {
        (void)take_part(t, PART_BYTES, text);
        at = text.text + text.len;
    }
    if (next_quoted(&at, end, &text))
        (void)take_part(t, PART_REFERRER, text);
    if (next_quoted(&at, end, &text))
        (void)take_part(t, PART_AGENT, text);
    text = next_word(at, end);
    if (text.len > 0 && memchr(text.text, '.', text.len) != NULL && seconds_read(text, &number))
        (void)take_part(t, PART_LATENCY, text);
    return at < end && is_cut(at, end) ? LINE_CUT : LINE_OK;
}

enum line_kind lenient_read(struct span line, struct take *t)
{
    const char *end = line.text + line.len;
    const char *quote = find_request(line.text, end);
    struct span request;
    enum line_kind kind;
    if (quote == NULL)
        return is_cut(line.text, end) ? LINE_CUT : LINE_OTHER;
    const char *time = quote - TIME_LEN;
    const char *close = find_field(quote, end, &request, &kind);
    if (close == NULL)
        return kind;
    kind = take_part(t, PART_TIME, (struct span){time + 1, WHEN_LOCAL_LEN});
    if (kind != LINE_OK)
        return kind;
    if (t->wanted & (FIELD_BIT(FIELD_ADDR) | FIELD_BIT(FIELD_USER)))
        (void)read_client((struct span){line.text, (size_t)(time - line.text)}, t);
    (void)take_part(t, PART_STATUS, (struct span){close + 2, 3});
    (void)take_part(t, PART_REQUEST, request);
    kind = read_rest(close + 5, end, t);
    take_end(t);
    return kind;
}
