/* notify=: who is told, and how, when a job has changed something. */
#include "base/list.h"
#include "base/log.h"
#include "base/parse.h"
#include "config/nudge.h"
#include "engine/keep.h"
#include "engine/proc.h"
#include "jobs/jobs.h"

/* Does what is asked for to one process, if it is up; what is not up will see the new thing. */
static bool nudge_proc(const struct nudge *n, struct proc *p)
{
    if (n->kind == NUDGE_RESTART)
        return proc_renew(p);
    return proc_signal(p, n->number) == 0;
}

static void nudge_say(const struct job *job, const struct nudge *n, struct buf *names)
{
    char number[16];
    if (names->len == 0)
        log_info("job '%s' has changed something; of '%s' nothing runs", job->label, n->name);
    else if (n->kind == NUDGE_RESTART)
        log_info("job '%s' has changed something: restarting %s", job->label, buf_str(names));
    else
        log_info("job '%s' has changed something: %s gets %s", job->label, buf_str(names),
                 parse_signal_name(n->number, number, sizeof number));
}

static void nudge_all(const struct job *job, const struct nudge *n)
{
    struct buf names = BUF_EMPTY;
    struct graph_node *node;
    list_each (node, &job->jobs->graph->nodes, link) {
        if (node->ops != &proc_graph_ops || !node->ops->named(node, n->name))
            continue;
        if (nudge_proc(n, container_of(node, struct proc, node)))
            buf_printf(&names, "%s%s", names.len ? ", " : "", node->label);
    }
    nudge_say(job, n, &names);
    buf_close(&names);
}

static bool nudge_is_attempt(enum job_state state)
{
    return state == JOB_RUNNING || state == JOB_ENDING || state == JOB_STOPPING;
}

/* A job that says nothing of it, and succeeds, may have changed something. */
void job_owe(struct job *job, enum job_state from)
{
    const struct job_said *said = &job->said;
    if (!nudge_is_attempt(from) || nudge_is_attempt(job->state))
        return;
    if (said->has_changed ? said->changed : job->state == JOB_SUCCEEDED)
        job->owes = true;
}

void job_nudge(struct job *job)
{
    const struct name_list *notify = &job->config->notify;
    struct keep *keep = job->jobs->host->keep;
    if (job->state != JOB_SUCCEEDED || !job->owes || job->jobs->resting)
        return;
    for (size_t i = 0; i < notify->count; i++) {
        struct nudge n;
        if (nudge_parse(notify->names[i], &n, NULL) == 0)
            nudge_all(job, &n);
    }
    job->owes = false;
    if (keep)
        keep->ops->job_changed(keep, job);
}
