/*
 * Fuzzes the reading of access logs: the first line says the format, by a letter or as nginx writes
 * one; the others are read in it. What is found must lie in the line and be what it is said to be.
 */
#include <jansson.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "traffic/format.h"
#include "traffic/nginxconf.h"
#include "traffic/routes.h"
#include "traffic/wide.h"

static void must(bool good)
{
    if (!good)
        abort();
}

static bool is_inside(struct span field, const char *start, size_t len)
{
    return field.text >= start && field.text + field.len <= start + len;
}

static void check_record(const struct format *f, const struct record *r, const char *line,
                         size_t len)
{
    for (unsigned i = 0; i < FIELD_COUNT; i++) {
        if (!(r->have & FIELD_BIT(i)))
            continue;
        struct span field = r->field[i];
        bool slash = i == FIELD_PATH && field.len == 1 && *field.text == '/';
        must(field.len > 0 && (f->wanted & FIELD_BIT(i)));
        must(slash || is_inside(field, line, len) || is_inside(field, f->scratch, f->scratch_room));
    }
    must(r->status >= 0 && r->status <= 999);
    if (r->have & FIELD_BIT(FIELD_PATH))
        must(r->field[FIELD_PATH].text[0] == '/' &&
             memchr(r->field[FIELD_PATH].text, '?', r->field[FIELD_PATH].len) == NULL);
    if (r->have & FIELD_BIT(FIELD_TIME))
        must(r->when.hour >= 0 && r->when.hour < 24);
}

/* What is no JSON for jansson is none for us; it forbids NUL and bad UTF-8, which we let be. */
static void check_json(const char *line, size_t len, enum line_kind kind)
{
    json_error_t error;
    json_t *value = json_loadb(line, len, JSON_DECODE_ANY, &error);
    for (size_t i = 0; i < len; i++)
        if ((line[i] & 0x80) != 0)
            kind = LINE_OTHER;
    if (kind == LINE_OK && memmem(line, len, "\\u", 2) == NULL)
        must(value != NULL || json_error_code(&error) == json_error_numeric_overflow);
    json_decref(value);
}

/* What is read ahead, with all that follows, is the line up to its newline, read alike. */
static void check_ahead(struct format *f, struct span line, const char *end, enum line_kind kind,
                        const struct record *r)
{
    struct record ahead = {0};
    size_t size = (size_t)(end - line.text);
    char *copy = malloc(size + 1);
    must(copy != NULL);
    memcpy(copy + 1, line.text, size);
    size_t len = format_read_ahead(f, copy + 1, size, &ahead);
    must(len == 0 || (len == line.len && len < size && kind == LINE_OK));
    must(len == 0 || (ahead.have == r->have && ahead.status == r->status));
    for (unsigned i = 0; i < FIELD_COUNT && len > 0; i++)
        must(!(r->have & FIELD_BIT(i)) || ahead.field[i].len == r->field[i].len);
    free(copy);
}

static void read_line(struct format *f, struct format *careful, struct routes *s, struct span text,
                      const char *end)
{
    struct record r = {0};
    struct record again = {0};
    char *copy = malloc(text.len + 1); /* ends where the line does, for the sanitizer */
    must(copy != NULL);
    memcpy(copy + 1, text.text, text.len);
    format_want(f, FIELD_ALL);
    enum line_kind kind = format_read(f, copy + 1, text.len, &r);
    must(kind < LINE_LONG);
    if (kind == LINE_OK) {
        check_record(f, &r, copy + 1, text.len);
        must(routes_find(s, &r) < (int)s->count);
    }
    check_ahead(f, text, end, kind, &r);
    if (f->way == FORMAT_JSON)
        check_json(copy + 1, text.len, kind);
    must(format_read(careful, copy + 1, text.len, &again) == kind);
    must(kind != LINE_OK || (again.have == r.have && again.status == r.status));
    f->wide = !f->wide && wide_is_here();
    format_want(f, FIELD_BIT(FIELD_PATH));
    must(format_read(f, copy + 1, text.len, &again) == kind);
    must(kind != LINE_OK || again.have == (r.have & FIELD_BIT(FIELD_PATH)));
    free(copy);
}

static const char *format_of(char letter)
{
    static const char letters[] = "acovj";
    static const char *const names[] = {"auto", "combined", "common", "viewbovis", "json"};
    const char *at = letter != '\0' ? strchr(letters, letter) : NULL;
    return at != NULL ? names[at - letters] : "auto";
}

/* Reads no files: what has no $ in it is a name by its letter. */
static bool init(struct format *f, const char *spec)
{
    struct err e = {0};
    bool text = strchr(spec, '$') != NULL && strlen(spec) > 1;
    return format_init(f, text ? spec : format_of(*spec), &e) == 0;
}

static void read_lines(struct format *f, struct format *careful, const char *at, const char *end)
{
    struct routes s;
    struct err e;
    routes_init(&s);
    must(routes_add(&s, "/sample", &e) == 0 && routes_add(&s, "GET /sample/* 2xx", &e) == 0 &&
         routes_add(&s, "~^/[a-z]+$ 404", &e) == 0);
    while (at < end) {
        const char *newline = memchr(at, '\n', (size_t)(end - at));
        const char *stop = newline ? newline : end;
        read_line(f, careful, &s, (struct span){at, (size_t)(stop - at)}, end);
        at = stop + 1;
    }
    routes_close(&s);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct format f, careful;
    const char *text = (const char *)data;
    const char *newline = memchr(text, '\n', size);
    if (newline == NULL)
        return 0;
    char *spec = mem_strndup(text, (size_t)(newline - text));
    struct buf found = BUF_EMPTY;
    (void)nginxconf_format(text, size, NULL, &found, NULL);
    if (init(&f, spec)) {
        must(init(&careful, spec));
        careful.combined = false;
        read_lines(&f, &careful, newline + 1, text + size);
        format_close(&f);
        format_close(&careful);
    }
    buf_close(&found);
    mem_free(spec);
    return 0;
}
