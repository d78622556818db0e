/*
 * One entry of the journal as journald's native protocol has it: FIELD=value in a line, or, when
 * the value holds a newline, FIELD in a line of its own and the value behind its length. Pure.
 */
#ifndef OUTPUT_ENTRY_H
#define OUTPUT_ENTRY_H

#include "base/buf.h"

/* Appends a field. `field` is capitals, digits and underscores; the value may hold anything. */
void entry_data(struct buf *entry, const char *field, const char *value, size_t len);
void entry_text(struct buf *entry, const char *field, const char *value); /* NULL: leaves it out */
void entry_number(struct buf *entry, const char *field, long long value);

/*
 * A level as sd-daemon(3) has it at the beginning of a line, "<3>": 0 to 7, and *len the bytes it
 * takes; -1 when there is none.
 */
int entry_level(const char *line, size_t len, size_t *taken);

#endif
