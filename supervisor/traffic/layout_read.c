/* Layouts at work: a line is read from its first piece to its last. layout.c makes them. */
#include <string.h>

#include "traffic/bytes.h"
#include "traffic/layout.h"
#include "traffic/request.h"

enum { COUNT_DIGITS_MAX = 19, NUMBER_DIGITS_MAX = 12 };

static inline bool is_digit(char c)
{
    return (unsigned char)(c - '0') < 10;
}

/* The end of `-` or of digits; `at` when there are none, or too many. */
static inline const char *count_end(const char *at, const char *end, long most)
{
    const char *stop = bytes_digits_end(at, end);
    if (stop == at)
        return at < end && *at == '-' ? at + 1 : at;
    return stop - at <= most ? stop : at;
}

/* The same with a point and digits behind it. */
static const char *number_end(const char *at, const char *end)
{
    const char *point = count_end(at, end, NUMBER_DIGITS_MAX);
    if (point == at || point == end || *point != '.' || *at == '-')
        return point;
    const char *stop = bytes_digits_end(point + 1, end);
    return stop > point + 1 ? stop : at;
}

/* From a number's end to its beginning. */
static const char *number_begin(const char *at, const char *start)
{
    const char *end = at;
    while (at > start && (is_digit(at[-1]) || at[-1] == '.'))
        at--;
    return at == end && at > start && at[-1] == '-' ? at - 1 : at;
}

/* Where the pieces (from, to) begin when they end at `at`; NULL when they do not fit. */
static const char *walk_back(const struct take *t, const struct piece *from, const struct piece *to,
                             const char *at)
{
    for (const struct piece *p = to - 1; p > from; p--) {
        size_t len = layout_fixed_len(p);
        if ((size_t)(at - t->at) < len)
            return NULL;
        at -= len;
        if (p->shape == SHAPE_NUMBER || p->shape == SHAPE_COUNT)
            at = number_begin(at, t->at);
        while (p->shape == SHAPE_WORD && at > t->at && at[-1] > ' ' && at[-1] < 0x7f &&
               at[-1] != '"')
            at--;
    }
    return at;
}

static inline bool is_text(const char *at, const struct piece *p)
{
    return p->mask != 0 && ((bytes_eight(at) ^ p->head) & p->mask) == 0;
}

/*
 * $remote_user is nearly always `-`: then the next quote is where it must be when the pieces in
 * between, which have no quotes in them, are there. Whether they all are, is found out next.
 */
static inline bool is_dash(const struct take *t, const struct piece *p)
{
    return t->guess && p->fixed && (size_t)(t->end - t->at) > p->tail + 1 + sizeof p->head &&
           t->at[0] == '-' && p[1].shape == SHAPE_TEXT && is_text(t->at + 1, p + 1) &&
           t->at[1 + p->tail] == '"';
}

/* The end of a variable that may hold anything, or NULL when there is none. */
static const char *find_end(const struct take *t, const struct piece *p)
{
    if (p->end == END_SLASH)
        return memchr(t->at, '/', (size_t)(t->end - t->at));
    const char *anchor = p->anchored ? quote_find(t->at, t->end) : t->end;
    if (anchor == NULL)
        return NULL;
    size_t room = (size_t)(anchor - t->at);
    if (p->end == END_TAIL && p->fixed)
        return room >= p->tail ? anchor - p->tail : NULL;
    if (room < p->extra)
        return NULL;
    anchor -= p->extra;
    if (p->end == END_TAIL)
        return walk_back(t, p, p + p->until, anchor);
    return memmem(t->at, (size_t)(anchor - t->at), p[1].text, p[1].len);
}

static inline enum line_kind read_text(struct take *t, const struct piece *p)
{
    size_t room = (size_t)(t->end - t->at);
    if (room >= sizeof p->head && p->mask != 0) {
        bool same = is_text(t->at, p);
        t->at += p->len;
        return same ? LINE_OK : LINE_OTHER;
    }
    size_t len = p->len < room ? p->len : room;
    if (memcmp(t->at, p->text, len) != 0)
        return LINE_OTHER;
    t->at += len;
    return len == p->len ? LINE_OK : LINE_CUT;
}

static inline enum line_kind read_free(struct take *t, const struct piece *p)
{
    const char *end = NULL;
    if (p->end == END_QUOTE)
        end = quote_find(t->at, t->end);
    else
        end = p->end == END_TAIL && is_dash(t, p) ? t->at + 1 : find_end(t, p);
    if (end == NULL)
        return quote_find(t->at, t->end) == NULL ? LINE_CUT : LINE_OTHER;
    struct span text = {t->at, (size_t)(end - t->at)};
    t->at = end;
    if (p->take == PART_NOTHING)
        return LINE_OK;
    if (p->take != PART_REQUEST)
        return take_part(t, p->take, text);
    t->request = text;
    return LINE_OK;
}

static inline enum line_kind take_shaped(struct take *t, const char *end, const struct piece *p)
{
    if (end == t->at) {
        if (p->optional && end < t->end && *end == '"')
            return LINE_OK;
        size_t least = layout_fixed_len(p) > 0 ? layout_fixed_len(p) : 1;
        return (size_t)(t->end - t->at) < least ? LINE_CUT : LINE_OTHER;
    }
    struct span text = {t->at, (size_t)(end - t->at)};
    t->at = end;
    if (p->take != PART_NOTHING)
        return take_part(t, p->take, text);
    /* a second time, which nobody has looked into */
    bool quoted = p->part == PART_NOTHING && memchr(text.text, '"', text.len) != NULL;
    return quoted ? LINE_OTHER : LINE_OK;
}

static inline enum line_kind read_local(struct take *t, const struct piece *p)
{
    const char *at = t->at;
    bool room = t->end - at >= WHEN_LOCAL_LEN;
    if (room && p->take != PART_NOTHING && !(t->wanted & FIELD_BIT(FIELD_TIME)) &&
        when_is_same(t->when, at)) {
        t->r->when = t->when->moment;
        t->at += WHEN_LOCAL_LEN;
        return LINE_OK;
    }
    return take_shaped(t, room && at[2] == '/' ? at + WHEN_LOCAL_LEN : at, p);
}

static inline enum line_kind read_iso(struct take *t, const struct piece *p)
{
    bool fits = t->end - t->at >= LAYOUT_ISO_LEN && t->at[4] == '-';
    return take_shaped(t, fits ? t->at + LAYOUT_ISO_LEN : t->at, p);
}

static inline enum line_kind read_status(struct take *t, const struct piece *p)
{
    const char *at = t->at;
    bool fits =
        t->end - at >= LAYOUT_STATUS_LEN && is_digit(at[0]) && is_digit(at[1]) && is_digit(at[2]);
    if (!fits || (t->wanted & FIELD_BIT(FIELD_STATUS)) || p->take == PART_NOTHING)
        return take_shaped(t, fits ? at + LAYOUT_STATUS_LEN : at, p);
    t->r->status = (at[0] - '0') * 100 + (at[1] - '0') * 10 + (at[2] - '0');
    t->at += LAYOUT_STATUS_LEN;
    return LINE_OK;
}

static inline enum line_kind read_variable(struct take *t, const struct piece *p)
{
    switch (p->shape) {
    case SHAPE_LOCAL:
        return read_local(t, p);
    case SHAPE_ISO:
        return read_iso(t, p);
    case SHAPE_STATUS:
        return read_status(t, p);
    case SHAPE_COUNT:
        return take_shaped(t, count_end(t->at, t->end, COUNT_DIGITS_MAX), p);
    case SHAPE_NUMBER:
        return take_shaped(t, number_end(t->at, t->end), p);
    case SHAPE_WORD:
        return take_shaped(t, bytes_word_end(t->at, t->end), p);
    case SHAPE_FREE:
        return read_free(t, p);
    case SHAPE_TEXT:
        break;
    }
    return read_text(t, p);
}

/* One variable and the text behind it. */
static inline enum line_kind read_pair(struct take *t, const struct piece **p,
                                       const struct piece *last)
{
    enum line_kind kind = read_variable(t, (*p)++);
    if (kind == LINE_OK && *p < last && (*p)->shape == SHAPE_TEXT)
        kind = read_text(t, (*p)++);
    return kind;
}

static enum line_kind read_pieces(const struct layout *l, struct take *t)
{
    const struct piece *p = l->pieces;
    const struct piece *last = p + l->count;
    enum line_kind kind = LINE_OK;
    while (p < last && kind == LINE_OK)
        kind = read_pair(t, &p, last);
    return kind == LINE_OK && t->at != t->end ? LINE_OTHER : kind;
}

enum line_kind layout_read(const struct layout *l, struct span line, struct take *t)
{
    t->guess = true;
    enum line_kind kind = read_pieces(l, t);
    if (kind != LINE_OK) {
        take_begin(t, line, t->r);
        t->guess = false;
        kind = read_pieces(l, t);
    }
    if (kind == LINE_OK)
        take_end(t);
    return kind;
}
