#include "traffic/combined.h"

#include "traffic/bytes.h"

enum {
    HEAD_LEN = 35, /* ` - - [21/Nov/2026:07:26:01 +0000] "` */
    REST_LEN = 12, /* at least: `" 200 0 "" ""` behind the request, but for the last quote */
    DIGITS_MAX = 19,
};

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

static void set(struct take *t, enum field field, const char *at, const char *end)
{
    if (t->wanted & FIELD_BIT(field))
        record_set(t->r, field, (struct span){at, (size_t)(end - at)});
}

static void take_others(struct take *t, const struct marks *m)
{
    const char *status = m->request_end + 2;
    struct span bytes = {status + 4, (size_t)(m->bytes_end - status - 4)};
    set(t, FIELD_ADDR, t->at, m->addr_end);
    set(t, FIELD_TIME, m->addr_end + 6, m->addr_end + 6 + WHEN_LOCAL_LEN);
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

bool combined_read(struct take *t)
{
    const char *end = t->end;
    const char *addr_end = bytes_word_end(t->at, end);
    if (addr_end == t->at || !read_head(t, addr_end))
        return false;
    size_t addr_len = (size_t)(addr_end - t->at);
    if ((t->wanted & FIELD_BIT(FIELD_ADDR)) && memchr(t->at, ',', addr_len) != NULL)
        return false; /* perhaps a list of proxies */
    const char *request = addr_end + HEAD_LEN;
    const char *close = bytes_find(request, end, end, "\"\"");
    if (end - close <= REST_LEN || close[-1] == '\\' || close[1] != ' ' || !is_digit(close[2]) ||
        !is_digit(close[3]) || !is_digit(close[4]) || close[5] != ' ')
        return false;
    const char *bytes = close + 6;
    const char *bytes_end = bytes_digits_end(bytes, end);
    if (bytes_end == bytes || bytes_end - bytes > DIGITS_MAX || end - bytes_end < 6 ||
        memcmp(bytes_end, " \"", 2) != 0)
        return false;
    const char *referrer_end = quote_find(bytes_end + 2, end);
    if (referrer_end == NULL || end - referrer_end < 4 || referrer_end[1] != ' ' ||
        referrer_end[2] != '"')
        return false;
    const char *agent_end = quote_find(referrer_end + 3, end);
    if (agent_end == NULL || agent_end + 1 != end)
        return false;
    t->r->status = (close[2] - '0') * 100 + (close[3] - '0') * 10 + (close[4] - '0');
    if (t->wanted & ~(FIELD_BIT(FIELD_METHOD) | FIELD_BIT(FIELD_PATH)))
        take_others(t, &(struct marks){addr_end, close, bytes_end, referrer_end, agent_end});
    request_read((struct span){request, (size_t)(close - request)}, end, t->wanted, t->r);
    return true;
}
