#include "config/diff.h"

#include <string.h>

#include "config/kind.h"
#include "config/type.h"

static bool same_rows(const struct key_table *t, size_t end, const void *a, const void *b)
{
    for (size_t i = 0; i < t->count; i++)
        if (t->rows[i].offset < end && !(t->rows[i].flags & KEY_AT_ONCE) &&
            !type_equal(&t->rows[i], a, b))
            return false;
    return true;
}

static bool same_socket(const struct socket_config *a, const struct socket_config *b)
{
    if (!a || !b)
        return a == b;
    return strcmp(a->url, b->url) == 0 && a->backlog == b->backlog && a->mode == b->mode &&
           a->uid == b->uid && a->gid == b->gid;
}

/* Both are made by the same code: in the same order. */
static bool same_hidden(const struct env_list *a, const struct env_list *b)
{
    bool same = a->count == b->count;
    for (size_t i = 0; same && i < a->count; i++)
        same = strcmp(a->vars[i].name, b->vars[i].name) == 0 &&
               strcmp(a->vars[i].value, b->vars[i].value) == 0;
    return same;
}

static bool same_process(const struct process_config *a, const struct process_config *b)
{
    const size_t end = sizeof *a; /* rows behind it are not part of a process */
    return strcmp(a->name, b->name) == 0 && strcmp(a->program, b->program) == 0 &&
           same_rows(&key_process, end, a, b) && same_rows(&key_command, end, a, b) &&
           same_rows(&key_program, end, a, b) && same_socket(a->socket, b->socket) &&
           same_hidden(&a->hidden, &b->hidden);
}

bool config_same_group(const struct group_config *a, const struct group_config *b)
{
    const size_t end = sizeof *a;
    if (strcmp(a->name, b->name) != 0 || a->kind != b->kind ||
        a->process_count != b->process_count || !same_rows(&key_priority, end, a, b))
        return false;
    if (a->kind == GROUP_LISTENER && !same_rows(&key_listener, end, a, b))
        return false;
    if (a->kind == GROUP_FCGI && !same_rows(&key_fcgi, end, a, b))
        return false;
    for (size_t i = 0; i < a->process_count; i++)
        if (!same_process(&a->processes[i], &b->processes[i]))
            return false;
    return true;
}

/* The commands of two syncs say what their own keys say. */
bool config_same_job(const struct job_config *a, const struct job_config *b)
{
    const size_t end = sizeof *a;
    return strcmp(a->name, b->name) == 0 && strcmp(a->process.section, b->process.section) == 0 &&
           strcmp(a->process.command, b->process.command) == 0 &&
           same_rows(&key_process, sizeof a->process, &a->process, &b->process) &&
           same_rows(&key_job, end, a, b) && same_rows(&key_jobonly, end, a, b) &&
           a->stale_ok_ms == b->stale_ok_ms;
}

static void list_add(struct name_list *l, const char *name)
{
    l->names[l->count++] = name;
}

/* The one of that name among `active`, or `count`. Both are in start order: it is nearly always
 * the one after the last that was found. */
static size_t find_active(const struct group_config *const *active, size_t count, size_t next,
                          const char *name)
{
    for (size_t i = 0; i < count; i++) {
        size_t at = (next + i) % count;
        if (strcmp(active[at]->name, name) == 0)
            return at;
    }
    return count;
}

void config_diff(const struct group_config *const *active, size_t active_count,
                 const struct config *next, struct arena *a, struct config_diff *out)
{
    out->added = (struct name_list){arena_array(a, next->group_count + 1, sizeof(char *)), 0};
    out->changed = (struct name_list){arena_array(a, next->group_count + 1, sizeof(char *)), 0};
    out->removed = (struct name_list){arena_array(a, active_count + 1, sizeof(char *)), 0};
    bool *stays = arena_array(a, active_count + 1, sizeof *stays);
    size_t expected = 0;
    for (size_t i = 0; i < next->group_count; i++) {
        const struct group_config *g = &next->groups[i];
        size_t old = find_active(active, active_count, expected, g->name);
        if (old == active_count) {
            list_add(&out->added, arena_strdup(a, g->name));
            continue;
        }
        stays[old] = true;
        expected = old + 1;
        if (!config_same_group(active[old], g))
            list_add(&out->changed, arena_strdup(a, g->name));
    }
    for (size_t i = 0; i < active_count; i++)
        if (!stays[i])
            list_add(&out->removed, arena_strdup(a, active[i]->name));
}

const char *config_fixed_change(const struct config *started, const struct config *next)
{
    static const char *const fixed[] = {"pidfile",  "user",      "minfds", "minprocs",
                                        "nodaemon", "directory", "umask"};
    for (size_t i = 0; i < key_supervisord.count; i++) {
        const struct key_row *row = &key_supervisord.rows[i];
        for (size_t k = 0; k < sizeof fixed / sizeof *fixed; k++)
            if (strcmp(row->name, fixed[k]) == 0 && !type_equal(row, started, next))
                return row->name;
    }
    return NULL;
}
