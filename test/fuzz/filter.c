/* Fuzzes patterns on paths: any text compiles or is refused with a sentence, and matching ends. */
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "sync/filter.h"

static void match(enum glob_style style, const char *pattern, const char *path)
{
    struct glob g;
    struct err e = {{0}};
    if (glob_compile(&g, style, pattern, &e) < 0) {
        if (!e.text[0] || g.ops || g.ranges)
            abort();
        return;
    }
    (void)glob_matches(&g, path);
    (void)glob_matches(&g, "");
    glob_close(&g);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char *text = mem_alloc(size + 1); /* a pattern or rules, a NUL, a path */
    struct filter f = {0};
    struct err e = {{0}};
    if (size)
        memcpy(text, data, size);
    size_t len = strlen(text);
    const char *path = len < size ? text + len + 1 : "a/b";
    match(GLOB_AWS, text, path);
    match(GLOB_RCLONE, text, path);
    if (filter_add_lines(&f, text, &e) < 0 && !e.text[0])
        abort();
    (void)filter_wants(&f, path);
    filter_close(&f);
    mem_free(text);
    return 0;
}
