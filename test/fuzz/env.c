/* Any text as environment=. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "config/env.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char *text = mem_strndup((const char *)data, size);
    struct env_list list;
    struct arena a;
    struct err e;
    const char *odd = NULL;
    arena_init(&a);
    if (env_parse(text, &a, &list, &odd, &e) == 0) {
        struct env_list all = env_merge(&a, &list, &list);
        if (all.count != list.count)
            abort(); /* names are unique */
        for (size_t i = 0; i < list.count; i++)
            if (env_get(&list, list.vars[i].name) != list.vars[i].value)
                abort();
    }
    arena_close(&a);
    mem_free(text);
    return 0;
}
