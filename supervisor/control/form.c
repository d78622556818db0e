#include "control/form.h"

#include <stdbool.h>
#include <string.h>

#include "base/mem.h"

void html_text(struct buf *out, const char *text)
{
    for (; *text; text++) {
        if (*text == '&')
            buf_text(out, "&amp;");
        else if (*text == '<')
            buf_text(out, "&lt;");
        else if (*text == '>')
            buf_text(out, "&gt;");
        else if (*text == '"')
            buf_text(out, "&quot;");
        else if (*text == '\'')
            buf_text(out, "&#39;");
        else
            buf_char(out, *text);
    }
}

static bool is_plain(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
           (c != '\0' && strchr("-._~:", c));
}

void url_text(struct buf *out, const char *text)
{
    for (; *text; text++) {
        if (is_plain(*text))
            buf_char(out, *text);
        else
            buf_printf(out, "%%%02X", (unsigned)(unsigned char)*text);
    }
}

static int hex_digit(char c)
{
    static const char digits[] = "0123456789abcdef0123456789ABCDEF";
    const char *at = c ? strchr(digits, c) : NULL;
    return at ? (int)((at - digits) % 16) : -1;
}

static void decode(struct buf *out, const char *text, size_t len)
{
    for (size_t i = 0; i < len; i++) {
        bool coded = text[i] == '%' && i + 2 < len && hex_digit(text[i + 1]) >= 0 &&
                     hex_digit(text[i + 2]) >= 0;
        if (coded) {
            buf_char(out, (char)(hex_digit(text[i + 1]) * 16 + hex_digit(text[i + 2])));
            i += 2;
        } else {
            buf_char(out, text[i] == '+' ? ' ' : text[i]);
        }
    }
}

static bool decodes_to(const char *text, size_t len, const char *name)
{
    struct buf b = BUF_EMPTY;
    decode(&b, text, len);
    bool same = strcmp(buf_str(&b), name) == 0;
    buf_close(&b);
    return same;
}

static char *decoded(const char *text, size_t len)
{
    struct buf b = BUF_EMPTY;
    decode(&b, text, len);
    if (memchr(buf_str(&b), '\0', b.len)) {
        buf_close(&b);
        return NULL;
    }
    return buf_take(&b);
}

char *form_value(const char *body, size_t len, const char *name)
{
    const char *end = body + len;
    while (body < end) {
        const char *stop = memchr(body, '&', (size_t)(end - body));
        stop = stop ? stop : end;
        const char *equals = memchr(body, '=', (size_t)(stop - body));
        size_t name_len = (size_t)((equals ? equals : stop) - body);
        if (equals && decodes_to(body, name_len, name))
            return decoded(equals + 1, (size_t)(stop - equals - 1));
        body = stop + 1;
    }
    return NULL;
}
