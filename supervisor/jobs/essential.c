#include "jobs/essential.h"

#include "base/mem.h"

char *essential_lost(struct supervisor *s, const struct event *ev)
{
    if (ev->type != EVENT_PROCESS_STATE || ev->state != PROC_FATAL)
        return NULL;
    struct pgroup *g = supervisor_find_group(s, ev->group);
    const struct proc *p = g ? pgroup_find(g, ev->name) : NULL;
    if (!p || !p->config->essential)
        return NULL;
    const char *why = proc_why(p);
    return mem_printf("%s is essential and cannot be kept running%s%s%s", p->label,
                      *why ? " (" : "", why, *why ? ")" : "");
}
