#include "traffic/jsonline.h"

#include <stdbool.h>
#include <string.h>

#include "traffic/request.h"

struct known_key {
    const char *name;
    enum part part;
    int rank; /* of several for one part the lowest is taken */
};

// clang-format off
static const struct known_key KEYS[] = {
    {"remote_addr",          PART_ADDR,     0}, {"client_ip",       PART_ADDR,     1},
    {"remote_ip",            PART_ADDR,     2}, {"clientip",        PART_ADDR,     3},
    {"ip",                   PART_ADDR,     4}, {"addr",            PART_ADDR,     5},
    {"client",               PART_ADDR,     6}, {"http_x_forwarded_for", PART_PROXIES, 7},
    {"x_forwarded_for",      PART_PROXIES,  8},
    {"remote_user",          PART_USER,     0}, {"user",            PART_USER,     1},
    {"user_id",              PART_USER,     2},
    {"time_local",           PART_TIME,     0}, {"time_iso8601",    PART_TIME,     1},
    {"msec",                 PART_TIME,     2}, {"time",            PART_TIME,     3},
    {"timestamp",            PART_TIME,     4}, {"@timestamp",      PART_TIME,     5},
    {"ts",                   PART_TIME,     6}, {"date",            PART_TIME,     7},
    {"request",              PART_REQUEST,  0}, {"request_line",    PART_REQUEST,  1},
    {"request_method",       PART_METHOD,   0}, {"method",          PART_METHOD,   1},
    {"verb",                 PART_METHOD,   2},
    {"request_uri",          PART_PATH,     0}, {"uri",             PART_PATH,     1},
    {"path",                 PART_PATH,     2}, {"url",             PART_PATH,     3},
    {"document_uri",         PART_PATH,     4}, {"request_path",    PART_PATH,     5},
    {"status",               PART_STATUS,   0}, {"status_code",     PART_STATUS,   1},
    {"response",             PART_STATUS,   2}, {"code",            PART_STATUS,   3},
    {"body_bytes_sent",      PART_BYTES,    0}, {"bytes_sent",      PART_BYTES,    1},
    {"bytes",                PART_BYTES,    2}, {"size",            PART_BYTES,    3},
    {"http_referer",         PART_REFERRER, 0}, {"http_referrer",   PART_REFERRER, 1},
    {"referer",              PART_REFERRER, 2}, {"referrer",        PART_REFERRER, 3},
    {"http_user_agent",      PART_AGENT,    0}, {"user_agent",      PART_AGENT,    1},
    {"agent",                PART_AGENT,    2},
    {"host",                 PART_HOST,     0}, {"http_host",       PART_HOST,     1},
    {"server_name",          PART_HOST,     2}, {"vhost",           PART_HOST,     3},
    {"request_time",         PART_LATENCY,  0}, {"duration",        PART_LATENCY,  1},
    {"latency",              PART_LATENCY,  2},
};
// clang-format on

enum { PARTS = PART_LATENCY + 1 };

/* A text being read; every function returns LINE_OK with `at` behind what it has read. */
struct reader {
    const char *at;
    const char *end;
    char *scratch; /* the free part of it */
    int depth;
    struct span found[PARTS]; /* the values, and which of KEYS they were, plus one */
    size_t key[PARTS];
};

static void skip_blanks(struct reader *d)
{
    while (d->at < d->end && (*d->at == ' ' || *d->at == '\t' || *d->at == '\r'))
        d->at++;
}

/* One of the marks of JSON, with blanks around it. */
static enum line_kind expect(struct reader *d, char mark)
{
    skip_blanks(d);
    if (d->at == d->end)
        return LINE_CUT;
    if (*d->at != mark)
        return LINE_OTHER;
    d->at++;
    skip_blanks(d);
    return LINE_OK;
}

static int hex_digit(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    c |= 0x20;
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* Four hexadecimal digits; -1 when they are none. */
static int hex4(const char *at)
{
    int value = 0;
    for (int i = 0; i < 4; i++) {
        int digit = hex_digit(at[i]);
        if (digit < 0)
            return -1;
        value = value * 16 + digit;
    }
    return value;
}

static char *put_utf8(char *to, int code)
{
    if (code < 0x80) {
        *to++ = (char)code;
        return to;
    }
    if (code < 0x800) {
        *to++ = (char)(0xc0 | code >> 6);
    } else if (code < 0x10000) {
        *to++ = (char)(0xe0 | code >> 12);
        *to++ = (char)(0x80 | (code >> 6 & 0x3f));
    } else {
        *to++ = (char)(0xf0 | code >> 18);
        *to++ = (char)(0x80 | (code >> 12 & 0x3f));
        *to++ = (char)(0x80 | (code >> 6 & 0x3f));
    }
    *to++ = (char)(0x80 | (code & 0x3f));
    return to;
}

/* The characters of \uXXXX, perhaps with another half behind it; half a pair alone is a '?'. */
static bool unescape_unicode(const char **at, const char *end, char **to)
{
    int code = end - *at >= 4 ? hex4(*at) : -1;
    if (code < 0)
        return false;
    *at += 4;
    int low = -1;
    if (code >= 0xd800 && code < 0xdc00 && end - *at >= 6 && (*at)[0] == '\\' && (*at)[1] == 'u')
        low = hex4(*at + 2);
    if (low >= 0xdc00 && low < 0xe000) {
        *at += 6;
        code = 0x10000 + ((code - 0xd800) << 10) + (low - 0xdc00);
    } else if (code >= 0xd800 && code < 0xe000) {
        code = '?';
    }
    *to = put_utf8(*to, code);
    return true;
}

/* What stands behind a backslash. */
static bool unescape_one(const char **at, const char *end, char **to)
{
    static const char escapes[] = "\"\\/bfnrt";
    static const char meanings[] = "\"\\/\b\f\n\r\t";
    char c = *(*at)++;
    if (c == 'u')
        return unescape_unicode(at, end, to);
    const char *escape = c != '\0' ? strchr(escapes, c) : NULL;
    if (escape == NULL)
        return false;
    *(*to)++ = meanings[escape - escapes];
    return true;
}

/* Never longer than it was. False when an escape is none. */
static bool unescape(struct reader *d, struct span *text)
{
    const char *at = text->text;
    const char *end = at + text->len;
    char *start = d->scratch;
    while (at < end) {
        if (*at != '\\')
            *d->scratch++ = *at++;
        else if (at++, !unescape_one(&at, end, &d->scratch))
            return false;
    }
    *text = (struct span){start, (size_t)(d->scratch - start)};
    return true;
}

static enum line_kind read_string(struct reader *d, struct span *text)
{
    enum line_kind kind = d->at < d->end && *d->at != '"' ? LINE_OTHER : LINE_CUT;
    const char *close = NULL;
    if (d->at < d->end && *d->at == '"')
        close = quote_find(d->at + 1, d->end);
    if (close == NULL)
        return kind;
    *text = (struct span){d->at + 1, (size_t)(close - d->at - 1)};
    d->at = close + 1;
    for (size_t i = 0; i < text->len; i++)
        if ((unsigned char)text->text[i] < 0x20)
            return LINE_OTHER;
    if (memchr(text->text, '\\', text->len) != NULL && !unescape(d, text))
        return LINE_OTHER;
    return LINE_OK;
}

static size_t skip_digits(struct reader *d)
{
    const char *start = d->at;
    while (d->at < d->end && *d->at >= '0' && *d->at <= '9')
        d->at++;
    return (size_t)(d->at - start);
}

static bool skip_char(struct reader *d, const char *set)
{
    if (d->at == d->end || *d->at == '\0' || strchr(set, *d->at) == NULL)
        return false;
    d->at++;
    return true;
}

static enum line_kind read_number(struct reader *d, struct span *text)
{
    const char *start = d->at;
    (void)skip_char(d, "-");
    const char *first = d->at;
    bool good = skip_digits(d) > 0 && (*first != '0' || d->at == first + 1);
    if (good && skip_char(d, "."))
        good = skip_digits(d) > 0;
    if (good && skip_char(d, "eE")) {
        (void)skip_char(d, "+-");
        good = skip_digits(d) > 0;
    }
    *text = (struct span){start, (size_t)(d->at - start)};
    if (good)
        return LINE_OK;
    return d->at == d->end ? LINE_CUT : LINE_OTHER;
}

/* true, false, null: values that no field has. */
static enum line_kind read_word(struct reader *d, struct span *text)
{
    static const char *const words[] = {"true", "false", "null"};
    size_t room = (size_t)(d->end - d->at);
    *text = (struct span){d->at, 0};
    for (size_t i = 0; i < sizeof words / sizeof *words; i++) {
        size_t len = strlen(words[i]);
        if (memcmp(d->at, words[i], len < room ? len : room) != 0)
            continue;
        d->at += len < room ? len : room;
        return len <= room ? LINE_OK : LINE_CUT;
    }
    return LINE_OTHER;
}

static enum line_kind read_scalar(struct reader *d, struct span *text)
{
    if (*d->at == '"')
        return read_string(d, text);
    if (*d->at == '-' || (*d->at >= '0' && *d->at <= '9'))
        return read_number(d, text);
    return read_word(d, text);
}

static void note_value(struct reader *d, struct span name, struct span text)
{
    for (size_t i = 0; i < sizeof KEYS / sizeof *KEYS; i++) {
        const struct known_key *k = &KEYS[i];
        if (name.len == 0 || k->name[0] != name.text[0] || strlen(k->name) != name.len ||
            memcmp(k->name, name.text, name.len) != 0)
            continue;
        size_t other = d->key[k->part];
        if (other != 0 && KEYS[other - 1].rank < k->rank)
            return;
        d->key[k->part] = i + 1;
        d->found[k->part] = text;
        return;
    }
}

/* What is open: '{' with names that count, '[' or '(', an object whose names do not. */
struct nest {
    char open[JSONLINE_DEPTH_MAX];
    int depth;
};

/* `"name": ` of an object's next value. */
static enum line_kind read_name(struct reader *d, struct span *name)
{
    enum line_kind kind = read_string(d, name);
    return kind == LINE_OK ? expect(d, ':') : kind;
}

static enum line_kind open_value(struct reader *d, struct nest *n, struct span name)
{
    if (n->depth == JSONLINE_DEPTH_MAX)
        return LINE_OTHER;
    bool object = *d->at == '{';
    bool counts = n->depth == 0 || (n->depth == 1 && n->open[0] == '{' && name.len == 7 &&
                                    memcmp(name.text, "request", 7) == 0);
    n->open[n->depth++] = !object ? '[' : counts ? '{' : '(';
    d->at++;
    skip_blanks(d);
    return LINE_OK;
}

static bool closes(const struct nest *n, char c)
{
    return c == (n->open[n->depth - 1] == '[' ? ']' : '}');
}

/* Behind a value: what it ends, and the comma before the next one. */
static enum line_kind close_values(struct reader *d, struct nest *n)
{
    skip_blanks(d);
    while (n->depth > 0 && d->at < d->end && closes(n, *d->at)) {
        d->at++;
        n->depth--;
        skip_blanks(d);
    }
    return n->depth == 0 ? LINE_OK : expect(d, ',');
}

/* One value with its name; of an array or object only what opens it. */
static enum line_kind read_value(struct reader *d, struct nest *n)
{
    struct span name = {"", 0};
    struct span text;
    bool named = n->open[n->depth - 1] != '[';
    enum line_kind kind = named ? read_name(d, &name) : LINE_OK;
    if (kind != LINE_OK)
        return kind;
    if (d->at == d->end)
        return LINE_CUT;
    if (*d->at == '{' || *d->at == '[') {
        kind = open_value(d, n, name);
        bool empty = kind == LINE_OK && d->at < d->end && closes(n, *d->at);
        return kind != LINE_OK || !empty ? kind : close_values(d, n);
    }
    kind = read_scalar(d, &text);
    if (kind != LINE_OK)
        return kind;
    if (n->open[n->depth - 1] == '{')
        note_value(d, name, text);
    return close_values(d, n);
}

static enum line_kind read_object(struct reader *d)
{
    struct nest n = {0};
    skip_blanks(d);
    if (d->at == d->end || *d->at != '{')
        return d->at == d->end ? LINE_CUT : LINE_OTHER;
    enum line_kind kind = open_value(d, &n, (struct span){"", 0});
    if (kind == LINE_OK && d->at < d->end && closes(&n, *d->at))
        kind = close_values(d, &n);
    while (kind == LINE_OK && n.depth > 0)
        kind = read_value(d, &n);
    return kind == LINE_OK && d->at != d->end ? LINE_OTHER : kind;
}

static bool is_status(struct span text)
{
    uint64_t status;
    return text.len == 3 && number_read(text, &status);
}

enum line_kind jsonline_read(struct span line, struct take *t, char *scratch)
{
    struct reader d = {.at = line.text, .end = line.text + line.len, .scratch = scratch};
    enum line_kind kind = read_object(&d);
    t->in_line = false;
    if (kind != LINE_OK)
        return kind;
    if (!is_status(d.found[PART_STATUS]) || (d.key[PART_REQUEST] == 0 && d.key[PART_PATH] == 0))
        return LINE_OTHER;
    if (d.key[PART_TIME] == 0)
        return LINE_TIME;
    for (int part = PART_ADDR; part < PARTS; part++) {
        bool proxies_too = part == PART_PROXIES && d.key[PART_ADDR] != 0;
        if (d.key[part] == 0 || proxies_too)
            continue;
        kind = take_part(t, (enum part)part, d.found[part]);
        if (kind == LINE_TIME)
            return kind; /* other numbers that are none are not there */
    }
    take_end(t);
    return LINE_OK;
}
