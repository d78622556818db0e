#include "base/xml.h"

#include <stdbool.h>
#include <string.h>

size_t xml_utf8_char(const char *text, size_t len)
{
    // clang-format off
    /* RFC 3629, section 4: lead byte range, second byte range, length */
    static const struct { unsigned char lo, hi, lo2, hi2; size_t len; } forms[] = {
        {0x00, 0x7F, 0x00, 0x00, 1}, {0xC2, 0xDF, 0x80, 0xBF, 2},
        {0xE0, 0xE0, 0xA0, 0xBF, 3}, {0xE1, 0xEC, 0x80, 0xBF, 3},
        {0xED, 0xED, 0x80, 0x9F, 3}, {0xEE, 0xEF, 0x80, 0xBF, 3},
        {0xF0, 0xF0, 0x90, 0xBF, 4}, {0xF1, 0xF3, 0x80, 0xBF, 4},
        {0xF4, 0xF4, 0x80, 0x8F, 4},
    };
    // clang-format on
    const unsigned char *at = (const unsigned char *)text;
    for (size_t i = 0; len > 0 && i < sizeof forms / sizeof *forms; i++) {
        if (at[0] < forms[i].lo || at[0] > forms[i].hi)
            continue;
        if (forms[i].len > len)
            return 0;
        if (forms[i].len > 1 && (at[1] < forms[i].lo2 || at[1] > forms[i].hi2))
            return 0;
        for (size_t k = 2; k < forms[i].len; k++) {
            if (at[k] < 0x80 || at[k] > 0xBF)
                return 0;
        }
        return forms[i].len;
    }
    return 0;
}

/* XML 1.0 has no control characters but TAB, LF, CR, and neither U+FFFE nor U+FFFF. */
static bool xml_legal(const char *at, size_t len)
{
    unsigned char c = (unsigned char)*at;
    if (len == 1)
        return c >= 0x20 || c == '\t' || c == '\n' || c == '\r';
    return len != 3 || (memcmp(at, "\xEF\xBF\xBE", 3) != 0 && memcmp(at, "\xEF\xBF\xBF", 3) != 0);
}

/* The length of the character at text when a document may hold it, else 0. */
static size_t xml_legal_char(const char *text, size_t len)
{
    size_t n = xml_utf8_char(text, len);
    return n && xml_legal(text, n) ? n : 0;
}

/* How many bytes stand for themselves: megabytes of log are mostly such. */
static size_t xml_plain(const char *text, size_t len, bool markup)
{
    size_t n = 0;
    for (; n < len; n++) {
        char c = text[n];
        bool plain = (c >= 0x20 && c <= 0x7E) || c == '\n' || c == '\t';
        if (!plain || (markup && (c == '&' || c == '<' || c == '>')))
            break;
    }
    return n;
}

void xml_legal_text(struct buf *out, const char *text, size_t len)
{
    while (len > 0) {
        size_t n = xml_plain(text, len, false);
        if (n == 0)
            n = xml_legal_char(text, len);
        buf_append(out, n ? text : "?", n ? n : 1);
        text += n ? n : 1;
        len -= n ? n : 1;
    }
}

void xml_text(struct buf *out, const char *text, size_t len)
{
    while (len > 0) {
        size_t n = xml_plain(text, len, true);
        if (n == 0)
            n = xml_legal_char(text, len);
        if (n == 0)
            buf_char(out, '?');
        else if (*text == '&')
            buf_text(out, "&amp;");
        else if (*text == '<')
            buf_text(out, "&lt;");
        else if (*text == '>')
            buf_text(out, "&gt;");
        else if (*text == '\r')
            buf_text(out, "&#13;");
        else
            buf_append(out, text, n);
        text += n ? n : 1;
        len -= n ? n : 1;
    }
}
