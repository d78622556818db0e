/* Any text as a command line: what was split and quoted again must split the same way. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "config/words.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char *text = mem_strndup((const char *)data, size);
    struct buf line = BUF_EMPTY;
    struct name_list first;
    struct name_list again;
    struct arena a;
    struct err e;
    arena_init(&a);
    if (words_split(text, &a, &first, &e) == 0) {
        for (size_t i = 0; i < first.count; i++)
            words_quote(first.names[i], &line);
        if (words_split(buf_str(&line), &a, &again, &e) < 0 || again.count != first.count)
            abort();
        for (size_t i = 0; i < first.count; i++)
            if (strcmp(first.names[i], again.names[i]) != 0)
                abort();
    }
    buf_close(&line);
    arena_close(&a);
    mem_free(text);
    return 0;
}
