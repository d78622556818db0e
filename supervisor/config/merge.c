#include "config/merge.h"

#include <errno.h>
#include <stdlib.h>

#include "base/mem.h"
#include "config/loader.h"

struct part {
    const struct group_config *group;
    struct config *owner; /* whose arena it is in */
};

static int compare_parts(const void *a, const void *b)
{
    const struct part *x = a;
    const struct part *y = b;
    return group_order(x->group, y->group);
}

struct config *config_part(struct config *c, size_t group)
{
    return c->parts ? c->parts[group] : c;
}

/* mem_free the array. */
static struct part *list_parts(struct config *older, struct config *newer,
                               const struct name_list *names, size_t *count)
{
    struct part *parts = mem_array(older->group_count + newer->group_count + 1, sizeof *parts);
    *count = 0;
    for (size_t i = 0; i < older->group_count; i++)
        if (!name_list_has(names, older->groups[i].name))
            parts[(*count)++] = (struct part){&older->groups[i], config_part(older, i)};
    for (size_t i = 0; i < newer->group_count; i++)
        if (name_list_has(names, newer->groups[i].name))
            parts[(*count)++] = (struct part){&newer->groups[i], config_part(newer, i)};
    return parts;
}

/* Sorts the parts. */
static struct config *join_parts(struct config *rest, struct part *parts, size_t count)
{
    struct arena arena;
    arena_init(&arena);
    struct config *c = arena_alloc(&arena, sizeof *c);
    *c = *rest;
    c->refs = 1;
    c->sources = NULL;
    c->arena = arena;
    c->groups = arena_array(&c->arena, count + 1, sizeof *c->groups);
    c->parts = arena_array(&c->arena, count + 1, sizeof(struct config *));
    c->group_count = count;
    qsort(parts, count, sizeof *parts, compare_parts);
    for (size_t i = 0; i < count; i++) {
        c->groups[i] = *parts[i].group;
        c->parts[i] = config_ref(parts[i].owner);
    }
    c->parts[count] = config_ref(rest);
    return c;
}

struct config *config_merge(struct config *older, struct config *newer,
                            const struct name_list *names)
{
    size_t count;
    struct part *parts = list_parts(older, newer, names, &count);
    struct config *c = join_parts(config_part(older, older->group_count), parts, count);
    mem_free(parts);
    return c;
}

int config_compose(struct config *rest, const struct config_choice *choices, size_t count,
                   struct config **out, struct err *e)
{
    struct part *parts = mem_array(count + 1, sizeof *parts);
    int rc = 0;
    for (size_t i = 0; rc == 0 && i < count; i++) {
        parts[i].owner = choices[i].from;
        parts[i].group = config_find_group(choices[i].from, choices[i].group);
        if (!parts[i].group)
            rc = err_set(e, -ENOENT,
                         "the configuration that %.100s was taken from has no such group",
                         choices[i].group);
    }
    if (rc == 0)
        *out = join_parts(rest, parts, count);
    mem_free(parts);
    return rc;
}
