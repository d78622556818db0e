/*
 * From a file to its lines, in constant memory: reads large blocks and finds newlines with
 * memchr. Compressed files (gzip, with any number of members) are read like plain ones.
 */
#ifndef TRAFFIC_SCAN_H
#define TRAFFIC_SCAN_H

#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

/* The longest line that is read; nginx can write 96,072 bytes with its default buffers. */
enum { SCAN_LINE_MAX = 1024 * 1024 };

/* Takes one line without its newline; the text is valid during the call only. */
typedef void scan_line(void *ctx, const char *line, size_t len);

struct scan {
    char *block;     /* owned; SCAN_LINE_MAX + 1 bytes */
    scan_line *line; /* called for every line, the last also without a newline */
    void *ctx;
    uint64_t lines;    /* complete lines seen, those too long included */
    uint64_t too_long; /* lines above SCAN_LINE_MAX, which are dropped */
};

void scan_init(struct scan *s, scan_line *line, void *ctx);
void scan_close(struct scan *s);

/* Reads the open file from its beginning to its end. Takes fd over. `path` is for the sentence. */
int scan_file(struct scan *s, int fd, const char *path, struct err *e);

#endif
