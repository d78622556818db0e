#include "sync/s3/list.h"

#include <ctype.h>
#include <errno.h>
#include <expat.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/buf.h"
#include "base/mem.h"

enum { DEPTH_MAX = 16, FIELD_MAX = 8192, ETAG_MAX = 256 };

enum field {
    FIELD_KEY,
    FIELD_SIZE,
    FIELD_ETAG,
    FIELD_TIME,
    FIELD_TRUNCATED,
    FIELD_TOKEN,
    FIELD_ENCODING,
    FIELD_COUNT,
};

// clang-format off
static const struct { const char *name; int depth; bool in_object; } fields[] = {
    [FIELD_KEY]       = {"Key",                   3, true},
    [FIELD_SIZE]      = {"Size",                  3, true},
    [FIELD_ETAG]      = {"ETag",                  3, true},
    [FIELD_TIME]      = {"LastModified",          3, true},
    [FIELD_TRUNCATED] = {"IsTruncated",           2, false},
    [FIELD_TOKEN]     = {"NextContinuationToken", 2, false},
    [FIELD_ENCODING]  = {"EncodingType",          2, false},
};
// clang-format on
_Static_assert(sizeof fields / sizeof *fields == FIELD_COUNT, "a row per field");

struct list_page {
    struct listing *list;
    XML_Parser parser;
    size_t first; /* index of the page's first object */
    size_t bytes; /* fed so far */
    int depth;    /* of open elements */
    bool in_object;
    int field; /* that is open, or -1 */
    bool seen[FIELD_COUNT];
    struct buf texts[FIELD_COUNT];
    struct err err; /* the first thing that was wrong */
    bool failed;
};

void listing_init(struct listing *l, const char *prefix)
{
    *l = (struct listing){.prefix = prefix};
    arena_init(&l->arena);
}

void listing_close(struct listing *l)
{
    arena_close(&l->arena);
    mem_free(l->objects);
    mem_free(l->token);
    l->objects = NULL;
    l->token = NULL;
}

static void page_fail(struct list_page *p, const char *text)
{
    if (!p->failed)
        (void)err_set(&p->err, -EBADMSG, "%s", text);
    p->failed = true;
    (void)XML_StopParser(p->parser, XML_FALSE);
}

static int digits(const char **text, int count)
{
    int value = 0;
    for (; count > 0; count--, (*text)++) {
        if (!isdigit((unsigned char)**text))
            return -1;
        value = value * 10 + (**text - '0');
    }
    return value;
}

static bool skip(const char **text, char c)
{
    return **text == c ? (*text)++, true : false;
}

static int64_t fraction_ns(const char **text)
{
    int64_t ns = 0;
    int64_t unit = 100000000;
    for (; isdigit((unsigned char)**text); (*text)++, unit /= 10)
        ns += (**text - '0') * unit;
    return ns;
}

bool list_parse_time(const char *text, int64_t *out)
{
    struct tm tm = {0};
    const char *t = text;
    tm.tm_year = digits(&t, 4) - 1900;
    bool ok = skip(&t, '-');
    tm.tm_mon = ok ? digits(&t, 2) - 1 : -1;
    ok = ok && skip(&t, '-');
    tm.tm_mday = ok ? digits(&t, 2) : -1;
    ok = ok && skip(&t, 'T');
    tm.tm_hour = ok ? digits(&t, 2) : -1;
    ok = ok && skip(&t, ':');
    tm.tm_min = ok ? digits(&t, 2) : -1;
    ok = ok && skip(&t, ':');
    tm.tm_sec = ok ? digits(&t, 2) : -1;
    if (!ok || tm.tm_year < 0 || tm.tm_mon < 0 || tm.tm_mon > 11 || tm.tm_mday < 1 ||
        tm.tm_mday > 31 || tm.tm_hour < 0 || tm.tm_hour > 23 || tm.tm_min < 0 || tm.tm_min > 59 ||
        tm.tm_sec < 0 || tm.tm_sec > 60 || tm.tm_year > 300)
        return false;
    int64_t ns = skip(&t, '.') ? fraction_ns(&t) : 0;
    if (strcmp(t, "Z") != 0)
        return false;
    *out = (int64_t)timegm(&tm) * 1000000000 + ns;
    return true;
}

static bool parse_object_size(const char *text, int64_t *out)
{
    size_t len = strlen(text);
    if (len == 0 || len > 18 || strspn(text, "0123456789") != len)
        return false;
    *out = strtoll(text, NULL, 10);
    return true;
}

/* The tag goes back in a header: nothing in it may end one. */
static const char *copy_etag(struct arena *a, const char *text)
{
    size_t len = strlen(text);
    if (len == 0 || len > ETAG_MAX)
        return NULL;
    for (size_t i = 0; i < len; i++) {
        if (!isgraph((unsigned char)text[i]))
            return NULL;
    }
    bool quoted = text[0] == '"';
    return quoted ? arena_strdup(a, text) : arena_printf(a, "\"%s\"", text);
}

static void add_object(struct list_page *p)
{
    struct listing *l = p->list;
    if (!p->seen[FIELD_KEY] || !p->seen[FIELD_SIZE] || !p->seen[FIELD_TIME]) {
        page_fail(p, "the listing has an object without key, size or time");
        return;
    }
    struct object o = {0};
    if (!parse_object_size(buf_str(&p->texts[FIELD_SIZE]), &o.size)) {
        page_fail(p, "the listing has an object whose size is no number");
        return;
    }
    if (!list_parse_time(buf_str(&p->texts[FIELD_TIME]), &o.mtime)) {
        page_fail(p, "the listing has an object whose time is no time");
        return;
    }
    o.key_len = p->texts[FIELD_KEY].len;
    o.key = arena_strndup(&l->arena, buf_str(&p->texts[FIELD_KEY]), o.key_len);
    if (p->seen[FIELD_ETAG])
        o.etag = copy_etag(&l->arena, buf_str(&p->texts[FIELD_ETAG]));
    if (l->count == l->room) {
        l->room = l->room ? l->room * 2 : 1024;
        l->objects = mem_grow(l->objects, l->room, sizeof *l->objects);
    }
    l->objects[l->count++] = o;
}

/* expat was told to write "namespace|name"; the namespace does not matter here. */
static const char *local_name(const char *name)
{
    const char *bar = strrchr(name, '|');
    return bar ? bar + 1 : name;
}

static void open_object(struct list_page *p)
{
    p->in_object = true;
    for (int f = 0; f < FIELD_COUNT; f++) {
        if (fields[f].in_object)
            p->seen[f] = false;
    }
}

static void open_field(struct list_page *p, const char *name)
{
    for (int f = 0; f < FIELD_COUNT; f++) {
        if (fields[f].depth != p->depth || fields[f].in_object != p->in_object ||
            strcmp(fields[f].name, name) != 0)
            continue;
        if (p->seen[f])
            page_fail(p, "the listing says the same thing twice");
        p->seen[f] = true;
        p->field = f;
        buf_clear(&p->texts[f]);
    }
}

static void XMLCALL on_open(void *ctx, const XML_Char *full, const XML_Char **attributes)
{
    (void)attributes;
    struct list_page *p = ctx;
    const char *name = local_name(full);
    p->depth++;
    p->field = -1;
    if (p->depth > DEPTH_MAX)
        page_fail(p, "the listing is nested too deeply");
    else if (p->depth == 1 && strcmp(name, "ListBucketResult") != 0)
        page_fail(p, "the answer is no listing of a bucket");
    else if (p->depth == 2 && strcmp(name, "Contents") == 0)
        open_object(p);
    else
        open_field(p, name);
}

static void XMLCALL on_close(void *ctx, const XML_Char *full)
{
    (void)full;
    struct list_page *p = ctx;
    p->field = -1;
    if (p->depth == 2 && p->in_object) {
        add_object(p);
        p->in_object = false;
    }
    p->depth--;
}

static void XMLCALL on_text(void *ctx, const XML_Char *text, int len)
{
    struct list_page *p = ctx;
    if (p->field < 0)
        return;
    struct buf *b = &p->texts[p->field];
    if (b->len + (size_t)len > FIELD_MAX)
        page_fail(p, "the listing has a value that is too long");
    else
        buf_append(b, text, (size_t)len);
}

/* No server sends one; entities live there. */
static void XMLCALL on_doctype(void *ctx, const XML_Char *name, const XML_Char *sysid,
                               const XML_Char *pubid, int has_subset)
{
    (void)name;
    (void)sysid;
    (void)pubid;
    (void)has_subset;
    page_fail(ctx, "the answer is no listing of a bucket");
}

struct list_page *list_page_new(struct listing *l)
{
    struct list_page *p = mem_alloc(sizeof *p);
    p->list = l;
    p->first = l->count;
    p->field = -1;
    p->parser = XML_ParserCreateNS(NULL, '|');
    if (!p->parser)
        abort();
    XML_SetUserData(p->parser, p);
    XML_SetElementHandler(p->parser, on_open, on_close);
    XML_SetCharacterDataHandler(p->parser, on_text);
    XML_SetStartDoctypeDeclHandler(p->parser, on_doctype);
    return p;
}

static int page_parse(struct list_page *p, const char *data, int len, bool last, struct err *e)
{
    if (!p->failed && XML_Parse(p->parser, data, len, last) != XML_STATUS_OK && !p->failed) {
        p->failed = true;
        (void)err_set(&p->err, -EBADMSG, "the listing is no well-formed XML: %s in line %lu",
                      XML_ErrorString(XML_GetErrorCode(p->parser)),
                      XML_GetCurrentLineNumber(p->parser));
    }
    return p->failed ? err_set(e, -EBADMSG, "%s", p->err.text) : 0;
}

int list_page_feed(struct list_page *p, const char *data, size_t len, struct err *e)
{
    if (len > LIST_PAGE_MAX - p->bytes) {
        p->failed = true;
        return err_set(e, -EBADMSG, "a page of the listing is larger than %d MB",
                       LIST_PAGE_MAX >> 20);
    }
    p->bytes += len;
    return page_parse(p, data, (int)len, false, e);
}

static bool is_seen(const struct list_page *p, enum field f, const char *text)
{
    return p->seen[f] && strcmp(buf_str(&p->texts[f]), text) == 0;
}

/* Decodes the keys of the page, if the server says it encoded them, and checks the prefix. */
static int finish_keys(struct list_page *p, struct err *e)
{
    struct listing *l = p->list;
    bool encoded = is_seen(p, FIELD_ENCODING, "url");
    size_t prefix_len = strlen(l->prefix);
    for (size_t i = p->first; i < l->count; i++) {
        struct object *o = &l->objects[i];
        if (encoded && !s3_decode(o->key, &o->key_len))
            return err_set(e, -EBADMSG, "the listing has a key that is wrongly encoded");
        if (o->key_len < prefix_len || memcmp(o->key, l->prefix, prefix_len) != 0)
            return err_set(e, -EBADMSG, "the listing has a key outside of the prefix");
    }
    return 0;
}

static int finish_token(struct list_page *p, struct err *e)
{
    struct listing *l = p->list;
    bool more = is_seen(p, FIELD_TRUNCATED, "true");
    if (!more && !is_seen(p, FIELD_TRUNCATED, "false"))
        return err_set(e, -EBADMSG, "the listing does not say whether it is complete");
    const char *token = buf_str(&p->texts[FIELD_TOKEN]);
    if (more && (!p->seen[FIELD_TOKEN] || !*token))
        return err_set(e, -EBADMSG, "the listing says there is more but not where");
    if (more && l->token && strcmp(l->token, token) == 0)
        return err_set(e, -EBADMSG, "the listing goes in a circle");
    mem_free(l->token);
    l->token = more ? mem_strdup(token) : NULL;
    return 0;
}

int list_page_end(struct list_page *p, struct err *e)
{
    int rc = page_parse(p, "", 0, true, e);
    if (rc == 0)
        rc = finish_keys(p, e);
    if (rc == 0)
        rc = finish_token(p, e);
    if (rc == 0)
        p->first = p->list->count;
    return rc;
}

void list_page_free(struct list_page *p)
{
    if (!p)
        return;
    p->list->count = p->first; /* nothing of an unfinished page remains */
    for (int f = 0; f < FIELD_COUNT; f++)
        buf_close(&p->texts[f]);
    XML_ParserFree(p->parser);
    mem_free(p);
}

/* --- error answers -------------------------------------------------------------------------- */

struct error_reader {
    XML_Parser parser;
    struct s3_error *error;
    int depth;
    char *field; /* being filled, or NULL */
    size_t size;
};

static void XMLCALL on_error_open(void *ctx, const XML_Char *full, const XML_Char **attributes)
{
    (void)attributes;
    struct error_reader *r = ctx;
    const char *name = local_name(full);
    r->depth++;
    r->field = NULL;
    if (r->depth == 1 && strcmp(name, "Error") != 0)
        (void)XML_StopParser(r->parser, XML_FALSE);
    if (r->depth != 2)
        return;
    if (strcmp(name, "Code") == 0)
        r->field = r->error->code, r->size = sizeof r->error->code;
    else if (strcmp(name, "Message") == 0)
        r->field = r->error->message, r->size = sizeof r->error->message;
    else if (strcmp(name, "Region") == 0)
        r->field = r->error->region, r->size = sizeof r->error->region;
}

static void XMLCALL on_error_close(void *ctx, const XML_Char *full)
{
    (void)full;
    struct error_reader *r = ctx;
    r->depth--;
    r->field = NULL;
}

static void XMLCALL on_error_text(void *ctx, const XML_Char *text, int len)
{
    struct error_reader *r = ctx;
    if (!r->field)
        return;
    size_t used = strlen(r->field);
    (void)snprintf(r->field + used, r->size - used, "%.*s", len, text);
}

void list_read_error(const char *data, size_t len, struct s3_error *error)
{
    struct error_reader r = {.parser = XML_ParserCreateNS(NULL, '|'), .error = error};
    *error = (struct s3_error){0};
    if (!r.parser || len > LIST_PAGE_MAX)
        goto done;
    XML_SetUserData(r.parser, &r);
    XML_SetElementHandler(r.parser, on_error_open, on_error_close);
    XML_SetCharacterDataHandler(r.parser, on_error_text);
    (void)XML_Parse(r.parser, data, (int)len, XML_TRUE);
done:
    XML_ParserFree(r.parser);
}
