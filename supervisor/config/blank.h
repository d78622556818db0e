/*
 * What counts as a blank in configuration files: Python's idea of it, which is Unicode's (a
 * no-break space that came along with copied text is a blank too). Pure.
 */
#ifndef CONFIG_BLANK_H
#define CONFIG_BLANK_H

#include <stdbool.h>
#include <stddef.h>

/* A run of bytes inside a longer text; not NUL-terminated. */
struct span {
    const char *text;
    size_t len;
};

size_t blank_at(struct span s, size_t pos);     /* length of the blank that starts at pos, or 0 */
size_t blank_before(struct span s, size_t pos); /* length of the blank that ends at pos, or 0 */
struct span span_trim_end(struct span s);       /* without blanks at the end */
struct span span_trim(struct span s);           /* without blanks at both ends */
size_t span_indent(struct span s);              /* how many blanks it starts with */
struct span span_of(const char *text);          /* all of a text */
bool span_is(struct span s, const char *text);  /* the same bytes */

#endif
