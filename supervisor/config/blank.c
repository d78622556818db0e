#include "config/blank.h"

#include <string.h>

// clang-format off
static const char *const wide_blanks[] = { /* in UTF-8 */
    "\xc2\x85", "\xc2\xa0", "\xe1\x9a\x80",
    "\xe2\x80\x80", "\xe2\x80\x81", "\xe2\x80\x82", "\xe2\x80\x83", "\xe2\x80\x84", "\xe2\x80\x85",
    "\xe2\x80\x86", "\xe2\x80\x87", "\xe2\x80\x88", "\xe2\x80\x89", "\xe2\x80\x8a",
    "\xe2\x80\xa8", "\xe2\x80\xa9", "\xe2\x80\xaf", "\xe2\x81\x9f", "\xe3\x80\x80",
};
// clang-format on
enum { WIDE_BLANKS = sizeof wide_blanks / sizeof *wide_blanks };

static bool blank_byte(unsigned char c)
{
    return c == ' ' || (c >= '\t' && c <= '\r') || (c >= 0x1c && c <= 0x1f);
}

size_t blank_at(struct span s, size_t pos)
{
    if (pos >= s.len)
        return 0;
    unsigned char first = (unsigned char)s.text[pos];
    if (first < 0x80)
        return blank_byte(first) ? 1 : 0;
    for (size_t i = 0; i < WIDE_BLANKS; i++) {
        size_t len = strlen(wide_blanks[i]);
        if (s.len - pos >= len && memcmp(s.text + pos, wide_blanks[i], len) == 0)
            return len;
    }
    return 0;
}

size_t blank_before(struct span s, size_t pos)
{
    for (size_t len = 1; len <= 3 && len <= pos; len++)
        if (blank_at(s, pos - len) == len)
            return len;
    return 0;
}

struct span span_trim_end(struct span s)
{
    size_t blank;
    while ((blank = blank_before(s, s.len)) > 0)
        s.len -= blank;
    return s;
}

struct span span_trim(struct span s)
{
    size_t blank;
    s = span_trim_end(s);
    while ((blank = blank_at(s, 0)) > 0) {
        s.text += blank;
        s.len -= blank;
    }
    return s;
}

size_t span_indent(struct span s)
{
    size_t count = 0;
    size_t pos = 0;
    for (size_t blank; (blank = blank_at(s, pos)) > 0; pos += blank)
        count++;
    return count;
}

struct span span_of(const char *text)
{
    return (struct span){text, strlen(text)};
}

bool span_is(struct span s, const char *text)
{
    return strlen(text) == s.len && memcmp(s.text, text, s.len) == 0;
}
