/* What loads, but is probably not meant: unknown sections and keys, with the nearest known. */
#include "config/kind.h"

#include <string.h>
#include <strings.h>

#include "base/parse.h"
#include "config/loader.h"
#include "config/problem.h"

// clang-format off
const struct section_kind section_kinds[] = {
    {"supervisord", false, false, false, {&key_supervisord}, "The daemon; also [mainstay]."},
    {"unix_http_server", false, true, false, {&key_unix}, "A unix socket for control."},
    {"inet_http_server", false, true, false, {&key_inet}, "A TCP port for control."},
    {"supervisorctl", false, false, false, {&key_ctl}, "How the command finds the daemon."},
    {"include", false, false, false, {&key_include}, "More files."},
    {"program", true, false, false, {&key_command, &key_process, &key_program, &key_startup},
     "A program that is kept running."},
    {"group", true, false, false, {&key_group, &key_priority}, "Programs handled together."},
    {"eventlistener", true, false, false,
     {&key_listener, &key_command, &key_process, &key_program}, "A program that hears events."},
    {"fcgi-program", true, false, false, {&key_fcgi, &key_command, &key_process, &key_program},
     "Programs that share a FastCGI socket."},
    {"rpcinterface", true, false, true, {&key_rpcinterface}, "Supervisor's plug-in; one is known."},
    {"ctlplugin", true, false, true, {NULL}, "Supervisor's plug-in for its command; ignored."},
    {"job", true, false, false,
     {&key_jobonly, &key_job, &key_command, &key_process, &key_deadman},
     "A command that runs to its end."},
    {"sync", true, false, false,
     {&key_sync, &key_synconly, &key_job, &key_process, &key_deadman},
     "A job that fetches a folder from S3."},
    {"notify", true, false, false, {&key_notify, &key_process},
     "Who is told of events."},
    {"shutdown", false, false, false, {&key_shutdown}, "What happens when the daemon stops."},
};
// clang-format on
const size_t section_kind_count = sizeof section_kinds / sizeof *section_kinds;

const struct section_kind *kind_find(const char *section)
{
    for (size_t i = 0; i < section_kind_count; i++) {
        const struct section_kind *k = &section_kinds[i];
        size_t len = strlen(k->name);
        if (strncmp(section, k->name, len) != 0)
            continue;
        if (k->prefix || section[len] == (k->named ? ':' : '\0'))
            return k;
    }
    return NULL;
}

const struct key_row *kind_key(const struct section_kind *k, const char *key)
{
    for (size_t t = 0; t < KIND_TABLES && k->tables[t]; t++)
        for (size_t i = 0; i < k->tables[t]->count; i++)
            if (strcmp(k->tables[t]->rows[i].name, key) == 0)
                return &k->tables[t]->rows[i];
    return NULL;
}

/* One slip in a short word, two in a longer one. */
static unsigned tolerance(const char *word)
{
    return strlen(word) > 5 ? 2 : 1;
}

static void lint_section(struct loader *l, const struct ini_section *s)
{
    const char *colon = strchr(s->name, ':');
    size_t len = colon ? (size_t)(colon - s->name) : strlen(s->name);
    char word[32] = "";
    if (len < sizeof word)
        memcpy(word, s->name, len);
    for (size_t i = 0; i < section_kind_count; i++) {
        const struct section_kind *k = &section_kinds[i];
        if (k->named && !colon && strcmp(word, k->name) == 0) {
            load_warning(l, s, NULL, "ignored: it has no name, write [%s:NAME]", k->name);
            return;
        }
        if (len >= sizeof word || strcasecmp(word, k->name) == 0 ||
            parse_distance(word, k->name) <= tolerance(k->name)) {
            if (len >= sizeof word)
                break;
            load_warning(l, s, NULL, "unknown section, ignored: did you mean [%s%s]?", k->name,
                         k->named ? (colon ? colon : ":NAME") : "");
            return;
        }
    }
    load_warning(l, s, NULL, "unknown section, ignored");
}

/* The row of a table that is nearer than *least, which becomes its distance; else `best`. */
static const struct key_row *nearer_row(const struct key_table *t, const char *key,
                                        const struct key_row *best, unsigned *least)
{
    for (size_t i = 0; i < t->count; i++) {
        unsigned distance = parse_distance(key, t->rows[i].name);
        if (distance < *least) {
            *least = distance;
            best = &t->rows[i];
        }
    }
    return best;
}

static const struct key_row *nearest_key(const struct section_kind *k, const char *key)
{
    const struct key_row *best = NULL;
    unsigned least = tolerance(key) + 1;
    for (size_t t = 0; t < KIND_TABLES && k->tables[t]; t++)
        best = nearer_row(k->tables[t], key, best, &least);
    return best;
}

static void lint_key(struct loader *l, const struct ini_section *s, const struct section_kind *k,
                     const struct ini_entry *entry)
{
    if (entry->name[0] == '[')
        return; /* half a header: the reader has said so */
    const struct key_row *near = nearest_key(k, entry->name);
    if (near)
        problem_add(l->problems, PROBLEM_WARNING, entry->place, entry->name,
                    "unknown key of [%s], ignored: did you mean '%s'?", s->name, near->name);
    else
        problem_add(l->problems, PROBLEM_WARNING, entry->place, entry->name,
                    "unknown key of [%s], ignored", s->name);
}

void load_lint(struct loader *l)
{
    for (size_t i = 1; i < l->ini.count && l->problems->count < PROBLEM_LIMIT - 1; i++) {
        const struct ini_section *s = &l->ini.sections[i];
        const struct section_kind *k = kind_find(s->name);
        if (!k) {
            lint_section(l, s);
            continue;
        }
        if (!k->tables[0])
            load_warning(l, s, NULL,
                         "ignored: mainstayctl runs no Python, its commands are its own");
        for (size_t e = 0; e < s->count && !k->free_keys; e++)
            if (!kind_key(k, s->entries[e].name))
                lint_key(l, s, k, &s->entries[e]);
    }
}
