/* Any text as a value with %(name)s. */
#include <stdint.h>
#include <stdlib.h>

#include "base/mem.h"
#include "config/expand.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const struct expand_name items[] = {
        {"", "here", "/etc/it's \"\xc3\xa9\xff", 0, EXPAND_HERE},
        {"", "process_num", NULL, 7, EXPAND_PROCESS},
        {"", "numprocs", NULL, INT64_MIN, EXPAND_PROCESS},
        {"ENV_", "HOME", "", 0, EXPAND_ENV},
    };
    static const struct expand_names names = {NULL, items, sizeof items / sizeof *items};
    if (size == 0)
        return 0;
    char *format = mem_strndup((const char *)data + 1, size - 1);
    struct buf out = BUF_EMPTY;
    struct err e;
    int rc = expand(format, &names, data[0], &out, &e);
    if (rc < 0 && e.text[0] == '\0')
        abort();
    buf_close(&out);
    mem_free(format);
    return 0;
}
