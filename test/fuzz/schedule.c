/*
 * A schedule that anybody may write: what is understood comes in order, and only when it should; what
 * is refused is refused with a sentence.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "jobs/calendar.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void must(bool holds)
{
    if (!holds)
        abort();
}

/* Half an hour on and back every hundred days: more than any real zone does. */
static int64_t wild_offset(const struct calendar_zone *z, int64_t at)
{
    (void)z;
    return at / (100 * 86400) % 2 ? 3600 : 5400;
}

static void check_one(const struct schedule *s, int64_t at)
{
    const struct calendar_zone zone = {wild_offset};
    for (int i = 0; i < 5; i++) {
        int64_t next = calendar_next(s, &zone, at);
        must(next > at);
        must(next - at < INT64_C(86400) * 366 * 41);
        must(next % 60 == 0 && (s->minutes && s->hours && s->days && s->months && s->weekdays));
        at = next;
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    int64_t at = 1577836800;
    struct arena arena;
    struct schedules s;
    struct err e = {""};
    if (size < 4)
        return 0;
    for (int i = 0; i < 4; i++)
        at += (int64_t)data[i] << (8 * i) >> 2;
    char *text = mem_strndup((const char *)data + 4, size - 4);
    arena_init(&arena);
    int rc = schedules_parse(text, &arena, &s, &e);
    must((rc == 0) == (e.text[0] == '\0'));
    for (size_t i = 0; rc == 0 && i < s.count; i++)
        check_one(&s.items[i], at);
    arena_close(&arena);
    mem_free(text);
    return 0;
}
