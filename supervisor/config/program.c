/* One [program:x], [eventlistener:x] or [fcgi-program:x] becomes numprocs processes. */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/limits.h"
#include "base/mem.h"
#include "config/env.h"
#include "config/loader.h"
#include "config/shlex.h"

void load_journal(struct loader *l, const struct ini_section *s, const char *key)
{
    if (l->journal_told || l->options->unresolved || access(JOURNAL_SOCKET, F_OK) == 0)
        return;
    l->journal_told = true;
    load_warning(l, s, key,
                 "%s=journal, but no journald listens on this machine (there is no %s): output is "
                 "kept until %d MB wait, then it is lost",
                 key, JOURNAL_SOCKET, LIMIT_JOURNAL >> 20);
}

static void logs_one(struct loader *l, const struct ini_section *s, const char *channel,
                     struct log_config *log)
{
    const char *key = strcmp(channel, "stdout") == 0 ? "stdout_logfile" : "stderr_logfile";
    if (log->kind == LOG_KIND_NONE && log->path) {
        load_warning(l, s, key,
                     "For [%s], %s=syslog but this is deprecated and will be removed.  Use "
                     "%s_syslog=true to enable syslog instead.",
                     s->name, key, channel);
        log->path = NULL;
        log->syslog = true;
    }
    if (log->kind == LOG_KIND_JOURNAL)
        load_journal(l, s, key);
    if (log->kind == LOG_KIND_AUTO && log->maxbytes == 0)
        load_warning(l, s, key,
                     "For [%s], AUTO logging used for %s without rollover, set maxbytes > 0 to "
                     "avoid filling up filesystem unintentionally",
                     s->name, key);
}

static void load_logs(struct loader *l, const struct ini_section *s, struct process_config *p)
{
    logs_one(l, s, "stdout", &p->out);
    logs_one(l, s, "stderr", &p->err);
    if (!p->redirect_stderr)
        return;
    if (p->err.kind == LOG_KIND_FILE)
        load_warning(l, s, "stderr_logfile",
                     "For [%s], redirect_stderr=true but stderr_logfile has also been set to a "
                     "filename, the filename has been ignored",
                     s->name);
    p->err.kind = LOG_KIND_NONE;
    p->err.path = NULL;
}

static bool load_group_kill(struct loader *l, const struct ini_section *s, struct process_config *p)
{
    if (!ini_get(&l->ini, s, "killasgroup"))
        p->killasgroup = p->stopasgroup;
    if (!p->stopasgroup || p->killasgroup)
        return true;
    load_error(l, s, "killasgroup", "Cannot set stopasgroup=true and killasgroup=false");
    return false;
}

bool load_process(struct loader *l, const struct ini_section *s, const struct expand_names *names,
                  struct process_config *p)
{
    p->section = s->name;
    p->place = s->place;
    bool ok = load_table(l, s, &key_process, LOAD_ONCE, names, p);
    return load_group_kill(l, s, p) && ok;
}

/* Supervisor loads it, and fails when it is started; mostly a comment was not meant to be one. */
static void lint_command(struct loader *l, const struct ini_section *s, const char *command)
{
    struct shlex x = {.text = command, .blanks_only = true};
    struct buf word = BUF_EMPTY;
    struct err e;
    int rc;
    while ((rc = shlex_next(&x, &word, &e)) > 0)
        continue;
    buf_close(&word);
    if (rc < 0)
        load_warning(l, s, "command",
                     "%s, so it cannot be started: a ; or # with a blank before it begins a "
                     "comment, in quotes, too",
                     e.text);
}

/* The keys that may also use the program's own environment. */
static bool load_own(struct loader *l, const struct ini_section *s,
                     const struct expand_names *names, const struct key_table *command,
                     const char *name_format, struct process_config *p)
{
    static const struct key_row name_row = {"process_name", KEY_NAME, .expands = ~0u};
    bool ok = load_table(l, s, &key_process, LOAD_OWN, names, p);
    if (command)
        ok = load_table(l, s, command, LOAD_OWN, names, p) && ok;
    if (command && p->command)
        lint_command(l, s, p->command);
    if (name_format) {
        const struct ini_entry *entry = ini_get(&l->ini, s, name_row.name);
        p->name = load_expand(l, s, &name_row, entry, name_format, names);
    }
    return ok && p->name;
}

bool load_process_each(struct loader *l, const struct ini_section *s,
                       const struct expand_names *names, const struct key_table *command,
                       const char *name_format, struct process_config *p)
{
    l->odd = NULL;
    l->env_broken = !load_table(l, s, &key_process, LOAD_EACH, names, p);
    if (l->odd)
        load_warning(l, s, "environment",
                     "something after %s=... is ignored: put values with special characters in "
                     "quotes",
                     l->odd);
    struct env_list *env = &p->environment;
    struct expand_name *own = mem_array(env->count + 1, sizeof *own);
    for (size_t i = 0; i < env->count; i++)
        own[i] = (struct expand_name){"ENV_", env->vars[i].name, env->vars[i].value, 0, EXPAND_OWN};
    const struct expand_names all = {names, own, env->count};
    bool ok = load_own(l, s, &all, command, name_format, p);
    mem_free(own);
    *env = env_merge(l->types.arena, &l->config->environment, env);
    load_logs(l, s, p);
    ok = ok && !l->env_broken;
    l->env_broken = false;
    return ok;
}

static int compare_processes(const void *a, const void *b)
{
    const struct process_config *x = a;
    const struct process_config *y = b;
    return strcmp(x->name, y->name); /* priority is the same for all of one section */
}

static struct process_config *process_list_add(struct process_list *list)
{
    if (list->count == list->room) {
        list->room = list->room ? list->room * 2 : 4;
        list->items = mem_grow(list->items, list->room, sizeof *list->items);
    }
    return &list->items[list->count++];
}

static bool load_numbered(struct loader *l, const struct ini_section *s,
                          const struct expand_names *names, const struct program_values *values,
                          struct process_list *out)
{
    const size_t first = out->count;
    for (int64_t i = 0; i < values->numprocs; i++) {
        const struct expand_name numbers[] = {
            {"", "process_num", NULL, values->numprocs_start + i, EXPAND_PROCESS},
            {"", "numprocs", NULL, values->numprocs, EXPAND_PROCESS},
        };
        const struct expand_names all = {names, numbers, 2};
        struct process_config p = values->process;
        if (!load_process_each(l, s, &all, &key_command, values->name_format, &p))
            return false;
        if (l->process_count == LOADER_PROCESS_LIMIT) {
            load_error(l, s, "numprocs", "more than %d processes", LOADER_PROCESS_LIMIT);
            return false;
        }
        l->process_count++;
        *process_list_add(out) = p;
    }
    if (out->count > first)
        qsort(out->items + first, out->count - first, sizeof *out->items, compare_processes);
    return true;
}

bool load_program(struct loader *l, const struct ini_section *s, const char *group,
                  struct process_list *out)
{
    struct program_values values = {0};
    const char *name = load_name(l, s);
    if (!name)
        return false;
    const struct expand_name items[] = {
        {"", "program_name", name, 0, EXPAND_PROGRAM},
        {"", "group_name", group, 0, EXPAND_GROUP},
    };
    const struct expand_names names = {&l->names, items, 2};
    values.process.program = name;
    bool ok = load_process(l, s, &names, &values.process);
    ok = load_table(l, s, &key_program, LOAD_ONCE, &names, &values) && ok;
    ok = ok && load_listens(l, s, &values.process);
    if (ok && values.numprocs > 1 && !strstr(values.name_format, "%(process_num)")) {
        load_error(l, s, "process_name",
                   "%%(process_num) must be present within process_name when numprocs > 1");
        ok = false;
    }
    if (section_has(s, "program:"))
        startup_read(l, s, &names, &values.process);
    /* with a bad key above, the keys below are still checked, once */
    if (!ok)
        values.numprocs = 1;
    if (!values.name_format)
        values.name_format = "";
    return load_numbered(l, s, &names, &values, out) && ok;
}
