/* What the process of a job says of itself. Who may say it, see engine/kin.h. */
#include <string.h>
#include <unistd.h>

#include "base/list.h"
#include "base/log.h"
#include "engine/keep.h"
#include "engine/kin.h"
#include "jobs/jobs.h"

enum { REFUSAL_MS = 10000 }; /* between two lines about messages of strangers */

/* A flood of them must not become a flood of lines. */
static void said_refuse(struct job *job, const struct inbox_message *m, const char *why)
{
    struct job_said *said = &job->said;
    int64_t now = host_now(job->jobs->host);
    said->refused++;
    if (now < said->refuse_at)
        return;
    log_warn("job '%s': a message of process %d (user %u) does not count: %s%s", job->label,
             (int)m->pid, (unsigned)m->uid, why,
             said->refused > 1 ? "; nor did others before it" : "");
    said->refused = 0;
    said->refuse_at = now + REFUSAL_MS;
}

static void said_apply(struct job *job, const struct notice *n)
{
    struct job_said *said = &job->said;
    struct keep *keep = job->jobs->host->keep;
    const unsigned words = NOTICE_STATUS | NOTICE_CHANGED | NOTICE_OBJECTS | NOTICE_BYTES;
    if (n->words & NOTICE_STATUS)
        memcpy(said->status, n->status, sizeof said->status);
    if (n->words & NOTICE_CHANGED) {
        said->has_changed = true;
        said->changed = n->changed;
    }
    if (n->words & NOTICE_OBJECTS)
        said->objects = n->objects;
    if (n->words & NOTICE_BYTES)
        said->bytes = n->bytes;
    if (!(n->words & words))
        return;
    if (keep)
        keep->ops->job_changed(keep, job);
    jobs_news(job->jobs);
}

static void on_message(struct inbox *b, const struct inbox_message *m)
{
    struct job *job = container_of(b, struct job, child.inbox);
    int64_t uid = job->config->process.uid;
    struct kin kin = {.main = job->child.pid,
                      .group = job->child.born,
                      .uid = uid == CONFIG_UNSET ? geteuid() : (uid_t)uid};
    struct notice n;
    struct err why;
    if (!kin_has(&kin, m->pid)) {
        said_refuse(job, m, "it is none of the job's, or it has ended already");
        return;
    }
    if (m->cut) {
        said_refuse(job, m, "it is longer than 4096 bytes");
        return;
    }
    if (!notice_parse(m->data, m->len, &n, &why))
        said_refuse(job, m, why.text);
    said_apply(job, &n);
}

void job_said_begin(struct job *job)
{
    job->said = (struct job_said){
        .objects = -1, .bytes = -1, .refused = job->said.refused, .refuse_at = job->said.refuse_at};
}

void job_heed(struct job *job)
{
    job_said_begin(job);
    job->child.inbox.on_message = on_message;
    job->child.speaks = true;
}
