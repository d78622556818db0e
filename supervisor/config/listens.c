/* The keys ready= and listen= of programs: what does not fit together within one, or among all. */
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "config/listen.h"
#include "config/loader.h"
#include "config/path.h"

enum { LISTENS_PER_PROGRAM = 32 };

/* One address of one program, as it is compared with the others. */
struct claim {
    struct listen_address address;
    const char *section;
};

struct claims {
    struct claim *items; /* owned array */
    size_t count;
    size_t room;
};

/* As it is written in one way: the same address is the same text, in every configuration. */
static const char *listens_normal(struct loader *l, const struct listen_address *a)
{
    struct arena *arena = l->types.arena;
    const char *text = a->text;
    if (strncmp(text, "unix:", 5) == 0)
        text = arena_printf(arena, "unix:%s", path_normal_in(arena, "", text + 5));
    if (!a->name)
        return arena_strdup(arena, text);
    return arena_printf(arena, "%.*s=%s", (int)a->name_len, a->name, text);
}

static bool listens_twice(struct loader *l, const struct ini_section *s,
                          const struct name_list *all, size_t last)
{
    struct listen_address a;
    struct listen_address b;
    (void)listen_parse(all->names[last], &a, NULL);
    for (size_t i = 0; i < last; i++) {
        (void)listen_parse(all->names[i], &b, NULL);
        if (!listen_clash(&a, &b))
            continue;
        load_error(l, s, "listen", "%s and %s cannot both be had", b.text, a.text);
        return true;
    }
    return false;
}

bool load_listens(struct loader *l, const struct ini_section *s, struct process_config *p)
{
    struct listen_address a;
    struct err e;
    if (p->listen.count > LISTENS_PER_PROGRAM) {
        load_error(l, s, "listen", "more than %d addresses", LISTENS_PER_PROGRAM);
        return false;
    }
    for (size_t i = 0; i < p->listen.count; i++) {
        if (listen_parse(p->listen.names[i], &a, &e) < 0) {
            load_error(l, s, "listen", "%s", e.text);
            return false;
        }
        p->listen.names[i] = listens_normal(l, &a);
        if (listens_twice(l, s, &p->listen, i))
            return false;
    }
    if (p->watchdog_ms > 0 && p->watchdog_ms < 1000)
        load_warning(l, s, "watchdog", "less than a second is soon missed on a busy machine");
    if (ini_get(&l->ini, s, "ready_timeout") && p->ready != READY_NOTIFY)
        load_warning(l, s, "ready_timeout", "means nothing without ready=notify");
    if (ini_get(&l->ini, s, "listen_mode") && p->listen.count == 0)
        load_warning(l, s, "listen_mode", "means nothing without listen=");
    return true;
}

/* --- Among all programs -------------------------------------------------------------------- */

static void claims_add(struct claims *all, const struct process_config *p)
{
    for (size_t i = 0; i < p->listen.count; i++) {
        if (all->count == all->room) {
            all->room = all->room ? all->room * 2 : 16;
            all->items = mem_grow(all->items, all->room, sizeof *all->items);
        }
        struct claim *c = &all->items[all->count++];
        (void)listen_parse(p->listen.names[i], &c->address, NULL);
        c->section = p->section;
    }
}

/* What cannot clash is kept apart: paths by their text, all others by their port. */
static int claim_order(const void *a, const void *b)
{
    const struct claim *x = a;
    const struct claim *y = b;
    bool x_path = x->address.to.any.sa_family == AF_UNIX;
    bool y_path = y->address.to.any.sa_family == AF_UNIX;
    if (x_path != y_path)
        return x_path ? -1 : 1;
    if (x_path)
        return strcmp(x->address.text, y->address.text);
    return (int)x->address.to.v4.sin_port - (int)y->address.to.v4.sin_port;
}

static void claims_check_from(struct loader *l, const struct claims *all, size_t first)
{
    const struct claim *a = &all->items[first];
    for (size_t i = first + 1; i < all->count; i++) {
        const struct claim *b = &all->items[i];
        if (claim_order(a, b) != 0)
            return;
        if (strcmp(a->section, b->section) == 0 || !listen_clash(&a->address, &b->address))
            continue; /* a program that is in two groups is one program */
        const struct ini_section *s = ini_find(&l->ini, b->section);
        load_error(l, s, "listen", "%s: [%s] has %s already, only one of them can", b->address.text,
                   a->section, a->address.text);
        return;
    }
}

void listens_check(struct loader *l)
{
    struct claims all = {0};
    const char **last = NULL;
    for (size_t g = 0; g < l->config->group_count; g++) {
        const struct group_config *group = &l->config->groups[g];
        for (size_t i = 0; i < group->process_count; i++) {
            const struct process_config *p = &group->processes[i];
            if (p->listen.names != last) /* the processes of a program share the list */
                claims_add(&all, p);
            last = p->listen.names;
        }
    }
    if (all.count)
        qsort(all.items, all.count, sizeof *all.items, claim_order);
    for (size_t i = 0; i < all.count; i++)
        claims_check_from(l, &all, i);
    mem_free(all.items);
}
