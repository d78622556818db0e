/*
 * Removes terminal escape sequences (ESC [ ... letter) from a run of bytes that comes in
 * chunks: a sequence may be cut anywhere. Pure.
 *
 * A sequence ends with any final byte of ECMA-48 (@ to ~); Supervisor knows fifteen of them
 * and swallows text after the others. A byte that can be in no sequence ends it and is kept.
 */
#ifndef OUTPUT_ANSI_H
#define OUTPUT_ANSI_H

#include <stddef.h>

enum ansi_state { ANSI_TEXT, ANSI_ESCAPE, ANSI_SEQUENCE };

struct ansi {
    enum ansi_state state; /* zeroed: text */
};

/*
 * Writes the text among the `len` bytes of `in` to `out` and returns its length, at most
 * len + 1 (an ESC that ended the last chunk). `out` may be `in - 1` or lower in one buffer.
 */
size_t ansi_strip(struct ansi *a, const char *in, size_t len, char *out);

/* No more will come: writes an ESC that was kept back for what follows. 0 or 1 bytes. */
size_t ansi_end(struct ansi *a, char *out);

#endif
