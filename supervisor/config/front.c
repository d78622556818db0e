/* The daemon's own sections: [supervisord], [shutdown], the HTTP servers, [supervisorctl]. */
#include <string.h>

#include "config/env.h"
#include "config/loader.h"
#include "config/problem.h"
#include "config/source.h"

extern char **environ;

/* The environment that the load was given, or ours, written down. */
static void sources_take_environ(struct config_sources *s, const struct env_list *given)
{
    size_t count = 0;
    if (given) {
        s->environ = sources_copy_list(s->arena, given);
        return;
    }
    while (environ[count])
        count++;
    s->environ.vars = arena_array(s->arena, count, sizeof *s->environ.vars);
    for (size_t i = 0; i < count; i++) {
        const char *equals = strchr(environ[i], '=');
        if (equals)
            s->environ.vars[s->environ.count++] =
                (struct env_var){arena_strndup(s->arena, environ[i], (size_t)(equals - environ[i])),
                                 arena_strdup(s->arena, equals + 1)};
    }
}

/* %(host_node_name)s and %(ENV_X)s. */
void load_environment_names(struct loader *l)
{
    struct config_sources *s = l->config->sources;
    if (!s->again)
        sources_take_environ(s, l->options->environ);
    struct expand_name *items = arena_array(l->types.arena, s->environ.count + 1, sizeof *items);
    items[0] = (struct expand_name){"", "host_node_name", source_node(s), 0, EXPAND_NODE};
    for (size_t i = 0; i < s->environ.count; i++)
        items[i + 1] = (struct expand_name){"ENV_", s->environ.vars[i].name,
                                            s->environ.vars[i].value, 0, EXPAND_ENV};
    l->names = (struct expand_names){NULL, items, s->environ.count + 1};
}

/* What [supervisord] environment= adds to the names. */
static void names_of_supervisord(struct loader *l)
{
    const struct env_list *env = &l->config->environment;
    struct expand_name *items = arena_array(l->types.arena, env->count + 1, sizeof *items);
    for (size_t i = 0; i < env->count; i++)
        items[i] =
            (struct expand_name){"ENV_", env->vars[i].name, env->vars[i].value, 0, EXPAND_ENV};
    l->outer_names = l->names;
    l->names = (struct expand_names){&l->outer_names, items, env->count};
}

static void warn_odd(struct loader *l, const struct ini_section *s)
{
    if (l->odd)
        load_warning(l, s, "environment",
                     "something after %s=... is ignored: put values with special characters in "
                     "quotes",
                     l->odd);
    l->odd = NULL;
}

/* The texts of [shutdown] mean something; -EINVAL at the key that does not. */
static void load_power(struct loader *l, const struct ini_section *s)
{
    struct power_config *c = &l->config->power;
    struct arena *a = l->types.arena;
    struct err e;
    if (schedules_parse(c->schedule_text, a, &c->schedule, &e) < 0)
        load_error(l, s, "schedule", "%s", e.text);
    if (c->schedule.at_boot)
        load_error(l, s, "schedule", "@reboot would switch the machine off whenever it is on");
    if (*c->timezone && source_zone(l->config->sources, c->timezone, &e) < 0)
        load_error(l, s, "timezone", "%s", e.text);
    if (power_action_parse(c->action_text, &c->action, &c->command, &e) < 0)
        load_error(l, s, "action", "%s", e.text);
    if (power_warns_parse(c->warn_text, a, c, &e) < 0)
        load_error(l, s, "warn", "%s", e.text);
    if (power_inhibitors_parse(c->inhibit_text, a, c, &e) < 0)
        load_error(l, s, "inhibit", "%s", e.text);
}

void load_power_check(struct loader *l)
{
    const struct power_config *c = &l->config->power;
    const struct ini_section *s = ini_find(&l->ini, "shutdown");
    for (size_t i = 0; i < c->inhibitor_count; i++) {
        const struct power_inhibitor *one = &c->inhibitors[i];
        if (one->reason == POWER_BY_JOB && !config_find_job(l->config, one->what))
            load_error(l, s, "inhibit", "there is no job '%.100s'", one->what);
    }
}

void load_main(struct loader *l)
{
    static const struct ini_section nothing = {.name = "shutdown"};
    struct config *c = l->config;
    const struct ini_section *s = ini_find(&l->ini, "supervisord");
    const struct ini_section *shutdown = ini_find(&l->ini, "shutdown");
    if (!s) {
        const struct config_place place = {c->path, 0};
        problem_add(l->problems, PROBLEM_ERROR, place, NULL,
                    ".ini file does not include supervisord section: add [supervisord]");
        return;
    }
    (void)load_table(l, s, &key_supervisord, LOAD_ONCE, &l->names, c);
    warn_odd(l, s);
    if (c->logfile && strcmp(c->logfile, "journal") == 0)
        load_journal(l, s, "logfile");
    if (!c->childlogdir)
        c->childlogdir = source_temporary(c->sources);
    names_of_supervisord(l);
    shutdown = shutdown ? shutdown : &nothing;
    if (load_table(l, shutdown, &key_shutdown, LOAD_ONCE, &l->names, c))
        load_power(l, shutdown);
}

static bool load_login(struct loader *l, const struct ini_section *s,
                       const struct server_config *server)
{
    if (!server->username == !server->password)
        return true;
    load_error(l, s, server->username ? "username" : "password",
               "Section [%s] contains incomplete authentication: If a username or a password is "
               "specified, both the username and password must be specified",
               s->name);
    return false;
}

static void load_server(struct loader *l, const struct ini_section *s, bool is_unix)
{
    struct server_config server = {.section = s->name, .is_unix = is_unix, .mode = CONFIG_UNSET};
    server.uid = server.gid = CONFIG_UNSET;
    bool ok = load_table(l, s, is_unix ? &key_unix : &key_inet, LOAD_ONCE, &l->names, &server);
    if (ok && load_login(l, s, &server))
        l->config->servers[l->config->server_count++] = server;
}

/* Every section whose name begins so is a server; Supervisor has the inet ones first. */
void load_servers(struct loader *l)
{
    size_t count = 0;
    for (size_t i = 1; i < l->ini.count; i++)
        count += section_has(&l->ini.sections[i], "inet_http_server") ||
                 section_has(&l->ini.sections[i], "unix_http_server");
    l->config->servers = arena_array(l->types.arena, count, sizeof *l->config->servers);
    for (size_t i = 1; i < l->ini.count; i++)
        if (section_has(&l->ini.sections[i], "inet_http_server"))
            load_server(l, &l->ini.sections[i], false);
    for (size_t i = 1; i < l->ini.count; i++)
        if (section_has(&l->ini.sections[i], "unix_http_server"))
            load_server(l, &l->ini.sections[i], true);
}

void load_rpcinterfaces(struct loader *l)
{
    for (size_t i = 1; i < l->ini.count; i++) {
        const struct ini_section *s = &l->ini.sections[i];
        struct text_values factory = {NULL};
        if (!section_has(s, "rpcinterface:") ||
            !load_table(l, s, &key_rpcinterface, LOAD_ONCE, &l->names, &factory))
            continue;
        if (strcmp(factory.text, "supervisor.rpcinterface:make_main_rpcinterface") != 0)
            load_error(
                l, s, "supervisor.rpcinterface_factory",
                "%s cannot be resolved within [%s]: mainstay runs no Python. Remove the section "
                "and do without its methods, those of Supervisor itself are built in",
                factory.text, s->name);
    }
}

void load_ctl(struct loader *l)
{
    static const struct ini_section nothing = {.name = "supervisorctl"};
    static const char scheme[] = "unix://";
    const struct ini_section *s = ini_find(&l->ini, "supervisorctl");
    struct ctl_config *ctl = &l->config->ctl;
    l->lenient = true; /* the daemon does not need it */
    bool ok = load_table(l, s ? s : &nothing, &key_ctl, LOAD_ONCE, &l->names, ctl);
    l->lenient = false;
    if (ok && strncmp(ctl->serverurl, scheme, strlen(scheme)) == 0)
        ctl->serverurl = arena_printf(l->types.arena, "%s%s", scheme,
                                      source_path_normal(l->config->sources, l->types.arena,
                                                         ctl->serverurl + strlen(scheme)));
}
