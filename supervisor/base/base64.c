#include "base/base64.h"

#include <errno.h>
#include <stdint.h>
#include <string.h>

static const char alphabet[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

void base64_encode(struct buf *out, const void *data, size_t len)
{
    const unsigned char *at = data;
    for (size_t i = 0; i < len; i += 3) {
        size_t n = len - i < 3 ? len - i : 3;
        uint32_t bits = (uint32_t)at[i] << 16;
        if (n > 1)
            bits |= (uint32_t)at[i + 1] << 8;
        if (n > 2)
            bits |= at[i + 2];
        char quad[4] = {alphabet[bits >> 18], alphabet[bits >> 12 & 63],
                        n > 1 ? alphabet[bits >> 6 & 63] : '=', n > 2 ? alphabet[bits & 63] : '='};
        buf_append(out, quad, sizeof quad);
    }
}

/* How many characters of `text` come before the padding at its end. */
static size_t base64_unpadded(const char *text, size_t len)
{
    while (len > 0 && strchr("= \t\r\n", text[len - 1]) && text[len - 1])
        len--;
    return len;
}

int base64_decode(struct buf *out, const char *text, size_t len)
{
    size_t before = out->len;
    uint32_t bits = 0;
    unsigned have = 0; /* bits that wait in `bits` */
    len = base64_unpadded(text, len);
    for (size_t i = 0; i < len; i++) {
        if (text[i] && strchr(" \t\r\n", text[i]))
            continue;
        const char *found = text[i] ? strchr(alphabet, text[i]) : NULL;
        if (!found)
            goto fail;
        bits = bits << 6 | (uint32_t)(found - alphabet);
        have += 6;
        if (have >= 8) {
            have -= 8;
            buf_char(out, (char)(bits >> have & 0xFF));
        }
    }
    if (have < 6)
        return 0;
fail: /* a foreign character, or one that is left over and carries no whole byte */
    if (out->len > before) {
        out->len = before;
        out->data[before] = '\0';
    }
    return -EINVAL;
}
