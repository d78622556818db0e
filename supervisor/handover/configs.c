#include "handover/configs.h"

json_t *configs_name(struct config_archive *a, struct config *config, struct buf *out)
{
    json_t *lines = json_array();
    int64_t number = config_archive_put(a, config, lines);
    for (size_t i = 0; i < json_array_size(lines); i++)
        line_write(json_incref(json_array_get(lines, i)), out);
    json_decref(lines);
    return json_integer(number);
}

int configs_read(struct config_archive *a, const struct book *book, struct err *e)
{
    json_t *lines = json_array();
    const struct book_entry *entry;
    size_t at = 0;
    while ((entry = book_next(book, "config", &at)) != NULL)
        (void)json_array_append(lines, entry->line);
    int rc = config_archive_load(a, lines, e);
    json_decref(lines);
    return rc;
}

struct config *configs_get(const struct config_archive *a, const json_t *line, const char *member)
{
    return config_archive_find(a, json_integer_value(json_object_get(line, member)));
}
