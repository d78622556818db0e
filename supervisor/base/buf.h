/*
 * A growing run of bytes. `data` is always NUL-terminated once something was appended
 * (the NUL is not counted in len), so text in it can be printed.
 */
#ifndef BASE_BUF_H
#define BASE_BUF_H

#include <stddef.h>

struct buf {
    char *data;  /* owned; NULL while nothing was appended */
    size_t len;  /* bytes in use, without the NUL */
    size_t room; /* bytes allocated */
};

#define BUF_EMPTY                                                                                  \
    {                                                                                              \
        0                                                                                          \
    }

void buf_append(struct buf *b, const void *data, size_t len);
void buf_text(struct buf *b, const char *text);
void buf_char(struct buf *b, char c);
void buf_printf(struct buf *b, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
void buf_repr(struct buf *b, const char *text); /* as Python's repr: in quotes, with escapes */
void buf_drop(struct buf *b, size_t len);       /* removes len bytes from the front */
void buf_clear(struct buf *b);                  /* keeps the memory */
void buf_close(struct buf *b);            /* frees the memory; the buf is empty and usable again */
char *buf_take(struct buf *b);            /* the text, never NULL, now the caller's (mem_free) */
const char *buf_str(const struct buf *b); /* borrowed, "" when empty */

#endif
