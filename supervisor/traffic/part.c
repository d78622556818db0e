#include "traffic/part.h"

#include <string.h>

// clang-format off
static const unsigned PART_FIELDS[] = {
    [PART_NOTHING]  = 0,
    [PART_ADDR]     = FIELD_BIT(FIELD_ADDR),
    [PART_PROXIES]  = FIELD_BIT(FIELD_ADDR),
    [PART_USER]     = FIELD_BIT(FIELD_USER),
    [PART_TIME]     = FIELD_BIT(FIELD_TIME),
    [PART_REQUEST]  = FIELD_BIT(FIELD_METHOD) | FIELD_BIT(FIELD_PATH),
    [PART_METHOD]   = FIELD_BIT(FIELD_METHOD),
    [PART_PATH]     = FIELD_BIT(FIELD_PATH),
    [PART_STATUS]   = FIELD_BIT(FIELD_STATUS),
    [PART_BYTES]    = FIELD_BIT(FIELD_BYTES),
    [PART_REFERRER] = FIELD_BIT(FIELD_REFERRER),
    [PART_AGENT]    = FIELD_BIT(FIELD_AGENT),
    [PART_HOST]     = FIELD_BIT(FIELD_HOST),
    [PART_LATENCY]  = FIELD_BIT(FIELD_LATENCY),
};
// clang-format on

unsigned part_fields(enum part part)
{
    return PART_FIELDS[part];
}

static enum line_kind take_time(struct take *t, struct span text)
{
    if (text.len == WHEN_LOCAL_LEN && when_is_same(t->when, text.text))
        t->r->when = t->when->moment;
    else if (!when_read(t->when, text, &t->r->when))
        return LINE_TIME;
    if (t->wanted & FIELD_BIT(FIELD_TIME))
        record_set(t->r, FIELD_TIME, text);
    return LINE_OK;
}

static void set_wanted(struct take *t, enum field field, struct span text)
{
    if (t->wanted & FIELD_BIT(field))
        record_set(t->r, field, text);
}

static void take_addr(struct take *t, struct span text)
{
    const char *comma = memchr(text.text, ',', text.len);
    if (comma != NULL)
        text.len = (size_t)(comma - text.text);
    set_wanted(t, FIELD_ADDR, text);
}

static void take_path(struct take *t, struct span text)
{
    struct span path = request_path(text, take_limit(t, text));
    if (path.len > 0)
        set_wanted(t, FIELD_PATH, path);
}

static enum line_kind take_bytes(struct take *t, struct span text)
{
    bool absent = text.len == 1 && text.text[0] == '-';
    if (!absent && !number_read(text, &t->r->bytes))
        return LINE_OTHER;
    set_wanted(t, FIELD_BYTES, text);
    return LINE_OK;
}

static enum line_kind take_latency(struct take *t, struct span text)
{
    bool absent = text.len == 1 && text.text[0] == '-';
    if (!absent && !seconds_read(text, &t->r->latency_us))
        return LINE_OTHER;
    set_wanted(t, FIELD_LATENCY, text);
    return LINE_OK;
}

static enum line_kind take_status(struct take *t, struct span text)
{
    t->r->status = (text.text[0] - '0') * 100 + (text.text[1] - '0') * 10 + (text.text[2] - '0');
    set_wanted(t, FIELD_STATUS, text);
    return LINE_OK;
}

enum line_kind take_part(struct take *t, enum part part, struct span text)
{
    switch (part) {
    case PART_NOTHING:
        break;
    case PART_ADDR:
        set_wanted(t, FIELD_ADDR, text);
        break;
    case PART_PROXIES:
        take_addr(t, text);
        break;
    case PART_USER:
        set_wanted(t, FIELD_USER, text);
        break;
    case PART_TIME:
        return take_time(t, text);
    case PART_REQUEST:
        t->request = text;
        break;
    case PART_METHOD:
        set_wanted(t, FIELD_METHOD, text);
        break;
    case PART_PATH:
        take_path(t, text);
        break;
    case PART_STATUS:
        return take_status(t, text);
    case PART_BYTES:
        return take_bytes(t, text);
    case PART_REFERRER:
        set_wanted(t, FIELD_REFERRER, text);
        break;
    case PART_AGENT:
        set_wanted(t, FIELD_AGENT, text);
        break;
    case PART_HOST:
        set_wanted(t, FIELD_HOST, text);
        break;
    case PART_LATENCY:
        return take_latency(t, text);
    }
    return LINE_OK;
}
