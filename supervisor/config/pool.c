/* What [eventlistener:x] and [fcgi-program:x] have beyond a program. */
#include <ctype.h>
#include <inttypes.h>
#include <string.h>

#include "base/parse.h"
#include "config/blank.h"
#include "config/loader.h"
#include "config/source.h"

/* A key that a program has, too, but here with fewer names to use; NULL: absent, or a problem. */
static const char *pool_text(struct loader *l, const struct ini_section *s, const char *key)
{
    const struct key_row row = {.name = key, .expands = EXPAND_HERE | EXPAND_ENV};
    const struct ini_entry *entry = ini_get(&l->ini, s, key);
    return entry ? load_expand(l, s, &row, entry, entry->value, &l->names) : NULL;
}

bool load_listener(struct loader *l, const struct ini_section *s, struct group_values *out)
{
    struct group_config *g = &out->group;
    bool redirect = false;
    const char *redirected = pool_text(l, s, "redirect_stderr");
    bool ok = load_table(l, s, &key_listener, LOAD_ONCE, &l->names, out);
    if (ok && g->events.count == 0) {
        load_error(l, s, "events", "[%s] section requires an \"events\" line", s->name);
        ok = false;
    }
    if (ok && g->buffer_size < 1) {
        load_error(l, s, "buffer_size", "[%s] section sets invalid buffer_size (%" PRId64 ")",
                   s->name, g->buffer_size);
        ok = false;
    }
    if (ok && strcmp(g->result_handler, "supervisor.dispatchers:default_handler") != 0 &&
        strcmp(g->result_handler, "supervisor_stdout:event_handler") != 0) {
        load_error(
            l, s, "result_handler",
            "%s cannot be resolved within [%s]: mainstay runs no Python. A listener that answers "
            "OK or FAIL needs no result_handler, remove the key; supervisor_stdout: "
            "write supervisor_stdout:event_handler",
            g->result_handler, s->name);
        ok = false;
    }
    if (redirected && parse_bool(redirected, &redirect, NULL) == 0 && redirect) {
        load_error(l, s, "redirect_stderr",
                   "[%s] section sets redirect_stderr=true but this is not allowed because it "
                   "will interfere with the eventlistener protocol",
                   s->name);
        ok = false;
    }
    return ok;
}

/* unix:///path; its owner is by default the user that the processes run as. */
static bool fcgi_unix(struct loader *l, const struct ini_section *s, struct group_config *g)
{
    const char *path = g->socket.url + strlen("unix://");
    const char *user = pool_text(l, s, "user");
    int64_t uid = CONFIG_UNSET;
    int64_t gid = CONFIG_UNSET;
    if (*path != '/') {
        load_error(l, s, "socket", "Unix socket path %s is not an absolute path in [%s] socket",
                   path, s->name);
        return false;
    }
    g->socket.url = arena_printf(l->types.arena, "unix://%s",
                                 source_path_normal(l->config->sources, l->types.arena, path));
    if (g->socket.mode == CONFIG_UNSET)
        g->socket.mode = 0700;
    if (g->socket.uid == CONFIG_UNSET && user && !l->types.unresolved &&
        source_user(l->config->sources, user, &uid, &gid, NULL) == 0 &&
        uid != source_self(l->config->sources)) {
        g->socket.uid = uid;
        g->socket.gid = gid;
    }
    return true;
}

/* tcp://host:port, the host in lower case. */
static bool fcgi_tcp(struct loader *l, const struct ini_section *s, struct group_config *g)
{
    const char *host = g->socket.url + strlen("tcp://");
    const char *colon = strchr(host, ':');
    int64_t port = 0;
    bool good =
        colon && colon > host && colon[1] && colon[1 + strspn(colon + 1, "0123456789")] == 0;
    struct span name = {host, colon ? (size_t)(colon - host) : 0};
    for (size_t i = 0; i < name.len; i++)
        good = good && !blank_at(name, i);
    if (good && (parse_int(colon + 1, &port, NULL) < 0 || port < 1 || port > 65535)) {
        load_error(l, s, "socket", "%s is %s bound (%d) in [%s] socket", colon + 1,
                   port < 1 && strlen(colon + 1) < 6 ? "below lower" : "above upper",
                   port < 1 && strlen(colon + 1) < 6 ? 1 : 65535, s->name);
        return false;
    }
    if (!good) {
        load_error(l, s, "socket",
                   "Bad socket format '%s' in [%s] socket: write tcp://host:port or unix:///path",
                   g->socket.url, s->name);
        return false;
    }
    char *url = arena_printf(l->types.arena, "tcp://%.*s:%" PRId64, (int)name.len, host, port);
    for (char *c = url; *c; c++)
        *c = (char)tolower((unsigned char)*c);
    g->socket.url = url;
    return true;
}

bool load_fcgi(struct loader *l, const struct ini_section *s, struct group_values *out)
{
    struct group_config *g = &out->group;
    const struct expand_name item = {"", "program_name", g->name, 0, EXPAND_PROGRAM};
    const struct expand_names names = {&l->names, &item, 1};
    bool ok = load_table(l, s, &key_priority, LOAD_ONCE, &l->names, out);
    if (!load_table(l, s, &key_fcgi, LOAD_ONCE, &names, out))
        return false;
    if (*g->socket.url == '\0') {
        load_error(l, s, "socket", "[%s] section requires a \"socket\" line", s->name);
        return false;
    }
    if (ini_get(&l->ini, s, "socket_backlog") &&
        (g->socket.backlog < 1 || g->socket.backlog > 65535)) {
        load_error(l, s, "socket_backlog", "Invalid socket_backlog value %" PRId64,
                   g->socket.backlog);
        ok = false;
    }
    if (strncmp(g->socket.url, "unix://", 7) == 0)
        return fcgi_unix(l, s, g) && ok;
    if (ini_get(&l->ini, s, "socket_owner") || ini_get(&l->ini, s, "socket_mode")) {
        load_error(l, s, "socket",
                   "socket_owner and socket_mode params should only be used with a Unix domain "
                   "socket in [%s] socket",
                   s->name);
        return false;
    }
    if (strncmp(g->socket.url, "tcp://", 6) == 0)
        return fcgi_tcp(l, s, g) && ok;
    load_error(l, s, "socket",
               "Bad socket format '%s' in [%s] socket: write tcp://host:port or unix:///path",
               g->socket.url, s->name);
    return false;
}
