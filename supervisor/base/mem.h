/*
 * Heap memory that does not fail: the process aborts when the machine has none left.
 *
 * Only for sizes that our own code or configuration decides. Whatever an outsider can
 * size (a request, a listing, a line) is checked against a limit before it comes here.
 */
#ifndef BASE_MEM_H
#define BASE_MEM_H

#include <stddef.h>

void *mem_alloc(size_t size);                         /* zeroed; free with mem_free */
void *mem_array(size_t count, size_t size);           /* zeroed; aborts on overflow */
void *mem_grow(void *old, size_t count, size_t size); /* realloc; new bytes undefined */
char *mem_strdup(const char *text);                   /* NULL stays NULL */
char *mem_strndup(const char *text, size_t len);
char *mem_printf(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
void mem_free(void *ptr); /* NULL is fine */

#endif
