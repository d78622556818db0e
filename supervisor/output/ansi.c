#include "output/ansi.h"

#include <stdbool.h>

static size_t ansi_text(struct ansi *a, char c, char *out)
{
    a->state = c == '\033' ? ANSI_ESCAPE : ANSI_TEXT;
    if (a->state == ANSI_ESCAPE)
        return 0;
    out[0] = c;
    return 1;
}

/* One byte through the machine; writes 0, 1 or 2 bytes and returns how many. */
static size_t ansi_byte(struct ansi *a, char c, char *out)
{
    unsigned char u = (unsigned char)c;
    switch (a->state) {
    case ANSI_TEXT:
        break;
    case ANSI_ESCAPE:
        if (c != '[') {
            out[0] = '\033'; /* it began something else: both are kept */
            return 1 + ansi_text(a, c, out + 1);
        }
        a->state = ANSI_SEQUENCE;
        return 0;
    case ANSI_SEQUENCE:
        if (u < 0x20 || u > 0x7e)
            break;
        a->state = u >= 0x40 ? ANSI_TEXT : ANSI_SEQUENCE;
        return 0;
    }
    return ansi_text(a, c, out);
}

size_t ansi_strip(struct ansi *a, const char *in, size_t len, char *out)
{
    size_t n = 0;
    for (size_t i = 0; i < len; i++)
        n += ansi_byte(a, in[i], out + n);
    return n;
}

size_t ansi_end(struct ansi *a, char *out)
{
    bool kept = a->state == ANSI_ESCAPE;
    a->state = ANSI_TEXT;
    *out = '\033';
    return kept ? 1 : 0;
}
