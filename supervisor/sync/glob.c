#include "sync/glob.h"

#include <errno.h>
#include <string.h>

#include "base/mem.h"
#include "base/xml.h"

enum { OPS_MAX = 1024, BRACES_MAX = 16, WORDS = OPS_MAX / 64, NOT_UTF8 = 0x110000 };

// clang-format off
static const struct { const char *name; const char *ranges; } classes[] = {
    {"alnum",  "09AZaz"},
    {"alpha",  "AZaz"},
    {"blank",  "\t\t  "},
    {"cntrl",  "\001\037\177\177"},
    {"digit",  "09"},
    {"graph",  "!~"},
    {"lower",  "az"},
    {"print",  " ~"},
    {"punct",  "!/:@[`{~"},
    {"space",  "\t\r  "},
    {"upper",  "AZ"},
    {"xdigit", "09AFaf"},
};
// clang-format on

/* The next character; a byte that is no UTF-8 is one of its own. */
static uint32_t take_char(const char **text)
{
    static const unsigned char masks[] = {0, 0x7f, 0x1f, 0x0f, 0x07};
    const char *t = *text;
    size_t len = (unsigned char)*t < 0x80 ? 1 : xml_utf8_char(t, strnlen(t, 4));
    if (len == 0 || len > 4) {
        *text += 1;
        return NOT_UTF8 + (unsigned char)*t;
    }
    uint32_t c = (unsigned char)*t & masks[len];
    for (size_t i = 1; i < len; i++)
        c = c << 6 | ((unsigned char)t[i] & 0x3f);
    *text += len;
    return c;
}

// --- compiling -----------------------------------------------------------------------------------

/* An open {: where its alternative began, and the jumps that wait for its end. */
struct brace {
    size_t split;
    uint32_t jumps; /* the last of them; each names the one before, 0 is none */
};

struct compiler {
    struct glob *g;
    enum glob_style style;
    const char *at; /* in the pattern */
    struct brace braces[BRACES_MAX];
    size_t depth;
    struct err *e;
};

static struct glob_op *emit(struct compiler *c, enum glob_do what)
{
    struct glob *g = c->g;
    g->ops = mem_grow(g->ops, g->count + 1, sizeof *g->ops);
    g->ops[g->count] = (struct glob_op){.what = what};
    return &g->ops[g->count++];
}

static void emit_char(struct compiler *c, uint32_t value)
{
    emit(c, GLOB_CHAR)->low = value;
}

static void add_range(struct compiler *c, uint32_t low, uint32_t high)
{
    struct glob *g = c->g;
    g->ranges = mem_grow(g->ranges, g->range_count + 1, sizeof *g->ranges);
    g->ranges[g->range_count++] = (struct glob_range){low, high};
}

/* "[:digit:]" inside of brackets; false when it is none. */
static bool take_named_class(struct compiler *c)
{
    for (size_t i = 0; i < sizeof classes / sizeof *classes; i++) {
        size_t len = strlen(classes[i].name);
        if (strncmp(c->at, "[:", 2) != 0 || strncmp(c->at + 2, classes[i].name, len) != 0 ||
            strncmp(c->at + 2 + len, ":]", 2) != 0)
            continue;
        for (const char *r = classes[i].ranges; *r; r += 2)
            add_range(c, (unsigned char)r[0], (unsigned char)r[1]);
        c->at += len + 4;
        return true;
    }
    return false;
}

static uint32_t take_class_char(struct compiler *c)
{
    if (c->at[0] == '\\' && c->at[1])
        c->at++;
    return take_char(&c->at);
}

/* After the [. False when there is no ] to it. */
static bool take_class(struct compiler *c)
{
    const char *start = c->at;
    size_t first = c->g->range_count;
    bool negated = *c->at == '!' || *c->at == '^';
    c->at += negated;
    for (bool begin = true; begin || *c->at != ']'; begin = false) {
        if (!*c->at) {
            c->at = start;
            c->g->range_count = first;
            return false;
        }
        if (take_named_class(c))
            continue;
        uint32_t low = take_class_char(c);
        uint32_t high = low;
        if (c->at[0] == '-' && c->at[1] && c->at[1] != ']') {
            c->at++;
            high = take_class_char(c);
        }
        add_range(c, low, high);
    }
    c->at++;
    struct glob_op *op = emit(c, GLOB_CLASS);
    op->negated = negated;
    op->no_slash = negated && c->style == GLOB_RCLONE;
    op->low = (uint32_t)first;
    op->count = (uint32_t)(c->g->range_count - first);
    return true;
}

static int open_class(struct compiler *c)
{
    if (take_class(c))
        return 0;
    if (c->style == GLOB_RCLONE)
        return err_set(c->e, -EINVAL, "a [ has no ] (write \\[ for the character)");
    emit_char(c, '[');
    return 0;
}

static int take_star(struct compiler *c)
{
    size_t stars = 1 + strspn(c->at, "*");
    if (c->style == GLOB_RCLONE && stars > 2)
        return err_set(c->e, -EINVAL, "more than two * in a row mean nothing");
    c->at += stars - 1;
    emit(c, GLOB_STAR)->no_slash = c->style == GLOB_RCLONE && stars == 1;
    return 0;
}

static int open_brace(struct compiler *c)
{
    if (*c->at == '{')
        return err_set(c->e, -EINVAL, "{{regular expressions}} are not supported");
    if (c->depth == BRACES_MAX)
        return err_set(c->e, -EINVAL, "there are more than %d { inside of each other", BRACES_MAX);
    c->braces[c->depth++] = (struct brace){.split = c->g->count};
    (void)emit(c, GLOB_SPLIT);
    return 0;
}

/* The alternative ends; another begins. */
static void next_alternative(struct compiler *c)
{
    struct brace *b = &c->braces[c->depth - 1];
    uint32_t here = (uint32_t)c->g->count;
    emit(c, GLOB_JUMP)->low = b->jumps;
    b->jumps = here;
    c->g->ops[b->split].low = here + 1;
    b->split = c->g->count;
    (void)emit(c, GLOB_SPLIT);
}

/* The last alternative has none after it; all jumps lead behind it. */
static void close_brace(struct compiler *c)
{
    struct brace *b = &c->braces[--c->depth];
    struct glob_op *ops = c->g->ops;
    ops[b->split].what = GLOB_JUMP;
    ops[b->split].low = (uint32_t)b->split + 1;
    while (b->jumps) {
        uint32_t before = ops[b->jumps].low;
        ops[b->jumps].low = (uint32_t)c->g->count;
        b->jumps = before;
    }
}

/* What only rclone's patterns know. True: it was such. */
static bool take_rclone(struct compiler *c, char special, int *rc)
{
    if (c->style != GLOB_RCLONE)
        return false;
    if (special == '{')
        *rc = open_brace(c);
    else if (special == ',' && c->depth > 0)
        next_alternative(c);
    else if (special == '}' && c->depth > 0)
        close_brace(c);
    else if (special == '}')
        *rc = err_set(c->e, -EINVAL, "a } has no { (write \\} for the character)");
    else
        return false;
    return true;
}

static int take_one(struct compiler *c)
{
    int rc = 0;
    uint32_t value = take_char(&c->at);
    char special = value < 0x80 ? (char)value : 'x';
    if (take_rclone(c, special, &rc))
        return rc;
    if (special == '*')
        return take_star(c);
    if (special == '[')
        return open_class(c);
    if (special == '?') {
        struct glob_op *op = emit(c, GLOB_CLASS); /* not one of none */
        op->negated = true;
        op->no_slash = c->style == GLOB_RCLONE;
        return 0;
    }
    if (special == '\\' && *c->at)
        value = take_char(&c->at);
    emit_char(c, value);
    return 0;
}

/* From any slash on: either right here, or after anything and a slash. */
static void emit_any_folder(struct compiler *c)
{
    emit(c, GLOB_SPLIT)->low = 3;
    (void)emit(c, GLOB_STAR);
    emit_char(c, '/');
}

static int compile(struct compiler *c)
{
    bool rclone = c->style == GLOB_RCLONE;
    if (rclone && *c->at == '/')
        c->at++;
    else if (rclone)
        emit_any_folder(c);
    while (*c->at) {
        int rc = take_one(c);
        if (rc < 0)
            return rc;
        if (c->g->count > OPS_MAX - 4) /* linear: a pattern is short, or is refused here */
            return err_set(c->e, -EINVAL, "it is too long");
    }
    if (c->depth > 0)
        return err_set(c->e, -EINVAL, "a { has no } (write \\{ for the character)");
    if (rclone && c->at[-1] == '/')
        (void)emit(c, GLOB_STAR);
    (void)emit(c, GLOB_END);
    return 0;
}

int glob_compile(struct glob *g, enum glob_style style, const char *pattern, struct err *e)
{
    *g = (struct glob){0};
    if (!*pattern)
        return err_set(e, -EINVAL, "a pattern must not be empty");
    struct compiler c = {.g = g, .style = style, .at = pattern, .e = e};
    int rc = compile(&c);
    if (rc < 0) {
        glob_close(g);
        return err_prefix(e, rc, "the pattern '%s'", pattern);
    }
    return 0;
}

void glob_close(struct glob *g)
{
    mem_free(g->ops);
    mem_free(g->ranges);
    *g = (struct glob){0};
}

// --- matching ------------------------------------------------------------------------------------

/* The ops that the path so far leads to, a bit each. */
struct states {
    uint64_t bits[WORDS];
};

static void set(struct states *s, size_t i)
{
    s->bits[i / 64] |= UINT64_C(1) << (i % 64);
}

static bool in_class(const struct glob *g, const struct glob_op *op, uint32_t c)
{
    bool found = false;
    for (uint32_t i = 0; i < op->count && !found; i++) {
        const struct glob_range *r = &g->ranges[op->low + i];
        found = c >= r->low && c <= r->high;
    }
    return found != op->negated;
}

/* Where op `i` leads with the character c. */
static void step(const struct glob *g, size_t i, uint32_t c, struct states *next)
{
    const struct glob_op *op = &g->ops[i];
    if (op->no_slash && c == '/')
        return;
    if (op->what == GLOB_STAR)
        set(next, i);
    if ((op->what == GLOB_CHAR && op->low == c) || (op->what == GLOB_CLASS && in_class(g, op, c)))
        set(next, i + 1);
}

/* Where op `i` leads without a character: only ever further down, so one pass is enough. */
static void follow(const struct glob *g, size_t i, struct states *now)
{
    const struct glob_op *op = &g->ops[i];
    if (op->what == GLOB_STAR || op->what == GLOB_SPLIT)
        set(now, i + 1);
    if (op->what == GLOB_SPLIT || op->what == GLOB_JUMP)
        set(now, op->low);
}

/* All of `now` with the character c; without one it only follows. True: some are left. */
static bool advance(const struct glob *g, struct states *now, const uint32_t *c,
                    struct states *next)
{
    bool alive = false;
    for (size_t w = 0; w * 64 < g->count; w++) {
        for (uint64_t done = 0, left; (left = now->bits[w] & ~done) != 0;) {
            size_t bit = (size_t)__builtin_ctzll(left);
            done |= UINT64_C(1) << bit;
            follow(g, w * 64 + bit, now);
            if (c)
                step(g, w * 64 + bit, *c, next);
        }
    }
    for (size_t w = 0; w * 64 < g->count; w++)
        alive = alive || next->bits[w];
    return alive;
}

bool glob_matches(const struct glob *g, const char *path)
{
    struct states now = {{1}};
    while (*path) {
        uint32_t c = take_char(&path);
        struct states next = {{0}};
        if (!advance(g, &now, &c, &next))
            return false;
        now = next;
    }
    (void)advance(g, &now, NULL, &now);
    size_t end = g->count - 1;
    return now.bits[end / 64] >> (end % 64) & 1;
}
