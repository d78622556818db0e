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
    struct take *take;
};

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

/* The end of `-` or digits, perhaps with a point in between. */
static const char *number_end(const char *at, const char *end)
{
    if (at < end && *at == '-')
        return at + 1;
    while (at < end && is_digit(*at))
        at++;
    if (at < end && *at == '.')
        for (at++; at < end && is_digit(*at);)
            at++;
    return at;
}

/* The same from its end to its beginning. */
static const char *number_begin(const char *at, const char *start)
{
    const char *end = at;
    while (at > start && (is_digit(at[-1]) || at[-1] == '.'))
        at--;
    return at == end && at > start && at[-1] == '-' ? at - 1 : at;
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
        if (p->shape == SHAPE_NUMBER)
            at = number_begin(at, g->at);
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
    if (p->end == END_SLASH)
        return memchr(g->at, '/', (size_t)(g->end - g->at));
    const char *anchor = p->until < l->count ? quote_find(g->at, g->end) : g->end;
    if (anchor == NULL || (size_t)(anchor - g->at) < p->extra)
        return NULL;
    anchor -= p->extra;
    if (p->end == END_TAIL)
        return walk_back(g, i, p->until, anchor);
    const struct piece *next = &l->pieces[i + 1];
    return memmem(g->at, (size_t)(anchor - g->at), next->text, next->len);
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
        if (room < STATUS_LEN || !is_digit(at[0]) || !is_digit(at[1]) || !is_digit(at[2]))
            return -1;
        return STATUS_LEN;
    case SHAPE_NUMBER:
        at = number_end(at, g->end);
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
    return take_part(g->take, g->layout->pieces[i].part, text);
}

static enum line_kind read_shaped(struct reading *g, const struct piece *p)
{
    long len = shape_len(g, p);
    if (len < 0)
        return g->end - g->at < WHEN_LOCAL_LEN ? LINE_CUT : LINE_OTHER;
    struct span text = {g->at, (size_t)len};
    g->at += len;
    return take_part(g->take, p->part, text);
}

enum line_kind layout_read(const struct layout *l, struct span line, struct take *t)
{
    struct reading g = {l, line.text, line.text + line.len, t};
    enum line_kind kind = LINE_OK;
    for (size_t i = 0; i < l->count && kind == LINE_OK; i++) {
        const struct piece *p = &l->pieces[i];
        if (p->shape == SHAPE_TEXT)
            kind = read_text(&g, p);
        else if (p->shape == SHAPE_FREE)
            kind = read_free(&g, i);
        else
            kind = read_shaped(&g, p);
    }
    if (kind != LINE_OK)
        return kind;
    take_end(t);
    return g.at == g.end ? LINE_OK : LINE_OTHER;
}
