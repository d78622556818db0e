#include "handover/line.h"

#include <errno.h>
#include <stdint.h>
#include <string.h>

#include "base/base64.h"
#include "base/mem.h"

/* --- Texts and bytes ----------------------------------------------------------------------- */

json_t *line_text(const char *data, size_t len)
{
    struct buf utf8 = BUF_EMPTY;
    for (size_t i = 0; i < len; i++) {
        unsigned char c = (unsigned char)data[i];
        if (c >= 0x80)
            buf_char(&utf8, (char)(0xc0 | c >> 6));
        buf_char(&utf8, c >= 0x80 ? (char)(0x80 | (c & 0x3f)) : (char)c);
    }
    json_t *value = json_stringn(buf_str(&utf8), utf8.len);
    buf_close(&utf8);
    return value;
}

bool line_text_read(const json_t *value, struct buf *out)
{
    const char *text = json_string_value(value);
    size_t len = json_string_length(value);
    size_t before = out->len;
    for (size_t i = 0; text && i < len; i++) {
        unsigned char c = (unsigned char)text[i];
        if (c < 0x80) {
            buf_char(out, (char)c);
            continue;
        }
        if (c > 0xc3 || i + 1 == len) { /* no byte, but a character beyond */
            out->len = before;
            return false;
        }
        buf_char(out, (char)((unsigned)c << 6 | ((unsigned char)text[++i] & 0x3fU)));
    }
    return text != NULL;
}

json_t *line_bytes(const struct buf *bytes)
{
    struct buf text = BUF_EMPTY;
    base64_encode(&text, buf_str(bytes), bytes->len);
    json_t *value = json_stringn(buf_str(&text), text.len);
    buf_close(&text);
    return value;
}

bool line_bytes_read(const json_t *value, struct buf *out)
{
    const char *text = json_string_value(value);
    return text && base64_decode(out, text, json_string_length(value)) == 0;
}

char *line_get(const json_t *line, const char *name)
{
    struct buf text = BUF_EMPTY;
    if (!line_text_read(json_object_get(line, name), &text)) {
        buf_close(&text);
        return NULL;
    }
    return buf_take(&text);
}

/* --- Lines --------------------------------------------------------------------------------- */

json_t *line_new(const char *kind, const char *key)
{
    json_t *line = json_object();
    (void)json_object_set_new(line, "kind", json_string(kind));
    (void)json_object_set_new(line, "key", line_text(key, strlen(key)));
    return line;
}

json_t *line_gone(const char *kind, const char *key)
{
    json_t *line = line_new(kind, key);
    (void)json_object_set_new(line, "gone", json_true());
    return line;
}

json_t *line_first(const char *version)
{
    json_t *line = line_new("mainstay", "");
    (void)json_object_set_new(line, "format", json_integer(LINE_FORMAT));
    (void)json_object_set_new(line, "version", json_string(version));
    return line;
}

void line_write(json_t *line, struct buf *out)
{
    char *text = json_dumps(line, JSON_COMPACT);
    if (text)
        buf_text(out, text);
    buf_char(out, '\n');
    mem_free(text);
    json_decref(line);
}

/* --- By rows ------------------------------------------------------------------------------- */

static json_t *pack_fd(int fd, struct carrier *c)
{
    return fd < 0 ? json_null() : c->give(c, fd);
}

/* NULL: 64 bits that no JSON number of ours can hold. */
static json_t *pack_member(const struct line_row *row, const void *member, struct carrier *c)
{
    int32_t number;
    int64_t large;
    switch (row->type) {
    case LINE_BOOL:
        return json_boolean(*(const bool *)member);
    case LINE_INT:
        memcpy(&number, member, sizeof number);
        return json_integer(number);
    case LINE_NUMBER:
        memcpy(&large, member, sizeof large);
        return json_integer(large);
    case LINE_CHARS:
        return line_text(member, strnlen(member, row->size));
    case LINE_TEXT:
        return *(char *const *)member
                   ? line_text(*(char *const *)member, strlen(*(char *const *)member))
                   : json_null();
    case LINE_BYTES:
        return line_bytes(member);
    case LINE_FD:
        return pack_fd(*(const int *)member, c);
    }
    return NULL;
}

void line_pack(json_t *line, const struct line_table *t, const void *from, struct carrier *c)
{
    for (size_t i = 0; i < t->count; i++)
        (void)json_object_set_new(
            line, t->rows[i].name,
            pack_member(&t->rows[i], (const char *)from + t->rows[i].offset, c));
}

/* Does this value fit into the member? */
static bool member_fits(const struct line_row *row, const json_t *value)
{
    struct buf bytes = BUF_EMPTY;
    json_int_t number = json_integer_value(value);
    bool fits = false;
    switch (row->type) {
    case LINE_BOOL:
        return json_is_boolean(value);
    case LINE_INT:
        return json_is_integer(value) && number >= INT32_MIN && number <= INT32_MAX;
    case LINE_NUMBER:
        return json_is_integer(value);
    case LINE_CHARS:
        fits = line_text_read(value, &bytes) && bytes.len < row->size;
        break;
    case LINE_TEXT:
        fits = json_is_null(value) || line_text_read(value, &bytes);
        break;
    case LINE_BYTES:
        fits = line_bytes_read(value, &bytes);
        break;
    case LINE_FD:
        return json_is_null(value) || json_is_integer(value) || json_is_string(value);
    }
    buf_close(&bytes);
    return fits;
}

static void unpack_chars(const struct line_row *row, const json_t *value, char *member)
{
    struct buf bytes = BUF_EMPTY;
    (void)line_text_read(value, &bytes);
    memset(member, 0, row->size);
    memcpy(member, buf_str(&bytes), bytes.len);
    buf_close(&bytes);
}

static void unpack_text(const json_t *value, char **member)
{
    struct buf bytes = BUF_EMPTY;
    mem_free(*member);
    *member = NULL;
    if (json_is_null(value))
        return;
    (void)line_text_read(value, &bytes);
    *member = buf_take(&bytes);
}

static void unpack_member(const struct line_row *row, const json_t *value, void *member,
                          struct carrier *c)
{
    int32_t number = (int32_t)json_integer_value(value);
    int64_t large = json_integer_value(value);
    switch (row->type) {
    case LINE_BOOL:
        *(bool *)member = json_is_true(value);
        break;
    case LINE_INT:
        memcpy(member, &number, sizeof number);
        break;
    case LINE_NUMBER:
        memcpy(member, &large, sizeof large);
        break;
    case LINE_CHARS:
        unpack_chars(row, value, member);
        break;
    case LINE_TEXT:
        unpack_text(value, member);
        break;
    case LINE_BYTES:
        buf_clear(member);
        (void)line_bytes_read(value, member);
        break;
    case LINE_FD:
        *(int *)member = json_is_null(value) ? -1 : c->take(c, value);
        break;
    }
}

static int line_refuse(const json_t *line, const char *what, const char *name, struct err *e)
{
    char *kind = line_get(line, "kind");
    char *key = line_get(line, "key");
    int rc = err_set(e, -EINVAL, "the line '%s %s' %s '%s'", kind ? kind : "?", key ? key : "?",
                     what, name);
    mem_free(kind);
    mem_free(key);
    return rc;
}

int line_unpack(const json_t *line, const struct line_table *t, void *into, struct carrier *c,
                struct err *e)
{
    for (size_t i = 0; i < t->count; i++) {
        const struct line_row *row = &t->rows[i];
        const json_t *value = json_object_get(line, row->name);
        if (!value && !row->optional)
            return line_refuse(line, "lacks", row->name, e);
        if (value && !member_fits(row, value))
            return line_refuse(line, "has a bad", row->name, e);
    }
    for (size_t i = 0; into && i < t->count; i++) {
        const json_t *value = json_object_get(line, t->rows[i].name);
        if (value)
            unpack_member(&t->rows[i], value, (char *)into + t->rows[i].offset, c);
    }
    return 0;
}
