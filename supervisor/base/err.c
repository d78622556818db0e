#include "base/err.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { TAIL = 300, GAP = 3 }; /* bytes of the end that is kept, and of "..." */

/* What is too long loses its middle: a sentence says at its end why. */
static void take_ends(struct err *e, const char *whole, size_t len)
{
    char *tail = e->text + sizeof e->text - 1 - TAIL;
    memcpy(e->text, whole, sizeof e->text - 1 - TAIL - GAP);
    memcpy(tail - GAP, "...", GAP);
    memcpy(tail, whole + len - TAIL, TAIL);
    e->text[sizeof e->text - 1] = '\0';
}

static void write_text(struct err *e, const char *fmt, va_list ap)
{
    va_list again;
    va_copy(again, ap);
    int n = vsnprintf(e->text, sizeof e->text, fmt, ap);
    char *whole = NULL;
    if (n >= (int)sizeof e->text && vasprintf(&whole, fmt, again) == n) {
        take_ends(e, whole, (size_t)n);
        free(whole);
    }
    va_end(again);
}

void err_write(struct err *e, const char *fmt, ...)
{
    if (!e)
        return;
    int saved = errno;
    va_list ap;
    va_start(ap, fmt);
    write_text(e, fmt, ap);
    va_end(ap);
    errno = saved;
}

void err_write_prefix(struct err *e, const char *fmt, ...)
{
    if (!e)
        return;
    int saved = errno;
    struct err old = *e;
    struct err prefix = {0};
    va_list ap;
    va_start(ap, fmt);
    write_text(&prefix, fmt, ap);
    va_end(ap);
    err_write(e, "%s: %s", prefix.text, old.text);
    errno = saved;
}
