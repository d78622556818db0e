#include "base/mem.h"

#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static void *mem_checked(void *ptr)
{
    if (!ptr) {
        static const char text[] = "mainstay: the machine is out of memory\n";
        (void)!write(STDERR_FILENO, text, sizeof text - 1);
        abort();
    }
    return ptr;
}

void *mem_alloc(size_t size)
{
    return mem_checked(calloc(1, size ? size : 1));
}

void *mem_array(size_t count, size_t size)
{
    return mem_checked(calloc(count ? count : 1, size ? size : 1));
}

void *mem_grow(void *old, size_t count, size_t size)
{
    return mem_checked(reallocarray(old, count ? count : 1, size ? size : 1));
}

char *mem_strdup(const char *text)
{
    return text ? mem_checked(strdup(text)) : NULL;
}

char *mem_strndup(const char *text, size_t len)
{
    return mem_checked(strndup(text, len));
}

char *mem_printf(const char *fmt, ...)
{
    char *text = NULL;
    va_list ap;
    va_start(ap, fmt);
    int n = vasprintf(&text, fmt, ap);
    va_end(ap);
    return mem_checked(n < 0 ? NULL : text);
}

void mem_free(void *ptr)
{
    free(ptr);
}
