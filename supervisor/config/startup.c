/*
 * The keys of the plug-in supervisord-dependent-startup, which SONiC and others use: programs with
 * autostart=false that are started at boot once others have got far enough. What is wrong with
 * these keys is a warning, as it is for the plug-in: without it they mean nothing.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/mem.h"
#include "config/blank.h"
#include "config/dependency.h"
#include "config/loader.h"

static const char wait_key[] = "dependent_startup_wait_for";

static unsigned read_state(struct loader *l, const struct ini_section *s, struct span word)
{
    // clang-format off
    static const struct { const char *name; enum startup_state state; } states[] = {
        {"starting", STARTUP_STARTING}, {"running", STARTUP_RUNNING}, {"backoff", STARTUP_BACKOFF},
        {"stopping", STARTUP_STOPPING}, {"exited", STARTUP_EXITED},   {"fatal", STARTUP_FATAL},
    };
    // clang-format on
    for (size_t i = 0; i < sizeof states / sizeof *states; i++)
        if (strlen(states[i].name) == word.len &&
            strncasecmp(states[i].name, word.text, word.len) == 0)
            return states[i].state;
    load_warning(l, s, wait_key,
                 "'%.*s' is no state, ignored: write starting, running, backoff, stopping, exited "
                 "or fatal",
                 (int)(word.len > 60 ? 60 : word.len), word.text);
    return 0;
}

/* "x", "x:running", "x:exited,fatal" */
static struct startup_wait read_wait(struct loader *l, const struct ini_section *s,
                                     struct span word)
{
    const char *colon = memchr(word.text, ':', word.len);
    const size_t len = colon ? (size_t)(colon - word.text) : word.len;
    unsigned states = 0;
    const char *at = colon ? colon + 1 : word.text + word.len;
    const char *end = word.text + word.len;
    while (colon && at <= end) {
        const char *comma = memchr(at, ',', (size_t)(end - at));
        size_t part = (size_t)((comma ? comma : end) - at);
        states |= read_state(l, s, (struct span){at, part});
        at += part + 1;
    }
    return (struct startup_wait){arena_printf(l->types.arena, "program:%.*s", (int)len, word.text),
                                 states ? states : STARTUP_RUNNING};
}

static struct startup_list read_waits(struct loader *l, const struct ini_section *s,
                                      const char *text)
{
    static const char blanks[] = " \t\r\n";
    struct startup_list list = {0};
    list.waits = arena_array(l->types.arena, strlen(text) / 2 + 1, sizeof *list.waits);
    for (text += strspn(text, blanks); *text; text += strspn(text, blanks)) {
        size_t len = strcspn(text, blanks);
        list.waits[list.count++] = read_wait(l, s, (struct span){text, len});
        text += len;
    }
    return list;
}

void startup_read(struct loader *l, const struct ini_section *s, const struct expand_names *names,
                  struct process_config *p)
{
    l->lenient = true;
    (void)load_table(l, s, &key_startup, LOAD_ONCE, names, p);
    l->lenient = false;
    if (p->dependent_startup && p->autostart) {
        load_warning(l, s, "dependent_startup",
                     "no effect without autostart=false: the program is started at once");
        p->dependent_startup = false;
    }
    if (p->dependent_startup && p->wait_for_text)
        p->wait_for = read_waits(l, s, p->wait_for_text);
}

bool startup_is_plugin(const struct process_config *listener)
{
    return listener->command && (strstr(listener->command, "supervisord_dependent_startup") ||
                                 strstr(listener->command, "supervisord-dependent-startup"));
}

/* --- Priorities ----------------------------------------------------------------------------- */

/* The lowest priority of the processes of a program. */
struct least {
    const char *program;
    int64_t priority;
};

struct least_table {
    struct least *rows; /* owned, sorted by program */
    size_t count;
};

static int compare_least(const void *a, const void *b)
{
    const struct least *x = a;
    const struct least *y = b;
    return strcmp(x->program, y->program);
}

static struct least *least_of(const struct least_table *t, const char *program)
{
    const struct least key = {.program = program};
    return bsearch(&key, t->rows, t->count, sizeof key, compare_least);
}

static void least_lower(struct least *row, int64_t priority)
{
    if (priority < row->priority)
        row->priority = priority;
}

static void least_fill(struct least_table *t, const struct loader *l)
{
    size_t most = 0;
    size_t kept = 0;
    for (size_t i = 0; i < l->group_count; i++)
        most += l->groups[i].process_count;
    t->rows = mem_array(most + 1, sizeof *t->rows);
    t->count = 0;
    for (size_t i = 0; i < l->group_count; i++)
        for (size_t k = 0; k < l->groups[i].process_count; k++) {
            const struct process_config *p = &l->groups[i].processes[k];
            t->rows[t->count++] = (struct least){p->program, p->priority};
        }
    qsort(t->rows, t->count, sizeof *t->rows, compare_least);
    for (size_t i = 0; i < t->count; i++) {
        if (kept > 0 && strcmp(t->rows[kept - 1].program, t->rows[i].program) == 0)
            least_lower(&t->rows[kept - 1], t->rows[i].priority);
        else
            t->rows[kept++] = t->rows[i];
    }
    t->count = kept;
}

static bool inherit(const struct least_table *t, struct group_config *g, struct process_config *p)
{
    struct least least = {.priority = p->priority};
    for (size_t i = 0; i < p->wait_for.count; i++) {
        const char *program = p->wait_for.waits[i].program + strlen("program:");
        const struct least *row = least_of(t, program);
        if (row)
            least_lower(&least, row->priority);
    }
    if (least.priority == p->priority)
        return false;
    p->priority = least.priority;
    least_lower(least_of(t, p->program), least.priority);
    if (strcmp(g->name, p->program) == 0 && g->priority > least.priority)
        g->priority = least.priority; /* the group is this program */
    return true;
}

/* Priorities only fall, each to one that is there: this ends. */
void startup_inherit(struct loader *l)
{
    struct least_table table;
    bool changed = true;
    least_fill(&table, l);
    while (changed) {
        changed = false;
        for (size_t i = 0; i < l->group_count; i++)
            for (size_t k = 0; k < l->groups[i].process_count; k++) {
                struct process_config *p = &l->groups[i].processes[k];
                if (p->inherit_priority && p->dependent_startup)
                    changed |= inherit(&table, &l->groups[i], p);
            }
    }
    mem_free(table.rows);
}

/* --- Names ---------------------------------------------------------------------------------- */

/* Keeps those that there are; processes of one section share the list that was read. */
static void check_names(struct loader *l, struct process_config *p)
{
    const struct ini_section *s = ini_find(&l->ini, p->section);
    struct startup_list kept = {0};
    kept.waits = arena_array(l->types.arena, p->wait_for.count, sizeof *kept.waits);
    for (size_t i = 0; i < p->wait_for.count; i++) {
        struct dependency d;
        struct err e;
        int rc = dependency_find(l->config, p->wait_for.waits[i].program, &d, &e);
        if (rc == 0 && strcmp(d.program, p->program) == 0)
            rc = err_set(&e, -ELOOP, "it is the program itself");
        if (rc == 0)
            kept.waits[kept.count++] = p->wait_for.waits[i];
        else if (s)
            load_warning(l, s, wait_key, "not waited for: %s", e.text);
    }
    p->wait_for = kept;
}

void startup_check(struct loader *l)
{
    struct config *c = l->config;
    for (size_t i = 0; i < c->group_count; i++)
        for (size_t k = 0; k < c->groups[i].process_count; k++)
            if (c->groups[i].processes[k].wait_for.count)
                check_names(l, &c->groups[i].processes[k]);
}
