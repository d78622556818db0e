#include "handover/configs.h"

#include <errno.h>

#include "base/mem.h"
#include "config/load.h"

static json_t *configs_line(const struct config *config, size_t number)
{
    char *key = mem_printf("%zu", number);
    json_t *line = line_new("config", key);
    mem_free(key);
    (void)config;
    return line;
}

json_t *configs_name(struct configs *c, struct config *config, struct buf *out)
{
    for (size_t i = 0; i < c->count; i++) { /* linear: there are a few */
        if (c->items[i] == config)
            return json_integer((json_int_t)i + 1);
    }
    c->items = mem_grow(c->items, c->count + 1, sizeof(struct config *));
    c->items[c->count++] = config_ref(config);
    line_write(configs_line(config, c->count), out);
    return json_integer((json_int_t)c->count);
}

void configs_close(struct configs *c)
{
    for (size_t i = 0; i < c->count; i++)
        config_unref(c->items[i]);
    mem_free(c->items);
    *c = (struct configs){0};
}

int configs_read(struct configs *c, const struct book *book, struct err *e)
{
    (void)c, (void)book, (void)e;
    return -ENOSYS;
}

struct config *configs_get(const struct configs *c, const json_t *line, const char *member)
{
    json_int_t number = json_integer_value(json_object_get(line, member));
    return number > 0 && (size_t)number <= c->count ? c->items[number - 1] : NULL;
}
