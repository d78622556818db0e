#include "traffic/routes.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/xml.h"
#include "traffic/pattern.h"

enum route_kind { ROUTE_EXACT, ROUTE_PREFIX, ROUTE_REGEX };

struct range {
    int first, last;
};

struct route {
    char *name; /* owned; as it was given */
    enum route_kind kind;
    struct span text;      /* inside name: the path, its beginning, or the expression */
    struct pattern *regex; /* owned */
    struct span methods[ROUTES_METHODS_MAX]; /* inside name */
    size_t method_count;                     /* 0: all */
    struct range statuses[ROUTES_RANGES_MAX];
    size_t status_count; /* 0: all */
    size_t next;         /* the next route of the same kind and text, plus one */
};

void routes_init(struct routes *s)
{
    *s = (struct routes){.slots = mem_array(ROUTES_SLOTS, sizeof *s->slots),
                         .lengths = mem_array(ROUTES_MAX, sizeof *s->lengths),
                         .regexes = mem_array(ROUTES_MAX, sizeof *s->regexes)};
}

void routes_close(struct routes *s)
{
    for (size_t i = 0; i < s->count; i++) {
        pattern_free(s->items[i].regex);
        mem_free(s->items[i].name);
    }
    mem_free(s->items);
    mem_free(s->slots);
    mem_free(s->lengths);
    mem_free(s->regexes);
    *s = (struct routes){0};
}

/* --- The text of a route --------------------------------------------------------------------- */

/* `404`, `4xx` or `200-299`. */
static bool read_range(struct span text, struct range *out)
{
    const char *c = text.text;
    bool digits[7] = {false};
    for (size_t i = 0; i < text.len && i < 7; i++)
        digits[i] = c[i] >= '0' && c[i] <= '9';
    if (text.len == 3 && digits[0] && c[1] == 'x' && c[2] == 'x') {
        *out = (struct range){(c[0] - '0') * 100, (c[0] - '0') * 100 + 99};
        return true;
    }
    bool first = text.len >= 3 && digits[0] && digits[1] && digits[2];
    bool last = text.len == 7 && c[3] == '-' && digits[4] && digits[5] && digits[6];
    if (!first || (text.len != 3 && !last))
        return false;
    out->first = (c[0] - '0') * 100 + (c[1] - '0') * 10 + c[2] - '0';
    out->last = last ? (c[4] - '0') * 100 + (c[5] - '0') * 10 + c[6] - '0' : out->first;
    return out->first <= out->last;
}

/* The next of `a,b,c`; false at the end. */
static bool next_of_list(struct span *list, struct span *item)
{
    if (list->text == NULL)
        return false;
    const char *comma = memchr(list->text, ',', list->len);
    size_t len = comma != NULL ? (size_t)(comma - list->text) : list->len;
    *item = (struct span){list->text, len};
    *list = comma != NULL ? (struct span){comma + 1, list->len - len - 1} : (struct span){0};
    return true;
}

/* False when it is no list of statuses, so that it belongs to the path. */
static bool read_statuses(struct route *r, struct span list)
{
    struct span item;
    r->status_count = 0;
    while (next_of_list(&list, &item))
        if (r->status_count == ROUTES_RANGES_MAX ||
            !read_range(item, &r->statuses[r->status_count++]))
            return false;
    return true;
}

static bool is_method(struct span text)
{
    for (size_t i = 0; i < text.len; i++) {
        char c = text.text[i];
        if ((unsigned)((c | 0x20) - 'a') >= 26 && c != '-' && c != '_')
            return false;
    }
    return text.len > 0;
}

static int read_methods(struct route *r, struct span list, struct err *e)
{
    struct span item;
    while (next_of_list(&list, &item)) {
        if (!is_method(item))
            return err_set(e, -EINVAL, "the route '%.100s' begins with neither a method nor / or ~",
                           r->name);
        if (r->method_count == ROUTES_METHODS_MAX)
            return err_set(e, -EINVAL, "the route '%.100s' has more than %d methods", r->name,
                           ROUTES_METHODS_MAX);
        r->methods[r->method_count++] = item;
    }
    return 0;
}

static int read_path(struct route *r, struct err *e)
{
    struct span *text = &r->text;
    if (memchr(text->text, '?', text->len) != NULL || memchr(text->text, '#', text->len) != NULL)
        return err_set(e, -EINVAL,
                       "the route '%.100s' has a query string; paths are counted without", r->name);
    const char *star = memchr(text->text, '*', text->len);
    if (star != NULL && star != text->text + text->len - 1)
        return err_set(e, -EINVAL,
                       "the route '%.100s' has a * before its end; write a regular expression: "
                       "~^/a/[^/]+/b$",
                       r->name);
    r->kind = star != NULL ? ROUTE_PREFIX : ROUTE_EXACT;
    text->len -= star != NULL;
    return 0;
}

static int read_regex(struct route *r, struct err *e)
{
    r->kind = ROUTE_REGEX;
    bool caseless = r->text.len > 1 && r->text.text[1] == '*';
    r->text.text += 1 + caseless;
    r->text.len -= 1U + caseless;
    int rc = pattern_new(r->text, caseless, &r->regex, e);
    return rc < 0 ? err_prefix(e, rc, "the route '%.100s'", r->name) : 0;
}

/* `[METHODS ]PATTERN[ STATUSES]` */
static int read_route(struct route *r, struct err *e)
{
    const char *at = r->name;
    struct span word = {at, strcspn(at, " ")};
    if (*at != '/' && *at != '~' && at[word.len] == ' ' && word.len > 0) {
        int rc = read_methods(r, word, e);
        if (rc < 0)
            return rc;
        at += word.len;
        at += strspn(at, " ");
    }
    if (*at != '/' && *at != '~')
        return err_set(e, -EINVAL, "the route '%.100s' does not begin with / or ~", r->name);
    r->text = (struct span){at, strlen(at)};
    const char *blank = strrchr(at, ' ');
    if (blank != NULL && blank[1] != '\0' &&
        read_statuses(r, (struct span){blank + 1, strlen(blank + 1)})) {
        while (blank > at && blank[-1] == ' ')
            blank--;
        r->text.len = (size_t)(blank - at);
    } else {
        r->status_count = 0;
    }
    return *at == '~' ? read_regex(r, e) : read_path(r, e);
}

/* --- The set --------------------------------------------------------------------------------- */

/* The first and last eight bytes and the length: paths that differ elsewhere meet in one slot. */
static size_t hash_text(enum route_kind kind, struct span text)
{
    uint64_t head = 0;
    uint64_t tail = 0;
    if (text.len >= 8) {
        memcpy(&head, text.text, 8);
        memcpy(&tail, text.text + text.len - 8, 8);
    } else {
        for (size_t i = 0; i < text.len; i++)
            head = head << 8 | (unsigned char)text.text[i];
    }
    uint64_t hash = (head ^ (tail * 0x9e3779b97f4a7c15ULL)) + text.len * 2 + (kind == ROUTE_PREFIX);
    hash *= 0xff51afd7ed558ccdULL;
    return (size_t)(hash >> 52) % ROUTES_SLOTS;
}

/* The slot of this text, or the free one where it belongs. */
static uint16_t *find_slot(const struct routes *s, enum route_kind kind, struct span text)
{
    size_t i = hash_text(kind, text);
    while (s->slots[i] != 0) {
        const struct route *r = &s->items[s->slots[i] - 1];
        if (r->kind == kind && r->text.len == text.len &&
            memcmp(r->text.text, text.text, text.len) == 0)
            break;
        i = (i + 1) % ROUTES_SLOTS;
    }
    return &s->slots[i];
}

static void add_length(struct routes *s, size_t len)
{
    size_t i = 0;
    while (i < s->length_count && s->lengths[i] > len)
        i++;
    if (i < s->length_count && s->lengths[i] == len)
        return;
    memmove(s->lengths + i + 1, s->lengths + i, (s->length_count - i) * sizeof *s->lengths);
    s->lengths[i] = (uint16_t)len;
    s->length_count++;
}

/* Puts the last route where it is found, behind those that were given before it. */
static void index_route(struct routes *s)
{
    struct route *r = &s->items[s->count - 1];
    uint16_t number = (uint16_t)s->count;
    s->by_pattern |= r->kind != ROUTE_EXACT;
    if (r->kind == ROUTE_REGEX) {
        s->regexes[s->regex_count++] = (uint16_t)(number - 1);
        return;
    }
    uint16_t *slot = find_slot(s, r->kind, r->text);
    if (*slot == 0) {
        *slot = number;
    } else {
        struct route *last = &s->items[*slot - 1];
        while (last->next != 0)
            last = &s->items[last->next - 1];
        last->next = number;
    }
    unsigned bit = routes_exact_bit(r->text);
    if (r->kind == ROUTE_PREFIX)
        add_length(s, r->text.len);
    else
        s->exact[bit / 64] |= 1ULL << (bit % 64);
}

static bool is_utf8(const char *text)
{
    size_t len = strlen(text);
    for (size_t i = 0, n; i < len; i += n)
        if ((n = xml_utf8_char(text + i, len - i)) == 0)
            return false;
    return true;
}

static int may_add(const struct routes *s, const char *text, struct err *e)
{
    if (strlen(text) > ROUTES_TEXT_MAX)
        return err_set(e, -EINVAL, "the route '%.60s...' is longer than %d bytes", text,
                       ROUTES_TEXT_MAX);
    if (!is_utf8(text))
        return err_set(e, -EINVAL, "a route is no UTF-8, so that no report could name it");
    if (s->count == ROUTES_MAX)
        return err_set(e, -E2BIG, "more than %d routes were given", ROUTES_MAX);
    return 0;
}

int routes_add(struct routes *s, const char *text, struct err *e)
{
    for (size_t i = 0; i < s->count; i++)
        if (strcmp(s->items[i].name, text) == 0)
            return 0;
    int rc = may_add(s, text, e);
    if (rc < 0)
        return rc;
    struct route r = {.name = mem_strdup(text)};
    rc = read_route(&r, e);
    if (rc < 0) {
        mem_free(r.name);
        return rc;
    }
    s->items = mem_grow(s->items, s->count + 1, sizeof *s->items);
    s->items[s->count++] = r;
    s->by_method |= r.method_count > 0;
    s->by_status |= r.status_count > 0;
    index_route(s);
    return 0;
}

const char *routes_name(const struct routes *s, size_t index)
{
    return s->items[index].name;
}

unsigned routes_fields(const struct routes *s)
{
    return (s->count > 0 ? FIELD_BIT(FIELD_PATH) : 0U) |
           (s->by_method ? FIELD_BIT(FIELD_METHOD) : 0U) |
           (s->by_status ? FIELD_BIT(FIELD_STATUS) : 0U);
}

/* --- Which route ----------------------------------------------------------------------------- */

static bool has_method(const struct route *t, const struct record *r)
{
    if (t->method_count == 0)
        return true;
    if (!(r->have & FIELD_BIT(FIELD_METHOD)))
        return false;
    const struct span *method = &r->field[FIELD_METHOD];
    for (size_t i = 0; i < t->method_count; i++)
        if (t->methods[i].len == method->len &&
            memcmp(t->methods[i].text, method->text, method->len) == 0)
            return true;
    return false;
}

static bool has_status(const struct route *t, const struct record *r)
{
    if (t->status_count == 0)
        return true;
    if (!(r->have & FIELD_BIT(FIELD_STATUS)))
        return false;
    for (size_t i = 0; i < t->status_count; i++)
        if (r->status >= t->statuses[i].first && r->status <= t->statuses[i].last)
            return true;
    return false;
}

/* The first route of the text in this slot that takes the request. */
static int find_of_slot(const struct routes *s, uint16_t slot, const struct record *r)
{
    size_t number = slot;
    while (number != 0) {
        const struct route *t = &s->items[number - 1];
        if (has_method(t, r) && has_status(t, r))
            return (int)number - 1;
        number = t->next;
    }
    return ROUTES_NONE;
}

static int find_prefix(const struct routes *s, struct span path, const struct record *r)
{
    for (size_t i = 0; i < s->length_count; i++) {
        if (s->lengths[i] > path.len)
            continue;
        struct span head = {path.text, s->lengths[i]};
        int found = find_of_slot(s, *find_slot(s, ROUTE_PREFIX, head), r);
        if (found != ROUTES_NONE)
            return found;
    }
    return ROUTES_NONE;
}

static int find_regex(struct routes *s, struct span path, const struct record *r)
{
    if (path.len > ROUTES_SUBJECT_MAX)
        return ROUTES_NONE;
    for (size_t i = 0; i < s->regex_count; i++) {
        const struct route *t = &s->items[s->regexes[i]];
        if (!has_method(t, r) || !has_status(t, r))
            continue;
        enum pattern_answer answer = pattern_find(t->regex, path);
        if (answer == PATTERN_FOUND)
            return s->regexes[i];
        s->given_up += answer == PATTERN_GIVEN_UP;
    }
    return ROUTES_NONE;
}

int routes_search(struct routes *s, const struct record *r)
{
    struct span path = r->field[FIELD_PATH];
    int found = ROUTES_NONE;
    if (routes_may_be_exact(s, path))
        found = find_of_slot(s, *find_slot(s, ROUTE_EXACT, path), r);
    if (found == ROUTES_NONE && s->length_count > 0)
        found = find_prefix(s, path, r);
    if (found == ROUTES_NONE && s->regex_count > 0)
        found = find_regex(s, path, r);
    return found;
}
