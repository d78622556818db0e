/*
 * One sentence about what went wrong, for a person.
 *
 * A function that can fail takes `struct err *e` last and returns 0 or a negative
 * errno; on failure (only then) e holds one sentence without a final full stop.
 * The caller owns the struct; it holds no heap memory.
 */
#ifndef BASE_ERR_H
#define BASE_ERR_H

#include <stdarg.h>

struct err {
    char text[1024]; /* NUL-terminated; of what does not fit the middle is cut out */
};

/*
 * err_set(e, code, fmt, ...) writes the sentence and returns `code`, a negative errno;
 * err_prefix(e, code, fmt, ...) puts "fmt: " in front of the sentence that is already there.
 * e may be NULL; errno stays. Macros, so that the analyser sees which code comes back.
 */
#define err_set(e, code, ...) err_code((code), (err_write((e), __VA_ARGS__), 0))
#define err_prefix(e, code, ...) err_code((code), (err_write_prefix((e), __VA_ARGS__), 0))

void err_write(struct err *e, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
void err_write_prefix(struct err *e, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

static inline int err_code(int code, int written)
{
    (void)written;
    return code;
}

#endif
