#include "config/archive.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/parse.h"
#include "config/merge.h"
#include "config/pack.h"

void config_archive_close(struct config_archive *a)
{
    for (size_t i = a->count; i > 0; i--)
        config_unref(a->items[i - 1].config);
    mem_free(a->items);
    *a = (struct config_archive){0};
}

struct config *config_archive_find(const struct config_archive *a, int64_t number)
{
    /* linear: there are as many as configurations that programs still run from */
    for (size_t i = 0; i < a->count; i++)
        if (a->items[i].number == number)
            return a->items[i].config;
    return NULL;
}

/* Takes the reference over. */
static void archive_add(struct config_archive *a, int64_t number, struct config *c)
{
    a->items = mem_grow(a->items, a->count + 1, sizeof *a->items);
    a->items[a->count++] = (struct archived){number, c};
    if (number > a->last)
        a->last = number;
}

/* --- Writing -------------------------------------------------------------------------------- */

static void put_key(json_t *object, int64_t number)
{
    char key[24];
    (void)snprintf(key, sizeof key, "%" PRId64, number);
    (void)json_object_set_new(object, "kind", json_string("config"));
    (void)json_object_set_new(object, "key", json_string(key));
}

static int64_t archive_number(const struct config_archive *a, const struct config *c)
{
    for (size_t i = 0; i < a->count; i++)
        if (a->items[i].config == c)
            return a->items[i].number;
    return 0;
}

/* What a merger is: names of groups, and the numbers of what is in the archive already. */
static json_t *pack_merger(const struct config_archive *a, struct config *c)
{
    json_t *object = json_object();
    json_t *groups = json_array();
    for (size_t i = 0; i < c->group_count; i++) {
        json_t *pair = json_array();
        (void)json_array_append_new(pair, pack_text(c->groups[i].name));
        (void)json_array_append_new(pair, json_integer(archive_number(a, c->parts[i])));
        (void)json_array_append_new(groups, pair);
    }
    (void)json_object_set_new(object, "groups", groups);
    (void)json_object_set_new(object, "rest",
                              json_integer(archive_number(a, c->parts[c->group_count])));
    return object;
}

static int64_t archive_one(struct config_archive *a, struct config *c, json_t *out)
{
    int64_t number = archive_number(a, c);
    if (number)
        return number;
    json_t *object = c->parts ? pack_merger(a, c) : config_pack(c);
    archive_add(a, a->last + 1, config_ref(c));
    put_key(object, a->last);
    (void)json_array_append_new(out, object);
    return a->last;
}

int64_t config_archive_put(struct config_archive *a, struct config *c, json_t *out)
{
    for (size_t i = 0; c->parts && i <= c->group_count; i++)
        (void)archive_one(a, c->parts[i], out); /* which have no parts */
    return archive_one(a, c, out);
}

/* --- Reading -------------------------------------------------------------------------------- */

static int read_merger(const struct config_archive *a, const json_t *object, struct config **out,
                       struct err *e)
{
    const json_t *groups = json_object_get(object, "groups");
    struct config *rest =
        config_archive_find(a, json_integer_value(json_object_get(object, "rest")));
    size_t count = json_array_size(groups);
    struct config_choice *choices = mem_array(count + 1, sizeof *choices);
    struct arena names;
    arena_init(&names);
    int rc = rest && json_is_array(groups) ? 0 : err_set(e, -EINVAL, "it is a merger of nothing");
    for (size_t i = 0; rc == 0 && i < count; i++) {
        const json_t *pair = json_array_get(groups, i);
        choices[i].group = unpack_text(json_array_get(pair, 0), &names);
        choices[i].from = config_archive_find(a, json_integer_value(json_array_get(pair, 1)));
        if (!choices[i].group || !choices[i].from)
            rc = err_set(e, -EINVAL, "group %zu of the merger is missing", i + 1);
    }
    if (rc == 0)
        rc = config_compose(rest, choices, count, out, e);
    arena_close(&names);
    mem_free(choices);
    return rc;
}

static int archive_read(struct config_archive *a, const json_t *object, struct err *e)
{
    const char *key = json_string_value(json_object_get(object, "key"));
    int64_t number = 0;
    struct config *c;
    if (!key || parse_int(key, &number, NULL) < 0 || number < 1 || number == INT64_MAX)
        return err_set(e, -EINVAL, "a configuration without a number");
    if (config_archive_find(a, number))
        return err_set(e, -EINVAL, "configuration %s is there twice", key);
    int rc = json_object_get(object, "rest") ? read_merger(a, object, &c, e)
                                             : config_unpack(object, &c, e);
    if (rc < 0)
        return err_prefix(e, rc, "configuration %s", key);
    archive_add(a, number, c);
    return 0;
}

int config_archive_load(struct config_archive *a, const json_t *objects, struct err *e)
{
    int rc = 0;
    for (int mergers = 0; mergers < 2; mergers++) { /* afterwards: all parts are there */
        for (size_t i = 0; rc == 0 && i < json_array_size(objects); i++) {
            const json_t *object = json_array_get(objects, i);
            const char *kind = json_string_value(json_object_get(object, "kind"));
            bool merger = json_object_get(object, "rest") != NULL;
            if (kind && strcmp(kind, "config") == 0 && merger == (mergers == 1) &&
                !json_is_true(json_object_get(object, "gone")))
                rc = archive_read(a, object, e);
        }
    }
    if (rc < 0)
        config_archive_close(a);
    return rc;
}
