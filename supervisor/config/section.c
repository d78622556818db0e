/* From the text of a section to values, row by row. */
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/mem.h"
#include "config/blank.h"
#include "config/loader.h"
#include "config/problem.h"

static void load_problem(struct loader *l, enum problem_kind kind, const struct ini_section *s,
                         const char *key, const char *text)
{
    const struct ini_entry *entry = key ? ini_get(&l->ini, s, key) : NULL;
    if (l->lenient)
        kind = PROBLEM_WARNING;
    problem_add(l->problems, kind, entry ? entry->place : s->place, key ? key : s->name, "%s",
                text);
}

void load_error(struct loader *l, const struct ini_section *s, const char *key, const char *fmt,
                ...)
{
    char text[2048];
    va_list ap;
    va_start(ap, fmt);
    (void)vsnprintf(text, sizeof text, fmt, ap);
    va_end(ap);
    load_problem(l, PROBLEM_ERROR, s, key, text);
}

void load_warning(struct loader *l, const struct ini_section *s, const char *key, const char *fmt,
                  ...)
{
    char text[2048];
    va_list ap;
    va_start(ap, fmt);
    (void)vsnprintf(text, sizeof text, fmt, ap);
    va_end(ap);
    load_problem(l, PROBLEM_WARNING, s, key, text);
}

bool section_has(const struct ini_section *s, const char *prefix)
{
    return strncmp(s->name, prefix, strlen(prefix)) == 0;
}

const char *load_name(struct loader *l, const struct ini_section *s)
{
    static const struct key_row row = {"name", KEY_NAME};
    const char *colon = strchr(s->name, ':');
    struct text_values name = {NULL};
    struct err e;
    if (type_parse(&row, colon ? colon + 1 : "", &l->types, &name, &e) < 0)
        load_error(l, s, NULL, "%s", e.text);
    return name.text;
}

/* What Supervisor calls the key when it cannot expand it. */
static const char *label(const struct ini_section *s, const struct key_row *row, char *out,
                         size_t size)
{
    bool bare = strcmp(row->name, "process_name") == 0 ||
                (row->type == KEY_ENVIRONMENT && strcmp(s->name, "supervisord") != 0);
    (void)snprintf(out, size, "%s%s%s", bare ? "" : s->name, bare ? "" : ".", row->name);
    return out;
}

static void expand_failed(struct loader *l, const struct ini_section *s, const struct key_row *row,
                          const char *text, const struct err *e)
{
    char key[400];
    (void)label(s, row, key, sizeof key);
    /* no part of a secret is shown, not even a name in it */
    if ((row->flags & KEY_SECRET) && row->type == KEY_TEXT && strstr(e->text, "('ENV_"))
        load_error(l, s, row->name,
                   "Format string for '%s' names a variable that the environment does not have",
                   key);
    else if ((row->flags & KEY_SECRET) && row->type == KEY_TEXT)
        load_error(l, s, row->name,
                   "Format string for '%s' is badly formatted: write %%%% for a percent sign", key);
    else if (row->flags & KEY_SECRET)
        load_error(l, s, row->name, "Format string for '%s' %s", key, e->text);
    else
        load_error(l, s, row->name, "Format string '%.200s' for '%s' %s", text, key, e->text);
}

/* A %% that is left counts as %: Supervisor expands these values twice. */
static void collapse_percent(char *text)
{
    char *to = text;
    for (const char *from = text; *from; from++) {
        if (from[0] == '%' && from[1] == '%')
            from++;
        *to++ = *from;
    }
    *to = '\0';
}

static bool load_spend(struct loader *l, const struct ini_section *s, size_t bytes)
{
    if (l->budget >= bytes) {
        l->budget -= bytes;
        return true;
    }
    load_error(l, s, NULL, "the values of all sections together expand to more than %d MB",
               LOADER_BUDGET / 1024 / 1024);
    return false;
}

const char *load_expand(struct loader *l, const struct ini_section *s, const struct key_row *row,
                        const struct ini_entry *entry, const char *text,
                        const struct expand_names *names)
{
    const char *here = entry ? entry->here : l->config->here;
    const struct expand_name item = {"", "here", here, 0, EXPAND_HERE};
    const struct expand_names all = {names, &item, 1};
    /* with [include], Supervisor puts in %(here)s before it looks at the keys: in all of them */
    unsigned allowed = row->expands | (l->here_everywhere ? EXPAND_HERE : 0);
    struct buf out = BUF_EMPTY;
    struct err e;
    char *value = NULL;
    int rc = expand(text, &all, allowed, &out, &e);
    if (rc < 0)
        expand_failed(l, s, row, text, &e);
    else if (load_spend(l, s, out.len + 1))
        value = arena_strndup(l->types.arena, buf_str(&out), out.len);
    if (value && (row->flags & KEY_TWICE))
        collapse_percent(value);
    buf_close(&out);
    return value;
}

static void load_missing(struct loader *l, const struct ini_section *s, const struct key_row *row)
{
    if (strcmp(row->name, "command") == 0)
        load_error(l, s, NULL, "%s section %s does not specify a command",
                   section_has(s, "job:") ? "job" : "program", s->name);
    else if (section_has(s, "unix_http_server") || section_has(s, "inet_http_server"))
        load_error(l, s, NULL, "section [%s] has no %s value", s->name, row->name);
    else if (strcmp(s->name, "include") == 0)
        load_error(l, s, NULL, ".ini file has [include] section, but no files setting");
    else if (section_has(s, "rpcinterface"))
        load_error(l, s, NULL, "section [%s] does not specify a %s", s->name, row->name);
    else
        load_error(l, s, NULL, "[%s] section requires %s \"%s\" line", s->name,
                   strchr("aeiou", row->name[0]) ? "an" : "a", row->name);
}

/* "150%" may be written as people write it, "150%%" as all other values want it. */
static bool load_is_percent(const struct key_row *row, const char *text)
{
    return row->type == KEY_CPUS && !strstr(text, "%(") && !strstr(text, "%%");
}

static bool load_row(struct loader *l, const struct ini_section *s, const struct key_row *row,
                     const struct expand_names *names, void *base)
{
    const struct ini_entry *entry = ini_get(&l->ini, s, row->name);
    const char *text = entry ? entry->value : row->fallback;
    struct err e;
    type_unset(row, base);
    if (!text && (row->flags & KEY_NEEDED))
        load_missing(l, s, row);
    if (!text)
        return !(row->flags & KEY_NEEDED);
    if (text && l->env_broken && strstr(text, "%(ENV_"))
        return false; /* the mistake in environment= is told already */
    if (row->expands &&
        !load_is_percent(row, text)) /* the others are expanded where they are used */
        text = load_expand(l, s, row, entry, text, names);
    if (!text)
        return false;
    int rc = type_parse(row, text, &l->types, base, &e);
    if (rc < 0 && row->type == KEY_EVENTS)
        load_error(l, s, row->name, "%s in [%s] %s", e.text, s->name, row->name);
    else if (rc < 0)
        load_error(l, s, row->name, "%s", e.text);
    return rc == 0;
}

static enum load_phase phase_of(const struct key_row *row)
{
    if (row->expands & EXPAND_OWN)
        return LOAD_OWN;
    return row->expands & EXPAND_PROCESS ? LOAD_EACH : LOAD_ONCE;
}

bool load_table(struct loader *l, const struct ini_section *s, const struct key_table *t,
                enum load_phase phase, const struct expand_names *names, void *base)
{
    bool ok = true;
    for (size_t i = 0; i < t->count; i++)
        if (phase_of(&t->rows[i]) == phase)
            ok = load_row(l, s, &t->rows[i], names, base) && ok;
    return ok;
}
