/* Any JSON as the configurations of a hand-over: refused with a sentence, or the same next time. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/mem.h"
#include "config/archive.h"
#include "config/dump.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static char *dump_of(const struct config *c)
{
    struct problem_list none;
    struct buf text = BUF_EMPTY;
    problem_list_init(&none);
    config_dump(c, &none, &text);
    problem_list_close(&none);
    return buf_take(&text);
}

/* What was read is written and read again. */
static void check_again(const struct config_archive *first)
{
    struct config_archive writer = {0};
    struct config_archive second = {0};
    json_t *objects = json_array();
    struct err e;
    for (size_t i = 0; i < first->count; i++)
        (void)config_archive_put(&writer, first->items[i].config, objects);
    if (config_archive_load(&second, objects, &e) < 0 || second.count != first->count)
        abort();
    for (size_t i = 0; i < writer.count; i++) {
        char *a = dump_of(writer.items[i].config);
        char *b = dump_of(config_archive_find(&second, writer.items[i].number));
        if (strcmp(a, b) != 0)
            abort();
        mem_free(a);
        mem_free(b);
    }
    json_decref(objects);
    config_archive_close(&writer);
    config_archive_close(&second);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    json_t *objects = json_loadb((const char *)data, size, JSON_ALLOW_NUL, NULL);
    struct config_archive archive = {0};
    struct err e = {""};
    if (!objects)
        return 0;
    if (config_archive_load(&archive, objects, &e) == 0)
        check_again(&archive);
    else if (!e.text[0] || archive.count > 0)
        abort();
    config_archive_close(&archive);
    json_decref(objects);
    return 0;
}
