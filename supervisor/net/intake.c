#include "net/intake.h"

#include <string.h>

#include "base/xml.h"

struct field field_get(const char *line, size_t len, const char *key)
{
    struct field found = {NULL, 0};
    const size_t key_len = strlen(key);
    for (size_t at = 0; at < len;) {
        const char *blank = memchr(line + at, ' ', len - at);
        const size_t end = blank ? (size_t)(blank - line) : len;
        if (end - at > key_len && line[at + key_len] == ':' && memcmp(line + at, key, key_len) == 0)
            found = (struct field){line + at + key_len + 1, end - at - key_len - 1};
        at = end + 1;
    }
    return found;
}

bool field_is(struct field f, const char *text)
{
    return f.text && f.len == strlen(text) && memcmp(f.text, text, f.len) == 0;
}

/* --- The payload --------------------------------------------------------------------------- */

static size_t char_room(unsigned char first)
{
    return first >= 0xf0 ? 4 : first >= 0xe0 ? 3 : first >= 0xc0 ? 2 : 1;
}

/* May it become a character yet? Only its last byte is new. */
static bool part_waits(const struct intake *in)
{
    const unsigned char last = (unsigned char)in->part[in->part_len - 1];
    return in->part_len < char_room((unsigned char)in->part[0]) &&
           (in->part_len == 1 || (last & 0xc0) == 0x80);
}

/* What is no character counts one for each byte, as for whoever counted them. */
static void settle_part(struct intake *in)
{
    while (in->part_len > 0 && in->left > 0) {
        size_t n = xml_utf8_char(in->part, in->part_len);
        if (n == 0 && part_waits(in))
            return;
        n = n ? n : 1;
        in->cut = in->cut || in->text.len + n > INTAKE_TEXT_MAX;
        if (!in->cut)
            buf_append(&in->text, in->part, n);
        in->part_len -= n;
        memmove(in->part, in->part + n, in->part_len);
        in->left--;
    }
}

static enum intake_news take_text(struct intake *in, const char **data, size_t *len)
{
    while (in->left > 0 && *len > 0) {
        in->part[in->part_len++] = **data;
        (*data)++;
        (*len)--;
        settle_part(in);
    }
    if (in->left > 0)
        return INTAKE_NOTHING;
    in->told = true;
    return INTAKE_EVENT;
}

/* --- The headers --------------------------------------------------------------------------- */

/* At most nine digits: more than any payload has. */
static bool read_length(struct field f, size_t *out)
{
    size_t n = 0;
    if (!f.text || f.len == 0 || f.len > 9)
        return false;
    for (size_t i = 0; i < f.len; i++) {
        if (f.text[i] < '0' || f.text[i] > '9')
            return false;
        n = n * 10 + (size_t)(f.text[i] - '0');
    }
    *out = n;
    return true;
}

static enum intake_news take_head(struct intake *in, const char **data, size_t *len)
{
    const char *end = memchr(*data, '\n', *len);
    const size_t part = end ? (size_t)(end - *data) : *len;
    if (in->head.len + part > INTAKE_HEAD_MAX)
        return INTAKE_BROKEN;
    buf_append(&in->head, *data, part);
    *data += part + (end ? 1 : 0);
    *len -= part + (end ? 1 : 0);
    if (!end)
        return INTAKE_NOTHING;
    const struct field name = field_get(in->head.data, in->head.len, "eventname");
    if (!name.text || name.len == 0 ||
        !read_length(field_get(in->head.data, in->head.len, "len"), &in->left))
        return INTAKE_BROKEN;
    in->in_text = true;
    return take_text(in, data, len);
}

enum intake_news intake_take(struct intake *in, const char **data, size_t *len)
{
    if (in->told) {
        buf_clear(&in->head);
        buf_clear(&in->text);
        buf_append(&in->head, in->part, in->part_len); /* of a payload that ended inside of it */
        in->part_len = 0;
        in->told = in->in_text = in->cut = false;
    }
    return in->in_text ? take_text(in, data, len) : take_head(in, data, len);
}

void intake_close(struct intake *in)
{
    buf_close(&in->head);
    buf_close(&in->text);
}
