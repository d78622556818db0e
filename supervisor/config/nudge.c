#include "config/nudge.h"

#include <errno.h>
#include <signal.h>
#include <string.h>

#include "base/parse.h"
#include "config/dependency.h"
#include "config/loader.h"

static const char *nudge_behind(const char *text, const char *word)
{
    size_t len = strlen(word);
    return strncmp(text, word, len) == 0 ? text + len : NULL;
}

static int nudge_parse_signal(const char *text, struct nudge *out, struct err *e)
{
    char word[32];
    const char *colon = strchr(text, ':');
    size_t len = colon ? (size_t)(colon - text) : 0;
    if (len == 0 || len >= sizeof word)
        return err_set(e, -EINVAL, "'signal:%.100s' lacks one of its parts: write signal:USR1:NAME",
                       text);
    memcpy(word, text, len);
    word[len] = '\0';
    out->kind = NUDGE_SIGNAL;
    out->name = colon + 1;
    return parse_signal(word, &out->number, e);
}

int nudge_parse(const char *text, struct nudge *out, struct err *e)
{
    const char *rest = nudge_behind(text, "signal:");
    int rc = 0;
    *out = (struct nudge){.number = SIGHUP};
    if (rest)
        rc = nudge_parse_signal(rest, out, e);
    else if ((rest = nudge_behind(text, "restart:")) != NULL)
        *out = (struct nudge){.kind = NUDGE_RESTART, .name = rest};
    else if ((rest = nudge_behind(text, "reload:")) != NULL)
        *out = (struct nudge){.kind = NUDGE_SIGNAL, .number = SIGHUP, .name = rest};
    else
        return err_set(e, -EINVAL,
                       "'%.100s' is not understood: write restart:NAME, reload:NAME or "
                       "signal:USR1:NAME",
                       text);
    if (rc == 0 && *out->name == '\0')
        return err_set(e, -EINVAL, "'%.100s' lacks a name", text);
    return rc;
}

/* "web:api", as the commands name a process of a group. */
static bool nudge_finds_process(const struct config *c, const char *name)
{
    const char *colon = strchr(name, ':');
    for (size_t i = 0; colon && i < c->group_count; i++) {
        const struct group_config *g = &c->groups[i];
        if (strncmp(g->name, name, (size_t)(colon - name)) != 0 || g->name[colon - name])
            continue;
        for (size_t k = 0; k < g->process_count; k++)
            if (strcmp(g->processes[k].name, colon + 1) == 0)
                return true;
    }
    return false;
}

static int nudge_find(const struct config *c, const char *text, struct err *e)
{
    struct nudge n;
    struct dependency d;
    int rc = nudge_parse(text, &n, e);
    if (rc < 0 || nudge_finds_process(c, n.name))
        return rc;
    rc = dependency_find(c, n.name, &d, e);
    if (rc == 0 && d.kind == DEPENDENCY_JOB)
        return err_set(e, -EINVAL, "'%.100s' is a job: only programs can be notified", n.name);
    return rc;
}

void nudge_check(struct loader *l)
{
    const struct config *c = l->config;
    for (size_t i = 0; i < c->job_count; i++) {
        const struct job_config *job = &c->jobs[i];
        const struct ini_section *s = ini_find(&l->ini, job->process.section);
        struct err e;
        for (size_t k = 0; k < job->notify.count; k++)
            if (nudge_find(c, job->notify.names[k], &e) < 0)
                load_error(l, s, "notify", "%s", e.text);
    }
}
