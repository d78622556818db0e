/* Layouts at work: a line is read from its first piece to its last. layout.c makes them. */
#include <string.h>

#include "traffic/layout.h"
#include "traffic/request.h"

enum { ISO_LEN = 25, STATUS_LEN = 3 };

/* A line on its way through the pieces. */
struct reading {
    const struct layout *layout;
    const char *at;
    const char *end;
    unsigned wanted;
    struct record *r;
    struct when *when;
    struct span request; /* to be taken apart when the status is known */
};

static bool is_number(char c)
{
    return (c >= '0' && c <= '9') || c == '.' || c == '-';
}

static bool is_word(char c)
{
    return c > ' ' && c < 0x7f;
}

/* Where the pieces (i, until) begin when they end at `at`; NULL when they do not fit. */
static const char *walk_back(const struct reading *g, size_t i, size_t until, const char *at)
{
    for (size_t k = until; k-- > i + 1;) {
        const struct piece *p = &g->layout->pieces[k];
        size_t len = p->shape == SHAPE_TEXT     ? p->len
                     : p->shape == SHAPE_LOCAL  ? (size_t)WHEN_LOCAL_LEN
                     : p->shape == SHAPE_ISO    ? (size_t)ISO_LEN
                     : p->shape == SHAPE_STATUS ? (size_t)STATUS_LEN
                                                : 0;
        if ((size_t)(at - g->at) < len)
            return NULL;
        at -= len;
        while (p->shape == SHAPE_NUMBER && at > g->at && is_number(at[-1]))
            at--;
        while (p->shape == SHAPE_WORD && at > g->at && is_word(at[-1]))
            at--;
    }
    return at;
}

/* The end of a variable that may hold anything, or NULL when there is none. */
static const char *find_end(const struct reading *g, size_t i)
{
    const struct layout *l = g->layout;
    const struct piece *p = &l->pieces[i];
    if (p->end == END_QUOTE)
        return quote_find(g->at, g->end);
    const char *anchor = p->until < l->count ? quote_find(g->at, g->end) : g->end;
    if (anchor == NULL || (size_t)(anchor - g->at) < p->extra)
        return NULL;
    anchor -= p->extra;
    if (p->end == END_TAIL)
        return walk_back(g, i, p->until, anchor);
    const struct piece *next = &l->pieces[i + 1];
    return memmem(g->at, (size_t)(anchor - g->at), next->text, next->len);
}

static enum line_kind take_time(struct reading *g, struct span text)
{
    if (!when_read(g->when, text, &g->r->when))
        return LINE_TIME;
    if (g->wanted & FIELD_BIT(FIELD_TIME))
        record_set(g->r, FIELD_TIME, text);
    return LINE_OK;
}

static void set_wanted(struct reading *g, enum field field, struct span text)
{
    if (g->wanted & FIELD_BIT(field))
        record_set(g->r, field, text);
}

static void take_addr(struct reading *g, struct span text)
{
    const char *comma = memchr(text.text, ',', text.len);
    if (comma != NULL)
        text.len = (size_t)(comma - text.text);
    set_wanted(g, FIELD_ADDR, text);
}

static void take_path(struct reading *g, struct span text)
{
    struct span path;
    if (request_path(text, &path))
        set_wanted(g, FIELD_PATH, path);
}

static enum line_kind take_bytes(struct reading *g, struct span text)
{
    bool absent = text.len == 1 && text.text[0] == '-';
    if (!absent && !number_read(text, &g->r->bytes))
        return LINE_OTHER;
    set_wanted(g, FIELD_BYTES, text);
    return LINE_OK;
}

static enum line_kind take_latency(struct reading *g, struct span text)
{
    bool absent = text.len == 1 && text.text[0] == '-';
    if (!absent && !seconds_read(text, &g->r->latency_us))
        return LINE_OTHER;
    set_wanted(g, FIELD_LATENCY, text);
    return LINE_OK;
}

static enum line_kind take_status(struct reading *g, struct span text)
{
    g->r->status = (text.text[0] - '0') * 100 + (text.text[1] - '0') * 10 + (text.text[2] - '0');
    set_wanted(g, FIELD_STATUS, text);
    return LINE_OK;
}

static enum line_kind take(struct reading *g, enum part part, struct span text)
{
    switch (part) {
    case PART_NOTHING:
        break;
    case PART_ADDR:
        set_wanted(g, FIELD_ADDR, text);
        break;
    case PART_PROXIES:
        take_addr(g, text);
        break;
    case PART_USER:
        set_wanted(g, FIELD_USER, text);
        break;
    case PART_TIME:
        return take_time(g, text);
    case PART_REQUEST:
        g->request = text;
        break;
    case PART_METHOD:
        set_wanted(g, FIELD_METHOD, text);
        break;
    case PART_PATH:
        take_path(g, text);
        break;
    case PART_STATUS:
        return take_status(g, text);
    case PART_BYTES:
        return take_bytes(g, text);
    case PART_REFERRER:
        set_wanted(g, FIELD_REFERRER, text);
        break;
    case PART_AGENT:
        set_wanted(g, FIELD_AGENT, text);
        break;
    case PART_HOST:
        set_wanted(g, FIELD_HOST, text);
        break;
    case PART_LATENCY:
        return take_latency(g, text);
    }
    return LINE_OK;
}

/* The length of the value at g->at, by its shape; -1 when there is none. */
static long shape_len(const struct reading *g, const struct piece *p)
{
    const char *at = g->at;
    long room = g->end - at;
    switch (p->shape) {
    case SHAPE_LOCAL:
        return room >= WHEN_LOCAL_LEN && at[2] == '/' ? WHEN_LOCAL_LEN : -1;
    case SHAPE_ISO:
        return room >= ISO_LEN && at[4] == '-' ? ISO_LEN : -1;
    case SHAPE_STATUS:
        if (room < STATUS_LEN || (unsigned)(at[0] - '0') > 9 || (unsigned)(at[1] - '0') > 9 ||
            (unsigned)(at[2] - '0') > 9)
            return -1;
        return STATUS_LEN;
    case SHAPE_NUMBER:
        while (at < g->end && is_number(*at))
            at++;
        break;
    case SHAPE_WORD:
        while (at < g->end && is_word(*at))
            at++;
        break;
    case SHAPE_TEXT:
    case SHAPE_FREE:
        break;
    }
    return at > g->at ? at - g->at : -1;
}

static enum line_kind read_text(struct reading *g, const struct piece *p)
{
    size_t room = (size_t)(g->end - g->at);
    size_t len = p->len < room ? p->len : room;
    if (memcmp(g->at, p->text, len) != 0)
        return LINE_OTHER;
    g->at += len;
    return len == p->len ? LINE_OK : LINE_CUT;
}

static enum line_kind read_free(struct reading *g, size_t i)
{
    const char *end = find_end(g, i);
    if (end == NULL)
        return quote_find(g->at, g->end) == NULL ? LINE_CUT : LINE_OTHER;
    struct span text = {g->at, (size_t)(end - g->at)};
    g->at = end;
    return take(g, g->layout->pieces[i].part, text);
}

static enum line_kind read_shaped(struct reading *g, const struct piece *p)
{
    long len = shape_len(g, p);
    if (len < 0)
        return g->end - g->at < WHEN_LOCAL_LEN ? LINE_CUT : LINE_OTHER;
    struct span text = {g->at, (size_t)len};
    g->at += len;
    return take(g, p->part, text);
}

enum line_kind layout_read(const struct layout *l, struct when *w, struct span line,
                           unsigned wanted, struct record *r)
{
    struct reading g = {l, line.text, line.text + line.len, wanted, r, w, {NULL, 0}};
    enum line_kind kind = LINE_OK;
    r->have = 0;
    r->status = 0;
    for (size_t i = 0; i < l->count && kind == LINE_OK; i++) {
        const struct piece *p = &l->pieces[i];
        if (p->shape == SHAPE_TEXT)
            kind = read_text(&g, p);
        else if (p->shape == SHAPE_FREE)
            kind = read_free(&g, i);
        else
            kind = read_shaped(&g, p);
    }
    if (kind == LINE_OK && g.at != g.end)
        kind = LINE_OTHER;
    if (kind == LINE_OK && g.request.text != NULL)
        request_read(g.request, wanted, r);
    return kind;
}
