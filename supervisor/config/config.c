#include "config/config.h"

#include <string.h>

#include "base/mem.h"

struct config *config_ref(struct config *c)
{
    c->refs++;
    return c;
}

void config_unref(struct config *c)
{
    if (!c || --c->refs > 0)
        return;
    for (size_t i = 0; c->parts && i <= c->group_count; i++)
        config_unref(c->parts[i]); /* which have no parts */
    struct arena arena = c->arena; /* c itself lives in it */
    arena_close(&arena);
}

char *config_server_url(const struct config *c)
{
    const struct server_config *found = NULL;
    for (size_t i = 0; i < c->server_count && !(found && found->is_unix); i++)
        found = &c->servers[i];
    if (!found)
        return NULL;
    return found->is_unix ? mem_printf("unix://%s", found->path)
                          : mem_printf("http://%s:%d", found->host[0] ? found->host : "localhost",
                                       (int)found->port);
}

bool name_list_has(const struct name_list *l, const char *name)
{
    for (size_t i = 0; i < l->count; i++)
        if (strcmp(l->names[i], name) == 0)
            return true;
    return false;
}

const struct group_config *config_find_group(const struct config *c, const char *name)
{
    /* linear: a thousand groups is a thousand compares */
    for (size_t i = 0; i < c->group_count; i++)
        if (strcmp(c->groups[i].name, name) == 0)
            return &c->groups[i];
    return NULL;
}

const struct job_config *config_find_job(const struct config *c, const char *name)
{
    for (size_t i = 0; i < c->job_count; i++)
        if (strcmp(c->jobs[i].name, name) == 0)
            return &c->jobs[i];
    return NULL;
}

static bool process_uses_journal(const struct process_config *p)
{
    return p->out.kind == LOG_KIND_JOURNAL || p->err.kind == LOG_KIND_JOURNAL;
}

bool config_uses_journal(const struct config *c)
{
    if (strcmp(c->logfile, "journal") == 0)
        return true;
    for (size_t i = 0; i < c->group_count; i++)
        for (size_t k = 0; k < c->groups[i].process_count; k++)
            if (process_uses_journal(&c->groups[i].processes[k]))
                return true;
    for (size_t i = 0; i < c->job_count; i++)
        if (process_uses_journal(&c->jobs[i].process))
            return true;
    return false;
}
