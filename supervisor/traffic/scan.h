/*
 * From a file to its lines, in constant memory: reads pieces that stay in the processor's cache
 * and finds newlines with memchr, unless whoever takes the lines finds them on its way. Compressed
 * files (gzip, with any number of members) are told by their content and read like plain ones; all
 * offsets are those of the text inside.
 */
#ifndef TRAFFIC_SCAN_H
#define TRAFFIC_SCAN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

/* The longest line that is read; nginx can write 96,072 bytes with its default buffers. */
enum { SCAN_LINE_MAX = 1024 * 1024 };

/* Takes one line without its newline; the text is valid during the call only. */
typedef void scan_line(void *ctx, const char *line, size_t len);

/*
 * Takes the line that the text begins with if it can tell where that ends: its length without the
 * newline, which is in the text; or 0, and nothing was done. `len` bytes of whole and half lines.
 */
typedef size_t scan_ahead(void *ctx, const char *text, size_t len);

struct scan {
    char *block;     /* owned */
    scan_line *line; /* called for every line, the last also without a newline unless leave_tail */
    void *ctx;

    /* What the caller may set before scan_file; scan_init makes it 0. */
    uint64_t from;     /* bytes to pass over: what an earlier run has read */
    scan_ahead *ahead; /* asked first, for most lines; saves the search for the newline */
    bool leave_tail;   /* a last line without its newline is half written: leave it for later */

    /* Sums over all files. */
    uint64_t lines;    /* lines seen, those too long included */
    uint64_t too_long; /* lines above SCAN_LINE_MAX, which are dropped */

    bool half; /* during a call: the line has no newline, so its end may not be written yet */

    /* What scan_file says of the file, also when it failed. */
    uint64_t offset; /* just behind the last line that was handed over or dropped */
    uint64_t tail;   /* bytes behind that: of a last line that was left; else 0 */
};

void scan_init(struct scan *s, scan_line *line, void *ctx);
void scan_close(struct scan *s);

/*
 * Reads the open file, from its beginning or s->from, to its end. Takes fd over. `path` is for the
 * sentence. A file shorter than s->from has no lines, and offset is where it ends.
 */
int scan_file(struct scan *s, int fd, const char *path, struct err *e);

#endif
