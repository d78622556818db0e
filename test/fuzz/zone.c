/*
 * A file of a time zone that anybody may have written: what is understood has an offset at any
 * time, which is one that a place can have; what is refused is refused with a sentence.
 */
#include <stdint.h>
#include <stdlib.h>

#include "config/zone.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void must(int holds)
{
    if (!holds)
        abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct zone z;
    struct err e = {""};
    if (zone_parse((const char *)data, size, &z, &e) < 0) {
        must(e.text[0] != '\0');
        return 0;
    }
    for (int64_t at = -(INT64_C(1) << 40); at < INT64_C(1) << 40;
         at += (INT64_C(1) << 31) + 12345) {
        int64_t offset = zone_offset(&z, at);
        must(offset >= -ZONE_OFFSET_MAX && offset <= ZONE_OFFSET_MAX);
    }
    for (size_t i = 0; i < z.count && i < 100; i++)
        must(z.changes[i] < -(INT64_C(1) << 40) ||
             zone_offset(&z, z.changes[i]) <= ZONE_OFFSET_MAX);
    zone_close(&z);
    return 0;
}
