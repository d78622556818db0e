#include "base/arena.h"

#include <stdalign.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"

enum { ARENA_BLOCK = 8192 };

struct arena_block {
    struct arena_block *next;
    size_t used;
    size_t size;
    alignas(max_align_t) char data[];
};

void arena_init(struct arena *a)
{
    a->blocks = NULL;
}

void arena_close(struct arena *a)
{
    struct arena_block *next;
    for (struct arena_block *block = a->blocks; block; block = next) {
        next = block->next;
        mem_free(block);
    }
    a->blocks = NULL;
}

static struct arena_block *arena_add_block(struct arena *a, size_t size)
{
    struct arena_block *block = mem_alloc(sizeof *block + size);
    block->size = size;
    block->next = a->blocks;
    a->blocks = block;
    return block;
}

void *arena_alloc(struct arena *a, size_t size)
{
    const size_t align = alignof(max_align_t);
    if (size > SIZE_MAX / 2)
        abort();
    size = (size + align - 1) / align * align;
    struct arena_block *block = a->blocks;
    if (!block || block->size - block->used < size)
        block = arena_add_block(a, size > ARENA_BLOCK ? size : ARENA_BLOCK);
    void *ptr = block->data + block->used;
    block->used += size;
    return ptr;
}

void *arena_array(struct arena *a, size_t count, size_t size)
{
    if (size && count > SIZE_MAX / size)
        abort();
    return arena_alloc(a, count * size);
}

char *arena_strndup(struct arena *a, const char *text, size_t len)
{
    char *copy = arena_alloc(a, len + 1);
    memcpy(copy, text, len);
    return copy;
}

char *arena_strdup(struct arena *a, const char *text)
{
    return text ? arena_strndup(a, text, strlen(text)) : NULL;
}

char *arena_printf(struct arena *a, const char *fmt, ...)
{
    va_list ap;
    va_start(ap, fmt);
    int n = vsnprintf(NULL, 0, fmt, ap);
    va_end(ap);
    if (n < 0)
        abort();
    char *text = arena_alloc(a, (size_t)n + 1);
    va_start(ap, fmt);
    (void)vsnprintf(text, (size_t)n + 1, fmt, ap);
    va_end(ap);
    return text;
}
