#include "traffic/layout.h"

#include <ctype.h>
#include <errno.h>
#include <string.h>

#include "base/mem.h"

enum { NAME_LEN = 64 };

struct variable {
    const char *name;
    enum shape shape;
    enum part part;
    int rank; /* of several for one field the lowest is taken */
};

/* What nginx's variables are; all others may hold anything and are passed over. */
// clang-format off
static const struct variable VARIABLES[] = {
    {"remote_addr",            SHAPE_WORD,   PART_ADDR,     0},
    {"http_x_forwarded_for",   SHAPE_FREE,   PART_PROXIES,  1},
    {"proxy_add_x_forwarded_for", SHAPE_FREE, PART_PROXIES, 2},
    {"http_x_real_ip",         SHAPE_FREE,   PART_PROXIES,  3},
    {"proxy_protocol_addr",    SHAPE_WORD,   PART_ADDR,     4},
    {"realip_remote_addr",     SHAPE_WORD,   PART_ADDR,     5},
    {"remote_user",            SHAPE_FREE,   PART_USER,     0},
    {"time_local",             SHAPE_LOCAL,  PART_TIME,     0},
    {"time_iso8601",           SHAPE_ISO,    PART_TIME,     1},
    {"msec",                   SHAPE_NUMBER, PART_TIME,     2},
    {"request",                SHAPE_FREE,   PART_REQUEST,  0},
    {"request_method",         SHAPE_WORD,   PART_METHOD,   0},
    {"request_uri",            SHAPE_FREE,   PART_PATH,     0},
    {"uri",                    SHAPE_FREE,   PART_PATH,     1},
    {"document_uri",           SHAPE_FREE,   PART_PATH,     2},
    {"status",                 SHAPE_STATUS, PART_STATUS,   0},
    {"body_bytes_sent",        SHAPE_COUNT,  PART_BYTES,    0},
    {"bytes_sent",             SHAPE_COUNT,  PART_BYTES,    1},
    {"http_referer",           SHAPE_FREE,   PART_REFERRER, 0},
    {"http_user_agent",        SHAPE_FREE,   PART_AGENT,    0},
    {"host",                   SHAPE_WORD,   PART_HOST,     0},
    {"http_host",              SHAPE_FREE,   PART_HOST,     1},
    {"server_name",            SHAPE_WORD,   PART_HOST,     2},
    {"request_time",           SHAPE_NUMBER, PART_LATENCY,  0},
    {"request_length",         SHAPE_COUNT,  PART_NOTHING,  0},
    {"connection",             SHAPE_COUNT,  PART_NOTHING,  0},
    {"connection_requests",    SHAPE_COUNT,  PART_NOTHING,  0},
    {"pid",                    SHAPE_COUNT,  PART_NOTHING,  0},
    {"gzip_ratio",             SHAPE_NUMBER, PART_NOTHING,  0},
    {"request_id",             SHAPE_WORD,   PART_NOTHING,  0},
    {"remote_port",            SHAPE_WORD,   PART_NOTHING,  0},
    {"server_addr",            SHAPE_WORD,   PART_NOTHING,  0},
    {"server_port",            SHAPE_WORD,   PART_NOTHING,  0},
    {"server_protocol",        SHAPE_WORD,   PART_NOTHING,  0},
    {"scheme",                 SHAPE_WORD,   PART_NOTHING,  0},
    {"ssl_protocol",           SHAPE_WORD,   PART_NOTHING,  0},
    {"ssl_cipher",             SHAPE_WORD,   PART_NOTHING,  0},
    {"pipe",                   SHAPE_WORD,   PART_NOTHING,  0},
    {"hostname",               SHAPE_WORD,   PART_NOTHING,  0},
};
// clang-format on

size_t layout_fixed_len(const struct piece *p)
{
    switch (p->shape) {
    case SHAPE_TEXT:
        return p->len;
    case SHAPE_LOCAL:
        return WHEN_LOCAL_LEN;
    case SHAPE_ISO:
        return LAYOUT_ISO_LEN;
    case SHAPE_STATUS:
        return LAYOUT_STATUS_LEN;
    case SHAPE_COUNT:
    case SHAPE_NUMBER:
    case SHAPE_WORD:
    case SHAPE_FREE:
        break;
    }
    return 0;
}

/* A layout in the making. */
struct draft {
    struct layout *layout;
    const struct variable *taken[FIELD_COUNT]; /* where each field comes from so far */
    size_t taken_at[FIELD_COUNT];              /* which piece that is */
    char names[LAYOUT_PIECES_MAX][NAME_LEN];   /* of the variables, for sentences */
    size_t text_len;
};

static const struct variable *find_variable(const char *name)
{
    for (size_t i = 0; i < sizeof VARIABLES / sizeof *VARIABLES; i++)
        if (strcmp(VARIABLES[i].name, name) == 0)
            return &VARIABLES[i];
    return NULL;
}

/* The variable gets the fields that no better one has; who has lost all is passed over. */
static enum part claim(struct draft *d, const struct variable *v)
{
    unsigned won = 0;
    size_t at = d->layout->count;
    for (unsigned field = 0; field < FIELD_COUNT; field++) {
        const struct variable *other = d->taken[field];
        if (!(part_fields(v->part) & FIELD_BIT(field)))
            continue;
        if (other != NULL && (other->part == PART_REQUEST || other->rank <= v->rank) &&
            v->part != PART_REQUEST)
            continue;
        if (other != NULL)
            d->layout->pieces[d->taken_at[field]].part = PART_NOTHING;
        d->taken[field] = v;
        d->taken_at[field] = at;
        won |= FIELD_BIT(field);
    }
    return won != 0 ? v->part : PART_NOTHING;
}

static struct piece *add_piece(struct draft *d, struct err *e)
{
    if (d->layout->count == LAYOUT_PIECES_MAX) {
        (void)err_set(e, -EINVAL, "it has more than %d texts and variables", LAYOUT_PIECES_MAX);
        return NULL;
    }
    return &d->layout->pieces[d->layout->count];
}

/* One byte of the format's own text. */
static int add_text(struct draft *d, char c, struct err *e)
{
    struct layout *l = d->layout;
    if (l->count == 0 || l->pieces[l->count - 1].shape != SHAPE_TEXT) {
        struct piece *p = add_piece(d, e);
        if (p == NULL)
            return -EINVAL;
        *p = (struct piece){.shape = SHAPE_TEXT, .text = l->text + d->text_len};
        l->count++;
    }
    l->text[d->text_len++] = c;
    l->pieces[l->count - 1].len++;
    return 0;
}

static int add_variable(struct draft *d, const char *name, struct err *e)
{
    struct layout *l = d->layout;
    const struct variable *v = find_variable(name);
    struct piece *p = add_piece(d, e);
    if (p == NULL)
        return -EINVAL;
    *p = (struct piece){.shape = SHAPE_FREE, .part = PART_NOTHING};
    if (v != NULL)
        *p = (struct piece){.shape = v->shape, .part = claim(d, v)};
    memcpy(d->names[l->count++], name, strlen(name) + 1);
    return 0;
}

/* `$name` or `${name}` at text; the bytes that it takes, or -EINVAL. */
static long read_name(const char *text, char *name, struct err *e)
{
    bool braces = text[1] == '{';
    const char *at = text + 1 + braces;
    size_t len = 0;
    while (isalnum((unsigned char)at[len]) || at[len] == '_')
        len++;
    if (len == 0 || len >= NAME_LEN || (braces && at[len] != '}'))
        return err_set(e, -EINVAL, "'%.20s' names no variable", text);
    memcpy(name, at, len);
    name[len] = '\0';
    return (long)(len + 1 + (size_t)braces * 2);
}

static int read_format(struct draft *d, const char *text, struct err *e)
{
    char name[NAME_LEN];
    while (*text != '\0') {
        if (*text != '$') {
            if (add_text(d, *text++, e) < 0)
                return -EINVAL;
            continue;
        }
        long len = read_name(text, name, e);
        if (len < 0 || add_variable(d, name, e) < 0)
            return -EINVAL;
        text += len;
    }
    return 0;
}

/* `$uri$is_args$args` and the like: what comes behind a path is cut off with its query. */
static bool is_query(const char *name)
{
    return strcmp(name, "is_args") == 0 || strcmp(name, "args") == 0 ||
           strcmp(name, "query_string") == 0;
}

static void drop_queries(struct draft *d)
{
    struct layout *l = d->layout;
    size_t kept = 0;
    for (size_t i = 0; i < l->count; i++) {
        bool behind = kept > 0 && l->pieces[kept - 1].shape == SHAPE_FREE;
        if (behind && l->pieces[i].shape == SHAPE_FREE && is_query(d->names[i]))
            continue;
        memmove(d->names[kept], d->names[i], NAME_LEN);
        l->pieces[kept++] = l->pieces[i];
    }
    l->count = kept;
}

static bool is_path(const char *name)
{
    return strcmp(name, "request_uri") == 0 || strcmp(name, "uri") == 0 ||
           strcmp(name, "document_uri") == 0;
}

/* Whether the end of variable `i` can be told: text follows, or nothing, or a path. */
static bool has_end(const struct draft *d, size_t i)
{
    const struct layout *l = d->layout;
    const struct piece *p = &l->pieces[i];
    return i + 1 == l->count || p[1].shape == SHAPE_TEXT || layout_fixed_len(p) > 0 ||
           (p->shape == SHAPE_FREE && is_path(d->names[i + 1]));
}

/* A word is told by the blanks around it; beside other text it is anything up to that. */
static bool is_lone_word(const struct layout *l, size_t i)
{
    const struct piece *p = &l->pieces[i];
    bool begins = i == 0 || (p[-1].shape == SHAPE_TEXT && p[-1].text[p[-1].len - 1] == ' ');
    return begins && (i + 1 == l->count || (p[1].shape == SHAPE_TEXT && p[1].text[0] == ' '));
}

/* The first piece behind `i` with a quote in it, and where; the number of pieces when none has. */
static size_t find_anchor(const struct layout *l, size_t i, size_t *extra)
{
    for (i++; i < l->count; i++) {
        const struct piece *p = &l->pieces[i];
        const char *quote = p->shape == SHAPE_TEXT ? memchr(p->text, '"', p->len) : NULL;
        if (quote != NULL) {
            *extra = (size_t)(quote - p->text);
            return i;
        }
    }
    *extra = 0;
    return l->count;
}

static enum free_end free_end(const struct draft *d, size_t i)
{
    const struct layout *l = d->layout;
    const struct piece *p = &l->pieces[i];
    if (i + 1 < l->count && p[1].shape != SHAPE_TEXT)
        return END_SLASH;
    if (p->until == 1 && p->extra == 0 && p->anchored)
        return END_QUOTE;
    for (size_t k = 1; k < p->until; k++)
        if (p[k].shape == SHAPE_FREE)
            return END_TEXT;
    return END_TAIL;
}

/* How long what stands between the variable and the next quote is, when that is the same always. */
static void settle_tail(struct piece *p)
{
    p->fixed = true;
    p->tail = p->extra;
    for (size_t k = 1; k < p->until; k++) {
        size_t len = layout_fixed_len(&p[k]);
        p->fixed = p->fixed && len > 0;
        p->tail += len;
    }
}

static bool is_optional(const struct layout *l, size_t i)
{
    const struct piece *p = &l->pieces[i];
    return (p->shape == SHAPE_COUNT || p->shape == SHAPE_NUMBER) && i > 0 && i + 1 < l->count &&
           p[-1].shape == SHAPE_TEXT && p[-1].text[p[-1].len - 1] == '"' &&
           p[1].shape == SHAPE_TEXT && p[1].text[0] == '"';
}

static void settle_text(struct piece *p)
{
    if (p->len > sizeof p->head)
        return;
    memcpy(&p->head, p->text, p->len);
    memset(&p->mask, 0xff, p->len);
}

/* Decides where each variable ends, once all pieces are there. */
static int settle(struct draft *d, struct err *e)
{
    struct layout *l = d->layout;
    for (size_t i = 0; i < l->count; i++) {
        struct piece *p = &l->pieces[i];
        if (p->shape == SHAPE_WORD && !is_lone_word(l, i))
            p->shape = SHAPE_FREE;
        if (p->shape != SHAPE_TEXT && !has_end(d, i))
            return err_set(e, -EINVAL, "where $%s ends and $%s begins cannot be told", d->names[i],
                           d->names[i + 1]);
        if (p->shape == SHAPE_TEXT)
            settle_text(p);
        p->optional = is_optional(l, i);
        l->fields |= part_fields(p->part);
    }
    for (size_t i = 0; i < l->count; i++) {
        struct piece *p = &l->pieces[i];
        if (p->shape != SHAPE_FREE)
            continue;
        size_t anchor = find_anchor(l, i, &p->extra);
        p->anchored = anchor < l->count;
        p->until = anchor - i;
        p->end = free_end(d, i);
        settle_tail(p);
    }
    if (!(l->fields & FIELD_BIT(FIELD_PATH)))
        return err_set(e, -EINVAL, "it has no path: no $request, $request_uri or $uri");
    return 0;
}

int layout_init(struct layout *l, const char *text, struct err *e)
{
    size_t len = strlen(text);
    if (len > LAYOUT_TEXT_MAX)
        return err_set(e, -EINVAL, "it is longer than %d bytes", LAYOUT_TEXT_MAX);
    struct draft *d = mem_alloc(sizeof *d);
    *l = (struct layout){.pieces = mem_array(LAYOUT_PIECES_MAX, sizeof *l->pieces),
                         .text = mem_alloc(len + 1)};
    d->layout = l;
    int rc = read_format(d, text, e);
    if (rc == 0) {
        drop_queries(d);
        rc = settle(d, e);
    }
    mem_free(d);
    layout_want(l, FIELD_ALL);
    if (rc < 0)
        layout_close(l);
    return rc;
}

void layout_want(struct layout *l, unsigned fields)
{
    for (size_t i = 0; i < l->count; i++) {
        struct piece *p = &l->pieces[i];
        bool needed = p->part == PART_TIME || p->part == PART_STATUS;
        p->take = needed || (part_fields(p->part) & fields) ? p->part : PART_NOTHING;
    }
}

void layout_close(struct layout *l)
{
    mem_free(l->pieces);
    mem_free(l->text);
    *l = (struct layout){0};
}
