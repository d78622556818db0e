#include "config/dependency.h"

#include <errno.h>
#include <string.h>

#include "base/buf.h"
#include "base/parse.h"

/* Names that are nearly the wanted one; `best` starts with the largest distance allowed. */
struct nearest {
    const char *wanted;
    const char *name;
    unsigned best;
};

static void nearest_try(struct nearest *n, const char *name)
{
    const char *colon = strchr(name, ':');
    unsigned distance = parse_distance(n->wanted, name);
    if (colon && parse_distance(n->wanted, colon + 1) < distance)
        distance = parse_distance(n->wanted, colon + 1);
    if (distance < n->best) {
        n->best = distance;
        n->name = name;
    }
}

static int dependency_unknown(const struct config *c, const char *name, struct err *e)
{
    const char *kind_end = strchr(name, ':');
    const char *bare = kind_end ? kind_end + 1 : name;
    struct nearest n = {bare, NULL, strlen(bare) > 5 ? 3 : 2};
    const char *last = NULL;
    for (size_t i = 0; i < c->job_count; i++)
        nearest_try(&n, c->jobs[i].process.section);
    for (size_t i = 0; i < c->group_count; i++) {
        nearest_try(&n, c->groups[i].name);
        for (size_t k = 0; k < c->groups[i].process_count; k++) {
            const char *program = c->groups[i].processes[k].program;
            if (!last || strcmp(last, program) != 0)
                nearest_try(&n, program);
            last = program;
        }
    }
    if (*name == '\0')
        return err_set(e, -ENOENT, "an empty name (a comma too many?)");
    return err_set(e, -ENOENT, "there is no program, group or job '%.100s'%s%.100s%s", name,
                   n.name ? ": did you mean '" : "", n.name ? n.name : "", n.name ? "'?" : "");
}

/* The program's name as its processes hold it, or NULL. */
static const char *find_program(const struct config *c, const char *name)
{
    for (size_t i = 0; i < c->group_count; i++)
        for (size_t k = 0; k < c->groups[i].process_count; k++)
            if (strcmp(c->groups[i].processes[k].program, name) == 0)
                return c->groups[i].processes[k].program;
    return NULL;
}

/* A job that was written as [kind:name]. */
static const struct job_config *find_job(const struct config *c, const char *kind, const char *name)
{
    const struct job_config *job = config_find_job(c, name);
    size_t len = strlen(kind);
    if (!job || strncmp(job->process.section, kind, len) != 0 || job->process.section[len] != ':')
        return NULL;
    return job;
}

static bool set_program(struct dependency *d, const char *program)
{
    *d = (struct dependency){.kind = DEPENDENCY_PROGRAM, .program = program};
    return program;
}

static bool set_group(struct dependency *d, const struct group_config *g)
{
    *d = (struct dependency){.kind = DEPENDENCY_GROUP, .group = g};
    return g;
}

static bool set_job(struct dependency *d, const struct job_config *job)
{
    *d = (struct dependency){.kind = DEPENDENCY_JOB, .job = job};
    return job;
}

static bool find_with_kind(const struct config *c, const char *kind, const char *name,
                           struct dependency *d)
{
    if (strcmp(kind, "program") == 0 || strcmp(kind, "fcgi-program") == 0 ||
        strcmp(kind, "eventlistener") == 0)
        return set_program(d, find_program(c, name));
    if (strcmp(kind, "group") == 0)
        return set_group(d, config_find_group(c, name));
    if (strcmp(kind, "job") == 0 || strcmp(kind, "sync") == 0)
        return set_job(d, find_job(c, kind, name));
    return false;
}

/* A group that is nothing but the program of the same name. */
static bool only_program(const struct group_config *g, const char *program)
{
    for (size_t i = 0; i < g->process_count; i++)
        if (strcmp(g->processes[i].program, program) != 0)
            return false;
    return true;
}

int dependency_find(const struct config *c, const char *name, struct dependency *out, struct err *e)
{
    char kind[16] = "";
    const char *colon = strchr(name, ':');
    if (colon) {
        size_t len = (size_t)(colon - name);
        if (len < sizeof kind)
            memcpy(kind, name, len);
        return find_with_kind(c, kind, colon + 1, out) ? 0 : dependency_unknown(c, name, e);
    }
    const struct group_config *g = config_find_group(c, name);
    const char *program = find_program(c, name);
    const struct job_config *job = config_find_job(c, name);
    if (g && program && only_program(g, program))
        g = NULL;
    if ((g != NULL) + (program != NULL) + (job != NULL) > 1)
        return err_set(e, -EINVAL, "'%.100s' is ambiguous: write %s%s%s%s%s", name,
                       program ? "program:" : "group:", name, g && program ? " or group:" : "",
                       g && program ? name : "", job ? ", or the job with job: or sync:" : "");
    if (set_program(out, program) || set_group(out, g) || set_job(out, job))
        return 0;
    return dependency_unknown(c, name, e);
}

bool dependency_covers(const struct dependency *d, const struct group_config *g,
                       const struct process_config *p)
{
    switch (d->kind) {
    case DEPENDENCY_PROGRAM:
        return strcmp(p->program, d->program) == 0;
    case DEPENDENCY_GROUP:
        return strcmp(g->name, d->group->name) == 0;
    case DEPENDENCY_JOB:
        break;
    }
    return false;
}
