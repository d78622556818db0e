#include "config/merge.h"

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

/* Who owns the group; `c` itself, unless it is a merger. */
static struct config *part_owner(struct config *c, size_t group)
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
            parts[(*count)++] = (struct part){&older->groups[i], part_owner(older, i)};
    for (size_t i = 0; i < newer->group_count; i++)
        if (name_list_has(names, newer->groups[i].name))
            parts[(*count)++] = (struct part){&newer->groups[i], part_owner(newer, i)};
    qsort(parts, *count, sizeof *parts, compare_parts);
    return parts;
}

struct config *config_merge(struct config *older, struct config *newer,
                            const struct name_list *names)
{
    struct arena arena;
    arena_init(&arena);
    struct config *c = arena_alloc(&arena, sizeof *c);
    struct config *rest = part_owner(older, older->group_count);
    size_t count;
    struct part *parts = list_parts(older, newer, names, &count);
    *c = *rest;
    c->refs = 1;
    c->arena = arena;
    c->groups = arena_array(&c->arena, count + 1, sizeof *c->groups);
    c->parts = arena_array(&c->arena, count + 1, sizeof(struct config *));
    c->group_count = count;
    for (size_t i = 0; i < count; i++) {
        c->groups[i] = *parts[i].group;
        c->parts[i] = config_ref(parts[i].owner);
    }
    c->parts[count] = config_ref(rest);
    mem_free(parts);
    return c;
}
