#include "config/expand.h"

#include <ctype.h>
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/xml.h"

enum { EXPAND_WIDEST = 4096 }; /* width and precision */

/* What stands between % and the conversion, as in printf. */
struct directive {
    const char *key; /* NULL: none */
    size_t key_len;
    bool minus, plus, blank, zero, sharp;
    int width;
    int precision; /* -1: none */
    char conversion;
};

static const struct expand_name *expand_find(const struct expand_names *names, unsigned allowed,
                                             const char *key, size_t len)
{
    for (; names; names = names->outer) {
        for (size_t i = names->count; i-- > 0;) {
            const struct expand_name *n = &names->items[i];
            size_t prefix = strlen(n->prefix);
            if ((n->class & allowed) && len >= prefix && memcmp(key, n->prefix, prefix) == 0 &&
                strlen(n->name) == len - prefix && memcmp(key + prefix, n->name, len - prefix) == 0)
                return n;
        }
    }
    return NULL;
}

static int compare_names(const void *a, const void *b)
{
    const struct expand_name *const *x = a;
    const struct expand_name *const *y = b;
    int order = strcmp((*x)->prefix, (*y)->prefix);
    return order ? order : strcmp((*x)->name, (*y)->name);
}

/* "here, program_name": sorted, each once; with or without the many of the environment. */
static void expand_list(const struct expand_names *names, unsigned allowed, bool env,
                        struct buf *out)
{
    size_t count = 0;
    for (const struct expand_names *n = names; n; n = n->outer)
        count += n->count;
    const struct expand_name **all = mem_array(count + 1, sizeof *all);
    count = 0;
    for (const struct expand_names *n = names; n; n = n->outer)
        for (size_t i = 0; i < n->count; i++)
            if ((n->items[i].class & allowed) && (env || n->items[i].prefix[0] == '\0'))
                all[count++] = &n->items[i];
    qsort(all, count, sizeof *all, compare_names);
    for (size_t i = 0; i < count; i++)
        if (i == 0 || compare_names(&all[i - 1], &all[i]) != 0)
            buf_printf(out, "%s%s%s", i ? ", " : "", all[i]->prefix, all[i]->name);
    if (!env)
        buf_printf(out, "%sENV_NAME for each variable of the environment", count ? ", " : "");
    mem_free(all);
}

static int expand_unknown(const struct directive *d, const struct expand_names *names,
                          unsigned allowed, struct err *e)
{
    struct buf list = BUF_EMPTY;
    bool env = d->key_len > 4 && memcmp(d->key, "ENV_", 4) == 0;
    expand_list(names, allowed, env || !(allowed & EXPAND_ENV), &list);
    int rc =
        err_set(e, -EINVAL, "contains names ('%.*s') which cannot be expanded. Available names: %s",
                (int)(d->key_len > 100 ? 100 : d->key_len), d->key, buf_str(&list));
    buf_close(&list);
    return rc;
}

/* *at is behind the opening parenthesis; afterwards behind the closing one. They may nest. */
static int directive_key(struct directive *d, const char **at, struct err *e)
{
    int depth = 1;
    d->key = *at;
    for (const char *c = *at; *c; c++) {
        if (*c == '(')
            depth++;
        if (*c == ')' && --depth == 0) {
            d->key_len = (size_t)(c - d->key);
            *at = c + 1;
            return 0;
        }
    }
    return err_set(e, -EINVAL, "is badly formatted: incomplete format key");
}

static int directive_number(const char **at, int *out, struct err *e)
{
    int value = 0;
    if (**at == '*')
        return err_set(e, -EINVAL, "is badly formatted: * wants int");
    for (; isdigit((unsigned char)**at); (*at)++) {
        value = value * 10 + (**at - '0');
        if (value > EXPAND_WIDEST)
            return err_set(e, -EINVAL, "is badly formatted: width or precision above %d",
                           EXPAND_WIDEST);
    }
    *out = value;
    return 0;
}

static void directive_flags(struct directive *d, const char **at)
{
    for (;; (*at)++) {
        switch (**at) {
        case '-':
            d->minus = true;
            break;
        case '+':
            d->plus = true;
            break;
        case ' ':
            d->blank = true;
            break;
        case '0':
            d->zero = true;
            break;
        case '#':
            d->sharp = true;
            break;
        default:
            return;
        }
    }
}

/* Everything behind the key, up to and with the conversion. */
static int directive_rest(struct directive *d, const char **at, struct err *e)
{
    directive_flags(d, at);
    int rc = directive_number(at, &d->width, e);
    d->precision = -1;
    if (rc == 0 && **at == '.') {
        (*at)++;
        rc = directive_number(at, &d->precision, e);
    }
    if (rc < 0)
        return rc;
    if (**at == 'h' || **at == 'l' || **at == 'L')
        (*at)++;
    if (**at == '\0')
        return err_set(e, -EINVAL, "is badly formatted: incomplete format");
    d->conversion = *(*at)++;
    return 0;
}

/* The character at `at`, as a number; a byte that begins none stands for itself. */
static unsigned code_point(const char *at)
{
    const unsigned char *c = (const unsigned char *)at;
    size_t len = xml_utf8_char(at, strlen(at));
    if (len < 2)
        return c[0];
    unsigned value = c[0] & (0x7fu >> len);
    for (size_t i = 1; i < len; i++)
        value = value << 6 | (c[i] & 0x3fu);
    return value;
}

static int expand_unsupported(const char *format, const char *at, struct err *e)
{
    size_t index = 0; /* in characters, as Python counts */
    for (const char *c = format; c < at; c++)
        if (((unsigned char)*c & 0xc0) != 0x80)
            index++;
    unsigned c = code_point(at);
    return err_set(e, -EINVAL,
                   "is badly formatted: unsupported format character '%c' (0x%x) at index %zu "
                   "(write %%%% for a percent sign)",
                   c >= 0x20 && c < 0x7f ? (int)c : '?', c, index);
}

static size_t characters(const char *text)
{
    size_t count = 0;
    for (; *text; text++)
        if (((unsigned char)*text & 0xc0) != 0x80)
            count++;
    return count;
}

static void pad(struct buf *out, char with, size_t count)
{
    for (size_t i = 0; i < count; i++)
        buf_char(out, with);
}

/* `sign` stays in front of padding zeros. */
static void put_padded(const struct directive *d, const char *sign, const char *body, bool zeros,
                       struct buf *out)
{
    size_t len = characters(sign) + characters(body);
    size_t room = (size_t)d->width > len ? (size_t)d->width - len : 0;
    if (!d->minus && !zeros)
        pad(out, ' ', room);
    buf_text(out, sign);
    if (!d->minus && zeros)
        pad(out, '0', room);
    buf_text(out, body);
    if (d->minus)
        pad(out, ' ', room);
}

static void put_text(const struct directive *d, const struct expand_name *n, struct buf *out)
{
    struct buf text = BUF_EMPTY;
    if (!n->text)
        buf_printf(&text, "%" PRId64, n->number);
    else if (d->conversion == 's')
        buf_text(&text, n->text);
    else
        buf_repr(&text, n->text);
    if (d->precision >= 0 && text.data) {
        char *end = text.data;
        for (int left = d->precision; *end && left > 0; left--) {
            size_t len = xml_utf8_char(end, strlen(end));
            end += len ? len : 1;
        }
        *end = '\0';
    }
    put_padded(d, "", buf_str(&text), false, out);
    buf_close(&text);
}

static void put_integer(const struct directive *d, int64_t value, struct buf *out)
{
    uint64_t size = value < 0 ? -(uint64_t)value : (uint64_t)value;
    const char *sign = value < 0 ? "-" : d->plus ? "+" : d->blank ? " " : "";
    const char *base = "";
    char digits[32];
    struct buf body = BUF_EMPTY;
    struct buf front = BUF_EMPTY;
    switch (d->conversion) {
    case 'o':
        base = d->sharp ? "0o" : "";
        (void)snprintf(digits, sizeof digits, "%" PRIo64, size);
        break;
    case 'x':
        base = d->sharp ? "0x" : "";
        (void)snprintf(digits, sizeof digits, "%" PRIx64, size);
        break;
    case 'X':
        base = d->sharp ? "0X" : "";
        (void)snprintf(digits, sizeof digits, "%" PRIX64, size);
        break;
    default:
        (void)snprintf(digits, sizeof digits, "%" PRIu64, size);
        break;
    }
    size_t len = strlen(digits);
    pad(&body, '0', d->precision > (int)len ? (size_t)d->precision - len : 0);
    buf_text(&body, digits);
    buf_printf(&front, "%s%s", sign, base);
    put_padded(d, buf_str(&front), buf_str(&body), d->zero, out);
    buf_close(&front);
    buf_close(&body);
}

static void put_real(const struct directive *d, int64_t value, struct buf *out)
{
    char format[] = {'%', d->sharp ? '#' : '.', d->sharp ? '.' : '*', d->sharp ? '*' : 0, 0, 0};
    format[strlen(format)] = d->conversion;
    const char *sign = value < 0 ? "-" : d->plus ? "+" : d->blank ? " " : "";
    struct buf body = BUF_EMPTY;
    double size = value < 0 ? -(double)value : (double)value;
    char text[EXPAND_WIDEST + 400];
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
    (void)snprintf(text, sizeof text, format, d->precision < 0 ? 6 : d->precision, size);
#pragma GCC diagnostic pop
    buf_text(&body, text);
    put_padded(d, sign, buf_str(&body), d->zero, out);
    buf_close(&body);
}

static int put_character(const struct directive *d, const struct expand_name *n, struct buf *out,
                         struct err *e)
{
    char text[2] = {(char)n->number, '\0'};
    if (n->text && characters(n->text) == 1) {
        put_padded(d, "", n->text, false, out);
        return 0;
    }
    if (n->text || n->number < 1 || n->number > 127)
        return err_set(e, -EINVAL, "is badly formatted: %%c requires int or char");
    put_padded(d, "", text, false, out);
    return 0;
}

/* Puts the value of `n`, or says why the conversion does not fit; n is NULL without a key. */
static int expand_value(const struct directive *d, const struct expand_name *n, struct buf *out,
                        struct err *e)
{
    const char *kind = n ? "str" : "dict";
    const char *hint = n ? "" : " (write %% for a percent sign)";
    if (strchr("sra", d->conversion)) {
        if (!n)
            return err_set(e, -EINVAL, "is badly formatted: %%%c without a (name)%s", d->conversion,
                           hint);
        put_text(d, n, out);
        return 0;
    }
    if (d->conversion == 'c' && n)
        return put_character(d, n, out, e);
    if (d->conversion == 'c')
        return err_set(e, -EINVAL, "is badly formatted: %%c requires int or char%s", hint);
    bool integer = strchr("xXo", d->conversion);
    if (n && !n->text) {
        if (integer || strchr("diu", d->conversion))
            put_integer(d, n->number, out);
        else
            put_real(d, n->number, out);
        return 0;
    }
    if (strchr("eEfFgG", d->conversion))
        return err_set(e, -EINVAL, "is badly formatted: must be real number, not %s%s", kind, hint);
    return err_set(e, -EINVAL, "is badly formatted: %%%c format: %s is required, not %s%s",
                   d->conversion, integer ? "an integer" : "a real number", kind, hint);
}

/* One directive; *at is behind its %. */
static int expand_one(const char *format, const char **at, const struct expand_names *names,
                      unsigned allowed, struct buf *out, struct err *e)
{
    struct directive d = {0};
    const struct expand_name *n = NULL;
    if (**at == '%') {
        (*at)++;
        buf_char(out, '%');
        return 0;
    }
    if (**at == '(') {
        (*at)++;
        int rc = directive_key(&d, at, e);
        if (rc < 0)
            return rc;
        n = expand_find(names, allowed, d.key, d.key_len);
        if (!n)
            return expand_unknown(&d, names, allowed, e);
    }
    int rc = directive_rest(&d, at, e);
    if (rc < 0)
        return rc;
    if (!strchr("diouxXeEfFgGcrsa", d.conversion))
        return expand_unsupported(format, *at - 1, e);
    return expand_value(&d, n, out, e);
}

int expand(const char *format, const struct expand_names *names, unsigned allowed, struct buf *out,
           struct err *e)
{
    const size_t start = out->len;
    const char *at = format;
    while (*at) {
        size_t plain = strcspn(at, "%");
        buf_append(out, at, plain);
        at += plain;
        if (*at == '%') {
            at++;
            int rc = expand_one(format, &at, names, allowed, out, e);
            if (rc < 0)
                return rc;
        }
        if (out->len - start > EXPAND_LIMIT)
            return err_set(e, -EINVAL, "becomes longer than %d bytes", EXPAND_LIMIT);
    }
    return 0;
}
