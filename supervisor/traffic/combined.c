#include "traffic/combined.h"

#include "traffic/bytes.h"
#include "traffic/wide.h"

enum {
    HEAD_LEN = 35, /* ` - - [21/Nov/2026:07:26:01 +0000] "` */
    REST_LEN = 12, /* at least: `" 200 0 "" ""` behind the request, but for the last quote */
    DIGITS_MAX = 19,
};

/* What nearly every count wants, and has anyway. */
#define CHEAP (FIELD_BIT(FIELD_TIME) | FIELD_BIT(FIELD_METHOD) | FIELD_BIT(FIELD_PATH))

static inline bool is_digit(char c)
{
    return (unsigned char)(c - '0') < 10;
}

/* Where each thing in the line begins and ends. */
struct marks {
    const char *addr_end;
    const char *request_end; /* its closing quote */
    const char *bytes_end;
    const char *referrer_end;
    const char *agent_end;
};

static inline void set(struct take *t, enum field field, const char *at, const char *end)
{
    if (t->wanted & FIELD_BIT(field))
        record_set(t->r, field, (struct span){at, (size_t)(end - at)});
}

static void take_others(struct take *t, const struct marks *m)
{
    const char *status = m->request_end + 2;
    struct span bytes = {status + 4, (size_t)(m->bytes_end - status - 4)};
    set(t, FIELD_ADDR, t->at, m->addr_end);
    set(t, FIELD_STATUS, status, status + 3);
    (void)take_part(t, PART_BYTES, bytes);
    set(t, FIELD_REFERRER, m->bytes_end + 2, m->referrer_end);
    set(t, FIELD_AGENT, m->referrer_end + 3, m->agent_end);
}

/* ` - - [time] "`; the time is read. */
static inline bool read_head(struct take *t, const char *at)
{
    if (t->end - at <= HEAD_LEN + REST_LEN || memcmp(at, " - -", 4) != 0 ||
        memcmp(at + 4, " [", 2) != 0 || memcmp(at + 6 + WHEN_LOCAL_LEN, "] ", 2) != 0 ||
        at[HEAD_LEN - 1] != '"')
        return false;
    if (when_is_same(t->when, at + 6)) {
        t->r->when = t->when->moment;
        return true;
    }
    return at[8] == '/' && when_read(t->when, (struct span){at + 6, WHEN_LOCAL_LEN}, &t->r->when);
}

/* The next quote in [at, end) if it is before a newline and no backslash stands before it. */
static inline const char *closing_quote(const char *at, const char *end, bool wide)
{
    const char *quote = wide ? wide_find(at, end, "\"\n") : bytes_find(at, end, end, "\"\n");
    return quote < end && *quote == '"' && quote[-1] != '\\' ? quote : NULL;
}

/* `" 200 12 "`; the status is read. Where the digits of the bytes end, or NULL. */
static inline const char *read_numbers(struct take *t, const char *close)
{
    if (t->end - close <= REST_LEN || close[1] != ' ' || !is_digit(close[2]) ||
        !is_digit(close[3]) || !is_digit(close[4]) || close[5] != ' ')
        return NULL;
    const char *bytes = close + 6;
    const char *end = bytes_digits_end(bytes, t->end);
    if (end == bytes || end - bytes > DIGITS_MAX || t->end - end < 6 || memcmp(end, " \"", 2) != 0)
        return NULL;
    t->r->status = (close[2] - '0') * 100 + (close[3] - '0') * 10 + (close[4] - '0');
    return end;
}

/*
 * Finds out where everything is, and reads the time and the status. In line, once for each way to
 * look for quotes.
 */
__attribute__((always_inline)) static inline bool mark(struct take *t, struct marks *m, bool wide)
{
    const char *end = t->end;
    m->addr_end = bytes_word_end(t->at, end);
    if (m->addr_end == t->at || !read_head(t, m->addr_end))
        return false;
    m->request_end = closing_quote(m->addr_end + HEAD_LEN, end, wide);
    if (m->request_end == NULL || (m->bytes_end = read_numbers(t, m->request_end)) == NULL)
        return false;
    m->referrer_end = closing_quote(m->bytes_end + 2, end, wide);
    if (m->referrer_end == NULL || end - m->referrer_end < 4 ||
        memcmp(m->referrer_end + 1, " \"", 2) != 0)
        return false;
    m->agent_end = closing_quote(m->referrer_end + 3, end, wide);
    return m->agent_end != NULL;
}

WIDE static bool mark_wide(struct take *t, struct marks *m)
{
    return mark(t, m, true);
}

static bool mark_narrow(struct take *t, struct marks *m)
{
    return mark(t, m, false);
}

const char *combined_read(struct take *t, bool wide)
{
    struct marks m;
    if (!(wide ? mark_wide(t, &m) : mark_narrow(t, &m)))
        return NULL;
    if ((t->wanted & FIELD_BIT(FIELD_ADDR)) &&
        memchr(t->at, ',', (size_t)(m.addr_end - t->at)) != NULL)
        return NULL; /* perhaps a list of proxies */
    const char *request = m.addr_end + HEAD_LEN;
    set(t, FIELD_TIME, m.addr_end + 6, m.addr_end + 6 + WHEN_LOCAL_LEN);
    if (t->wanted & ~CHEAP)
        take_others(t, &m);
    request_read((struct span){request, (size_t)(m.request_end - request)}, t->end, t->wanted,
                 t->r);
    return m.agent_end + 1;
}
