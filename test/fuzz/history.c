/*
 * A history file that anybody may have written to: what is kept of it is good, and stays good; nothing
 * is more than was asked for.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "jobs/history_text.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void must(int holds)
{
    if (!holds)
        abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct buf good = BUF_EMPTY;
    struct buf again = BUF_EMPTY;
    struct buf kept = BUF_EMPTY;
    (void)history_check((const char *)data, size, &good);
    must(good.len <= size);
    must(history_check(buf_str(&good), good.len, &again) == 0 && again.len == good.len);
    history_keep(buf_str(&good), good.len, 2, &kept);
    buf_clear(&again);
    must(history_check(buf_str(&kept), kept.len, &again) == 0 && again.len == kept.len);
    json_t *lines = history_of((const char *)data, size, "job:a", 3);
    must(json_array_size(lines) <= 3);
    json_decref(lines);
    buf_close(&good);
    buf_close(&again);
    buf_close(&kept);
    return 0;
}
