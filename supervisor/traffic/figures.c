#include "traffic/figures.h"

#include <stdio.h>
#include <string.h>

#include "base/xml.h"

void figure_count(struct buf *out, uint64_t number)
{
    char digits[24];
    int len = snprintf(digits, sizeof digits, "%llu", (unsigned long long)number);
    for (int i = 0; i < len; i++) {
        if (i > 0 && (len - i) % 3 == 0)
            buf_char(out, ',');
        buf_char(out, digits[i]);
    }
}

void figure_bytes(struct buf *out, uint64_t bytes)
{
    static const char units[] = "kMGTPE";
    double value = (double)bytes;
    size_t unit = 0;
    if (bytes < 1000) {
        buf_printf(out, "%llu B", (unsigned long long)bytes);
        return;
    }
    value /= 1000;
    while (value >= 999.95 && unit < sizeof units - 2) { /* which would be shown as 1000.0 */
        value /= 1000;
        unit++;
    }
    buf_printf(out, "%.1f %cB", value, units[unit]);
}

void figure_time(struct buf *out, uint64_t us)
{
    if (us == 0)
        buf_text(out, "0 ms");
    else if (us < 100)
        buf_text(out, "below 0.1 ms");
    else if (us < 9950)
        buf_printf(out, "%.*f ms", us % 1000 != 0, (double)us / 1000);
    else if (us < 999500)
        buf_printf(out, "%.0f ms", (double)us / 1000);
    else
        buf_printf(out, "%.*f s", us < 9995000 ? 2 : us < 99950000 ? 1 : 0, (double)us / 1000000);
}

void figure_share(struct buf *out, uint64_t part, uint64_t whole)
{
    double share = whole == 0 ? 0 : 100 * (double)part / (double)whole;
    if (part == 0)
        buf_text(out, "0 %");
    else if (part == whole)
        buf_text(out, "100 %");
    else if (share < 0.1)
        buf_text(out, "below 0.1 %");
    else
        buf_printf(out, "%.1f %%", share > 99.9 ? 99.9 : share);
}

void figure_things(struct buf *out, uint64_t number, const char *thing)
{
    figure_count(out, number);
    buf_printf(out, " %s%s", thing, number == 1 ? "" : "s");
}

/* Bytes of the character at text that may be shown; 0 when it may not. */
static size_t harmless(const char *text, size_t len)
{
    unsigned char c = (unsigned char)*text;
    if (c < 0x20 || c == 0x7f)
        return 0;
    size_t n = xml_utf8_char(text, len);
    if (n == 2 && c == 0xc2 && (unsigned char)text[1] < 0xa0)
        return 0; /* the controls that terminals take in two bytes */
    if (n == 3 && c == 0xe2 && (unsigned char)text[1] == 0x80 && (unsigned char)text[2] >= 0xaa &&
        (unsigned char)text[2] <= 0xae)
        return 0; /* they turn the direction of what follows */
    return n;
}

size_t figure_width(const char *text, size_t len)
{
    size_t width = 0;
    for (size_t i = 0; i < len; width++) {
        size_t n = harmless(text + i, len - i);
        i += n > 0 ? n : 1;
    }
    return width;
}

void figure_text(struct buf *out, const char *text, size_t len, size_t width)
{
    size_t left = figure_width(text, len);
    bool cut = width > 0 && left > width;
    if (cut)
        left = width > 3 ? width - 3 : 0;
    for (size_t i = 0; i < len && left > 0; left--) {
        size_t n = harmless(text + i, len - i);
        if (n > 0)
            buf_append(out, text + i, n);
        else
            buf_char(out, '?');
        i += n > 0 ? n : 1;
    }
    if (cut)
        buf_text(out, "...");
}

double figure_ms(const struct latency *l, uint64_t us)
{
    uint64_t whole = (us + 500) / 1000;
    return l->finer > 0 ? (double)us / 1000 : (double)whole;
}

uint64_t figure_step(uint64_t number, unsigned steps)
{
    static const uint64_t nice[] = {1, 2, 5};
    for (uint64_t ten = 1; ten < UINT64_MAX / 100; ten *= 10)
        for (size_t i = 0; i < 3; i++)
            if (nice[i] * ten >= (number + steps - 1) / steps)
                return nice[i] * ten;
    return number;
}
