/* Fuzzes the access log reader: any bytes, split into lines, classified and counted. */
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/mem.h"
#include "traffic/count.h"
#include "traffic/logformat.h"
#include "traffic/report.h"

static void read_line(struct count *c, const char *line, size_t len)
{
    struct span path = {0};
    char *copy = malloc(len + 1); /* ends where the line does, for the sanitizer */
    if (copy == NULL)
        abort();
    memcpy(copy + 1, line, len);
    if (logformat_read(copy + 1, len, "21/Nov/2026", &path) == LINE_PATH) {
        if (path.len == 0 || path.text[0] != '/' || path.text < copy + 1 ||
            path.text + path.len > copy + 1 + len)
            if (path.len != 1 || path.text[0] != '/') /* that of an absolute URI without a path */
                abort();
        count_path(c, path.text, path.len);
    }
    free(copy);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct count *c = mem_alloc(sizeof *c);
    struct buf json = BUF_EMPTY;
    const char *at = (const char *)data;
    const char *end = at + size;
    while (at < end) {
        const char *newline = memchr(at, '\n', (size_t)(end - at));
        const char *stop = newline ? newline : end;
        read_line(c, at, (size_t)(stop - at));
        at = stop + 1;
    }
    report_json(c, &json);
    if (json.len < 3)
        abort();
    buf_close(&json);
    count_close(c);
    mem_free(c);
    return 0;
}
