/* Groups: from [group:x], and from the programs, listeners and fcgi programs in none of them. */
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "config/loader.h"
#include "config/problem.h"

/* Orders processes by name, then by their place in the list. */
static int compare_names(const void *a, const void *b)
{
    const struct process_config *const *x = a;
    const struct process_config *const *y = b;
    int order = strcmp((*x)->name, (*y)->name);
    return order ? order : (*x > *y) - (*x < *y);
}

/* Of two processes with one name only the later can be reached: the earlier one goes. */
static void drop_doubles(struct loader *l, const struct ini_section *s, struct process_list *list)
{
    const struct process_config **sorted = mem_array(list->count + 1, sizeof *sorted);
    size_t kept = 0;
    for (size_t i = 0; i < list->count; i++)
        sorted[i] = &list->items[i];
    qsort(sorted, list->count, sizeof *sorted, compare_names);
    for (size_t i = 1; i < list->count; i++) {
        if (strcmp(sorted[i - 1]->name, sorted[i]->name) != 0)
            continue;
        load_warning(l, s, NULL, "two processes are named '%s': only the later one counts",
                     sorted[i]->name);
        list->items[sorted[i - 1] - list->items].section = NULL;
    }
    for (size_t i = 0; i < list->count; i++)
        if (list->items[i].section)
            list->items[kept++] = list->items[i];
    list->count = kept;
    mem_free(sorted);
}

void load_group_add(struct loader *l, const struct ini_section *s, const struct group_config *g,
                    struct process_list *list)
{
    drop_doubles(l, s, list);
    l->groups = mem_grow(l->groups, l->group_count + 1, sizeof *l->groups);
    struct group_config *own = &l->groups[l->group_count++];
    *own = *g;
    own->process_count = list->count;
    own->processes = arena_array(l->types.arena, list->count, sizeof *own->processes);
    if (list->count)
        memcpy(own->processes, list->items, list->count * sizeof *own->processes);
    mem_free(list->items);
    *list = (struct process_list){0};
}

/* The section of a member, or NULL when there is none or more than one. */
static const struct ini_section *group_member(struct loader *l, const struct ini_section *s,
                                              const char *name)
{
    char *program = mem_printf("program:%s", name);
    char *fcgi = mem_printf("fcgi-program:%s", name);
    const struct ini_section *a = ini_find(&l->ini, program);
    const struct ini_section *b = ini_find(&l->ini, fcgi);
    mem_free(program);
    mem_free(fcgi);
    if (!a && !b)
        load_error(l, s, "programs", "[%s] names unknown program or fcgi-program %s", s->name,
                   *name ? name : "'' (a comma too many?)");
    if (a && b)
        load_error(l, s, "programs",
                   "[%s] name %s is ambiguous (exists as program and fcgi-program)", s->name, name);
    return a && b ? NULL : a ? a : b;
}

/* Of some processes, the section of the first one that listens at a socket; NULL: none does. */
static const char *socket_owner(const struct process_config *processes, size_t count,
                                const char *url)
{
    for (size_t i = 0; i < count; i++)
        if (processes[i].socket && strcmp(processes[i].socket->url, url) == 0)
            return processes[i].section;
    return NULL;
}

/* A unix socket would be taken away from the other one, a port not be had. */
static void warn_same_socket(struct loader *l, const struct ini_section *s,
                             const struct process_list *list, const char *url)
{
    const char *other = socket_owner(list->items, list->count, url);
    for (size_t i = 0; !other && i < l->group_count; i++)
        other = socket_owner(l->groups[i].processes, l->groups[i].process_count, url);
    if (other)
        load_warning(l, s, "socket", "also the socket of [%s]: only one of them can have it",
                     other);
}

static void share_socket(struct loader *l, struct process_list *list, size_t first,
                         const struct socket_config *config)
{
    struct socket_config *shared = arena_array(l->types.arena, 1, sizeof *shared);
    *shared = *config;
    for (size_t i = first; i < list->count; i++)
        list->items[i].socket = shared;
}

/* An fcgi-program keeps its socket inside a group, where Supervisor forgets to read its keys. */
static void load_member_socket(struct loader *l, const struct ini_section *s,
                               struct process_list *list, size_t first)
{
    struct group_values values = {0};
    if (!section_has(s, "fcgi-program:"))
        return;
    if (!ini_get(&l->ini, s, "socket")) {
        load_warning(l, s, NULL, "without socket= it is run as an ordinary program");
        return;
    }
    values.group.name = load_name(l, s);
    l->lenient = true; /* a mistake there is no reason not to start */
    if (load_fcgi(l, s, &values)) {
        warn_same_socket(l, s, list, values.group.socket.url);
        share_socket(l, list, first, &values.group.socket);
    }
    l->lenient = false;
}

/* `taken` has one flag for each section: those that are members of a group. */
static void load_group(struct loader *l, const struct ini_section *s, bool *taken)
{
    struct group_values values = {0};
    struct process_list list = {0};
    values.group.name = load_name(l, s);
    bool ok = load_table(l, s, &key_group, LOAD_ONCE, &l->names, &values);
    ok = load_table(l, s, &key_priority, LOAD_ONCE, &l->names, &values) && ok;
    if (!ok || !values.group.name)
        return;
    if (values.programs.count == 0)
        load_warning(l, s, NULL, "the group has no programs");
    for (size_t i = 0; i < values.programs.count; i++) {
        const struct ini_section *member = group_member(l, s, values.programs.names[i]);
        if (!member)
            continue;
        taken[member - l->ini.sections] = true;
        size_t first = list.count;
        if (load_program(l, member, values.group.name, &list))
            load_member_socket(l, member, &list, first);
    }
    load_group_add(l, s, &values.group, &list);
}

/* A section that is a group of its own. */
static void load_alone(struct loader *l, const struct ini_section *s, enum group_kind kind)
{
    struct group_values values = {.group.kind = kind, .group.name = load_name(l, s)};
    struct process_list list = {0};
    if (!values.group.name)
        return;
    bool ok = load_program(l, s, values.group.name, &list);
    switch (kind) {
    case GROUP_PROGRAM:
        ok = load_table(l, s, &key_priority, LOAD_ONCE, &l->names, &values) && ok;
        break;
    case GROUP_LISTENER:
        if (list.count && startup_is_plugin(&list.items[0])) {
            load_warning(l, s, NULL, "not run: what it does is built in, this section can go");
            ok = false;
            break;
        }
        ok = load_listener(l, s, &values) && ok;
        break;
    case GROUP_FCGI:
        ok = load_fcgi(l, s, &values) && ok;
        if (ok)
            warn_same_socket(l, s, &list, values.group.socket.url);
        share_socket(l, &list, 0, &values.group.socket);
        break;
    }
    if (ok)
        load_group_add(l, s, &values.group, &list);
    mem_free(list.items);
}

static void load_each_alone(struct loader *l, const char *prefix, enum group_kind kind,
                            const bool *taken)
{
    for (size_t i = 1; i < l->ini.count; i++)
        if (!taken[i] && section_has(&l->ini.sections[i], prefix))
            load_alone(l, &l->ini.sections[i], kind);
}

int group_order(const struct group_config *a, const struct group_config *b)
{
    if (a->priority != b->priority)
        return a->priority < b->priority ? -1 : 1;
    return strcmp(a->name, b->name);
}

static int compare_groups(const void *a, const void *b)
{
    const struct group_config *const *x = a;
    const struct group_config *const *y = b;
    int order = group_order(*x, *y);
    return order ? order : (*x > *y) - (*x < *y); /* as they came */
}

/* Into the configuration, in start order; of two with one name the first one is used. */
static void take_groups(struct loader *l)
{
    struct config *c = l->config;
    const struct group_config **sorted = mem_array(l->group_count + 1, sizeof *sorted);
    c->groups = arena_array(l->types.arena, l->group_count, sizeof *c->groups);
    for (size_t i = 0; i < l->group_count; i++)
        sorted[i] = &l->groups[i];
    qsort(sorted, l->group_count, sizeof *sorted, compare_groups);
    for (size_t i = 0; i < l->group_count; i++) {
        if (!config_find_group(c, sorted[i]->name)) {
            c->groups[c->group_count++] = *sorted[i];
            continue;
        }
        const struct config_place none = {c->path, 0};
        struct config_place at = sorted[i]->process_count ? sorted[i]->processes[0].place : none;
        problem_add(l->problems, PROBLEM_WARNING, at, NULL,
                    "two groups are named '%s': only one of them is used", sorted[i]->name);
    }
    mem_free(sorted);
    mem_free(l->groups);
    l->groups = NULL;
}

void load_groups(struct loader *l)
{
    bool *taken = mem_array(l->ini.count, sizeof *taken);
    for (size_t i = 1; i < l->ini.count; i++)
        if (section_has(&l->ini.sections[i], "group:"))
            load_group(l, &l->ini.sections[i], taken);
    load_each_alone(l, "program:", GROUP_PROGRAM, taken);
    load_each_alone(l, "eventlistener:", GROUP_LISTENER, taken);
    load_each_alone(l, "fcgi-program:", GROUP_FCGI, taken);
    load_notifies(l);
    mem_free(taken);
    startup_inherit(l);
    take_groups(l);
    startup_check(l);
}
