#include "base/err.h"

#include <errno.h>
#include <stdio.h>

void err_write(struct err *e, const char *fmt, ...)
{
    if (!e)
        return;
    int saved = errno;
    va_list ap;
    va_start(ap, fmt);
    (void)vsnprintf(e->text, sizeof e->text, fmt, ap);
    va_end(ap);
    errno = saved;
}

void err_write_prefix(struct err *e, const char *fmt, ...)
{
    if (!e)
        return;
    int saved = errno;
    struct err old = *e;
    va_list ap;
    va_start(ap, fmt);
    int n = vsnprintf(e->text, sizeof e->text, fmt, ap);
    va_end(ap);
    if (n >= 0 && (size_t)n < sizeof e->text)
        (void)snprintf(e->text + n, sizeof e->text - (size_t)n, ": %s", old.text);
    errno = saved;
}
