#include "control/servers.h"

#include <string.h>

#include "base/log.h"
#include "base/mem.h"
#include "control/resume.h"

static void serving_free(struct serving *s)
{
    config_unref(s->snapshot);
    mem_free(s);
}

static void on_server_closed(struct server *server)
{
    struct serving *s = container_of(server, struct serving, server);
    struct control *c = s->control;
    serving_free(s);
    control_handle_closed(c);
}

static void serving_close(struct serving *s)
{
    list_remove(&s->link);
    resume_end(s->control, s->config->section);
    server_close(&s->server, on_server_closed);
}

static int serving_open(struct control *c, struct config *snapshot,
                        const struct server_config *config, struct err *e)
{
    struct serving *s = mem_alloc(sizeof *s);
    s->control = c;
    s->snapshot = config_ref(snapshot);
    s->config = config;
    int rc = server_open(&s->server, c->loop, config, &c->router, c->inherited, e);
    if (rc < 0) {
        serving_free(s);
        return rc;
    }
    list_append(&c->servers, &s->link);
    c->open_handles++;
    return 0;
}

int servers_open(struct control *c, struct config *config, struct err *e)
{
    for (size_t i = 0; i < config->server_count; i++) {
        int rc = serving_open(c, config, &config->servers[i], e);
        if (rc < 0)
            return rc;
    }
    return 0;
}

void servers_close(struct control *c)
{
    struct serving *s;
    list_each (s, &c->servers, link)
        serving_close(s);
}

void control_announce(const struct control *c)
{
    const struct serving *s;
    list_each (s, &c->servers, link) {
        log_info("RPC interface 'supervisor' initialized");
        if (!s->server.auth.username)
            log_critical("Server '%s' running without any HTTP authentication checking",
                         s->config->section);
    }
}

/* --- A reload ------------------------------------------------------------------------------ */

/* Is it there already? A socket file that somebody has removed is not. */
static bool serving_is_at(const struct serving *s, const struct server_config *config)
{
    if (s->config->is_unix != config->is_unix)
        return false;
    if (config->is_unix)
        return strcmp(s->config->path, config->path) == 0 && socket_is_there(&s->server.listener);
    return strcmp(s->config->host, config->host) == 0 && s->config->port == config->port;
}

static struct serving *serving_at(struct control *c, const struct server_config *config)
{
    struct serving *s;
    list_each (s, &c->servers, link) {
        if (serving_is_at(s, config))
            return s;
    }
    return NULL;
}

static void serving_change(struct serving *s, struct config *snapshot,
                           const struct server_config *config)
{
    struct err e;
    server_rename(&s->server, config);
    if (config->is_unix && socket_permit(&s->server.listener, config, &e) < 0)
        log_error("%s", e.text);
    config_ref(snapshot);
    config_unref(s->snapshot);
    s->snapshot = snapshot;
    s->config = config;
}

static const struct serving *serving_named(const struct control *c, const char *section)
{
    const struct serving *s;
    list_each (s, &c->servers, link) {
        if (strcmp(s->config->section, section) == 0)
            return s;
    }
    return NULL;
}

/* Does the configuration still have one of that name? Then it could not be opened elsewhere. */
static bool serving_is_wanted(const struct serving *s, const struct config *config)
{
    for (size_t i = 0; i < config->server_count; i++) {
        if (strcmp(config->servers[i].section, s->config->section) == 0)
            return true;
    }
    return false;
}

void servers_change(struct control *c, struct config *config)
{
    struct serving *s;
    struct err e;
    bool failed = false;
    for (size_t i = 0; i < config->server_count; i++) {
        const struct server_config *next = &config->servers[i];
        s = serving_at(c, next);
        if (s) {
            serving_change(s, config, next);
        } else if (serving_open(c, config, next, &e) < 0) {
            bool there = serving_named(c, next->section) != NULL;
            log_error("[%s] %s: %s", next->section,
                      there ? "stays as it was" : "is not served until a reload", e.text);
            failed = true;
        }
    }
    list_each (s, &c->servers, link) {
        if (s->snapshot != config && !(failed && serving_is_wanted(s, config)))
            serving_close(s);
    }
}
