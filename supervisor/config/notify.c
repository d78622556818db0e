/*
 * [notify:x]: who is told of events. A template: it becomes a group of event listeners of its own,
 * notify-x, whose one process runs mainstay-net. The dead man's switches of all jobs become another
 * one, notify-dead-man, for which [notify:dead-man] has only the settings.
 *
 * Addresses are secrets: they go into `hidden`, the part of the environment that nobody is shown.
 */
#include <inttypes.h>
#include <string.h>

#include "base/mem.h"
#include "config/env.h"
#include "config/loader.h"
#include "config/path.h"
#include "config/shlex.h"

enum {
    DEAD_MEN = 64,           /* jobs with dead_man_url=: mainstay-net(1) */
    DEAD_MEN_BYTES = 100000, /* of all their lines: they become one variable of an environment */
    COMMAND_WORDS = 256,     /* of command=: mainstay-net has no room for more */
    NOTIFY_URL_MAX = 8000,   /* bytes */
    NOTIFY_NAME_MAX = 200,   /* bytes: it becomes the name of a folder */
};
static const char dead_man[] = "dead-man";
static const char spool_var[] = "MAINSTAY_NOTIFY_SPOOL";

static void put(struct loader *l, struct env_list *list, const char *name, const char *value)
{
    if (value)
        list->vars[list->count++] = (struct env_var){name, arena_strdup(l->types.arena, value)};
}

static void put_ms(struct loader *l, struct env_list *list, const char *name, int64_t ms)
{
    put(l, list, name, arena_printf(l->types.arena, "%" PRId64 "ms", ms));
}

/* Never shows it. */
static bool check_url(struct loader *l, const struct ini_section *s, const char *key,
                      const char *url)
{
    const size_t scheme = strncmp(url, "https://", 8) == 0  ? 8
                          : strncmp(url, "http://", 7) == 0 ? 7
                                                            : 0;
    bool good = scheme > 0 && url[scheme] && strlen(url) <= NOTIFY_URL_MAX;
    for (const char *c = url; *c && good; c++)
        good = (unsigned char)*c > ' ' && *c != 127;
    if (!good)
        load_error(l, s, key,
                   "that is no URL: write https://host/path, without blanks and of at most %d "
                   "bytes (it is not shown here, as it may be a secret)",
                   NOTIFY_URL_MAX);
    return good;
}

/* --- What mainstay-net is told ------------------------------------------------------------- */

/* One that cannot be run would be tried for ever. */
static bool check_command(struct loader *l, const struct ini_section *s, const char *command)
{
    struct shlex x = {.text = command, .blanks_only = true};
    struct buf word = BUF_EMPTY;
    struct err e;
    size_t count = 0;
    int rc;
    while ((rc = shlex_next(&x, &word, &e)) > 0)
        count++;
    buf_close(&word);
    if (rc < 0)
        load_error(l, s, "command",
                   "%s: a ; or # with a blank before it begins a comment, in quotes, too", e.text);
    else if (count == 0 || count > COMMAND_WORDS)
        load_error(l, s, "command", "there is no word in it, or more than %d", COMMAND_WORDS);
    return rc == 0 && count > 0 && count <= COMMAND_WORDS;
}

static bool check_ways(struct loader *l, const struct ini_section *s, const struct notify_values *v)
{
    const int ways = (v->url ? 1 : 0) + (v->url_file ? 1 : 0) + (v->command ? 1 : 0);
    if (ways == 1)
        return v->command ? check_command(l, s, v->command)
                          : !v->url || check_url(l, s, "url", v->url);
    if (ways == 0)
        load_error(l, s, NULL, "nobody is told: write url, url_file or command");
    else
        load_error(l, s, v->url ? "url" : "url_file",
                   "there is more than one of url, url_file and command: write a section for each");
    return false;
}

static const char *spool_folder(struct loader *l, const struct notify_values *v, const char *name)
{
    if (v->spool)
        return v->spool;
    return l->config->statedir
               ? arena_printf(l->types.arena, "%s/notify/%s", l->config->statedir, name)
               : NULL; /* it knows STATE_DIRECTORY itself */
}

/* Two that share one would wait for each other. */
static bool check_spool(struct loader *l, const struct ini_section *s, const char *spool)
{
    struct arena *a = l->types.arena;
    for (size_t i = 0; i < l->group_count && spool; i++) {
        const struct process_config *p = l->groups[i].processes;
        const char *other = l->groups[i].process_count ? env_get(&p->environment, spool_var) : NULL;
        if (!other || strcmp(path_normal_in(a, "", other), path_normal_in(a, "", spool)) != 0)
            continue;
        load_error(l, s, "spool", "[%s] has that folder already: each needs one of its own",
                   p->section);
        return false;
    }
    return true;
}

static void tell_settings(struct loader *l, const struct notify_values *v, const char *name,
                          struct process_config *p)
{
    enum { SETTINGS = 12, SECRETS = 1 };
    struct arena *a = l->types.arena;
    struct env_list shown = {arena_array(a, SETTINGS, sizeof(struct env_var)), 0};
    struct env_list *hidden = &p->hidden;
    put(l, &shown, "MAINSTAY_NOTIFY_NAME", name);
    put(l, &shown, "MAINSTAY_NOTIFY_FORMAT", v->format ? "slack" : "json");
    put(l, &shown, "MAINSTAY_NOTIFY_URL_FILE", v->url_file);
    put(l, &shown, "MAINSTAY_NOTIFY_COMMAND", v->command);
    put(l, &shown, "MAINSTAY_NOTIFY_CA_FILE", v->ca_file);
    put(l, &shown, spool_var, spool_folder(l, v, name));
    put(l, &shown, "MAINSTAY_NOTIFY_SPOOL_MAX", arena_printf(a, "%" PRId64, v->spool_max));
    put_ms(l, &shown, "MAINSTAY_NOTIFY_QUIET", v->quiet_ms);
    put_ms(l, &shown, "MAINSTAY_NOTIFY_TIMEOUT", v->timeout_ms);
    put_ms(l, &shown, "MAINSTAY_NOTIFY_RETRY_DELAY", v->retry_delay_ms);
    put_ms(l, &shown, "MAINSTAY_NOTIFY_RETRY_DELAY_MAX", v->retry_delay_max_ms);
    p->environment = env_merge(a, &p->environment, &shown);
    hidden->vars = arena_array(a, SECRETS, sizeof *hidden->vars);
    put(l, hidden, "MAINSTAY_NOTIFY_URL", v->url);
}

/* --- The listener -------------------------------------------------------------------------- */

/* What every process has is read from the section; what programs have besides is fixed. */
static bool load_listener_process(struct loader *l, const struct ini_section *s,
                                  const struct expand_names *names, struct program_values *out)
{
    const struct ini_section none = {.name = s->name, .place = s->place};
    struct process_config *p = &out->process;
    bool ok = load_table(l, &none, &key_program, LOAD_ONCE, names, out);
    ok = load_process(l, s, names, p) && ok;
    ok = load_process_each(l, s, names, NULL, p->program, p) && ok;
    p->autorestart = AUTORESTART_ALWAYS;
    p->command = "mainstay-net notify";
    p->speaks = true;
    if (!ini_get(&l->ini, s, "stdout_logfile")) { /* what it says there is for the daemon alone */
        p->out.kind = LOG_KIND_NONE;
        p->out.path = NULL;
    }
    return ok;
}

static void load_one(struct loader *l, const struct ini_section *s, const char *name,
                     const char *urls)
{
    struct notify_values values = {0};
    struct program_values program = {0};
    struct process_list list = {0};
    const char *group = arena_printf(l->types.arena, "notify-%s", name);
    const struct expand_name items[] = {
        {"", "program_name", group, 0, EXPAND_PROGRAM},
        {"", "group_name", group, 0, EXPAND_GROUP},
        {"", "process_num", NULL, 0, EXPAND_PROCESS},
        {"", "numprocs", NULL, 1, EXPAND_PROCESS},
    };
    const struct expand_names names = {&l->names, items, sizeof items / sizeof *items};
    program.process.program = group;
    bool ok = load_listener_process(l, s, &names, &program);
    ok = load_table(l, s, &key_notify, LOAD_ONCE, &names, &values) && ok;
    if (!ok || (!urls && !check_ways(l, s, &values)) ||
        !check_spool(l, s, spool_folder(l, &values, name)))
        return;
    tell_settings(l, &values, name, &program.process);
    if (urls) {
        static const char *events[] = {"JOB_SUCCEEDED"};
        values.group.events = (struct name_list){events, 1};
        put(l, &program.process.hidden, "MAINSTAY_NOTIFY_DEAD_MAN", urls);
    }
    values.group.name = group;
    values.group.kind = GROUP_LISTENER;
    values.group.lasts = true;
    values.group.result_handler = "supervisor.dispatchers:default_handler";
    list.items = mem_array(1, sizeof *list.items);
    list.items[list.count++] = program.process;
    load_group_add(l, s, &values.group, &list);
}

/* --- Dead man's switches ------------------------------------------------------------------- */

/* The line "JOB URL" of a section of a job that has one. */
static bool load_dead_man(struct loader *l, const struct ini_section *s, struct buf *urls)
{
    struct text_values value = {NULL};
    const char *name = ini_get(&l->ini, s, "dead_man_url") ? load_name(l, s) : NULL;
    if (!name)
        return false;
    const struct expand_name items[] = {
        {"", "program_name", name, 0, EXPAND_PROGRAM},
        {"", "group_name", name, 0, EXPAND_GROUP},
    };
    const struct expand_names names = {&l->names, items, sizeof items / sizeof *items};
    if (!load_table(l, s, &key_deadman, LOAD_ONCE, &names, &value) || !value.text ||
        !check_url(l, s, "dead_man_url", value.text))
        return false;
    buf_printf(urls, "%s%s %s", urls->len ? "\n" : "", name, value.text);
    return true;
}

static void load_dead_men(struct loader *l)
{
    struct ini_section none = {.name = "notify:dead-man"};
    const struct ini_section *settings = ini_find(&l->ini, none.name);
    struct buf urls = BUF_EMPTY;
    size_t count = 0;
    bool too_long = false;
    for (size_t i = 1; i < l->ini.count; i++) {
        const struct ini_section *s = &l->ini.sections[i];
        if ((!section_has(s, "job:") && !section_has(s, "sync:")) || !load_dead_man(l, s, &urls))
            continue;
        if (count++ == 0)
            none.place = s->place;
        if (count == DEAD_MEN + 1)
            load_error(l, s, "dead_man_url", "more than %d jobs have one", DEAD_MEN);
        else if (urls.len > DEAD_MEN_BYTES && !too_long)
            load_error(l, s, "dead_man_url", "those of all jobs are longer than %d bytes together",
                       DEAD_MEN_BYTES);
        too_long = urls.len > DEAD_MEN_BYTES;
    }
    if (count > 0 && count <= DEAD_MEN && !too_long)
        load_one(l, settings ? settings : &none, dead_man, buf_str(&urls));
    buf_close(&urls);
}

/* Its name is taken: what it tells and whom is said by the jobs. */
static void check_dead_man(struct loader *l, const struct ini_section *s)
{
    static const char *const keys[] = {"url", "url_file", "command", "events", "format", "quiet"};
    for (size_t i = 0; i < sizeof keys / sizeof *keys; i++)
        if (ini_get(&l->ini, s, keys[i]))
            load_error(l, s, keys[i],
                       "[notify:dead-man] is about dead_man_url of jobs alone: give this section "
                       "another name");
}

/* It names a folder, too. */
static const char *notify_name(struct loader *l, const struct ini_section *s)
{
    const char *name = section_has(s, "notify:") ? load_name(l, s) : NULL;
    if (!name)
        return NULL;
    if (*name == '\0')
        load_error(l, s, NULL, "[%s] has no name", s->name);
    else if (strlen(name) > NOTIFY_NAME_MAX)
        load_error(l, s, NULL, "that name is longer than %d bytes", NOTIFY_NAME_MAX);
    else if (strcmp(name, ".") == 0 || strcmp(name, "..") == 0)
        load_error(l, s, NULL, "[%s]: that is no name for the folder of its spool", s->name);
    else
        return name;
    return NULL;
}

void load_notifies(struct loader *l)
{
    for (size_t i = 1; i < l->ini.count; i++) {
        const struct ini_section *s = &l->ini.sections[i];
        const char *name = notify_name(l, s);
        if (name && strcmp(name, dead_man) == 0)
            check_dead_man(l, s);
        else if (name)
            load_one(l, s, name, NULL);
    }
    load_dead_men(l);
}
