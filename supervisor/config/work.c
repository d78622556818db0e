/* Jobs: [job:x], and [sync:x], which is a job that runs mainstay-sync. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/mem.h"
#include "config/loader.h"
#include "config/source.h"
#include "config/words.h"

static void put_option(struct buf *command, const char *option, const char *value)
{
    if (!value)
        return;
    words_quote(option, command);
    words_quote(value, command);
}

/* The next line that is not empty, without blanks at both ends; NULL: there is none. */
static const char *filter_line(const char **text, size_t *len)
{
    while (**text) {
        const char *line = *text + strspn(*text, " \t\r\n");
        *len = strcspn(line, "\n");
        *text = line + *len;
        while (*len > 0 && strchr(" \t\r", line[*len - 1]))
            (*len)--;
        if (*len > 0)
            return line;
    }
    return NULL;
}

static void put_filter(struct buf *command, const char *rules)
{
    size_t len = 0;
    for (const char *line; (line = filter_line(&rules, &len)) != NULL;) {
        char *rule = mem_printf("%.*s", (int)len, line);
        put_option(command, "--filter", rule);
        mem_free(rule);
    }
}

/* What mainstay-sync would refuse every time that it is started. */
static bool check_sync(struct loader *l, const struct ini_section *s, const struct sync_values *v)
{
    enum { LEAST_RATE = 1024 };
    const char *rules = v->filter;
    size_t len = 0;
    bool ok = true;
    for (const char *line; (line = filter_line(&rules, &len)) != NULL;) {
        if (len >= 3 && (*line == '+' || *line == '-') && line[1] == ' ')
            continue;
        load_error(l, s, "filter", "'%.*s' is no rule: write + PATTERN or - PATTERN",
                   len > 100 ? 100 : (int)len, line);
        ok = false;
    }
    if (*v->filter && (v->include.count || v->exclude.count)) {
        load_error(l, s, "filter", "there are include or exclude, too: only one of both kinds");
        ok = false;
    }
    if (v->target[strspn(v->target, "/")] == '\0') {
        load_error(l, s, "target", "the target must not be the root folder");
        ok = false;
    }
    if (v->endpoint && strchr(v->endpoint, '@')) {
        load_error(l, s, "endpoint",
                   "keys do not belong into an address: anybody could read them; "
                   "see AWS_SHARED_CREDENTIALS_FILE in mainstay.conf(5)");
        ok = false;
    }
    if (v->size_only && v->checksum) {
        load_error(l, s, "checksum", "size_only and checksum contradict each other");
        ok = false;
    }
    if (v->bwlimit >= 0 && v->bwlimit < LEAST_RATE) {
        load_error(l, s, "bwlimit", "less than %d bytes a second is too little", LEAST_RATE);
        ok = false;
    }
    return ok;
}

/* The command line that fetches; words_split gives every argument back as it was. */
static const char *sync_command(struct arena *a, const struct sync_values *v)
{
    struct buf command = BUF_EMPTY;
    char number[24];
    words_quote("mainstay-sync", &command);
    words_quote(v->source, &command);
    words_quote(v->target, &command);
    put_option(&command, "--publish", v->publish ? "inplace" : "atomic");
    if (v->delete)
        words_quote("--delete", &command);
    if (v->include.count) /* the last match decides: these, but not what is excluded */
        put_option(&command, "--exclude", "*");
    for (size_t i = 0; i < v->include.count; i++)
        put_option(&command, "--include", v->include.names[i]);
    for (size_t i = 0; i < v->exclude.count; i++)
        put_option(&command, "--exclude", v->exclude.names[i]);
    put_filter(&command, v->filter);
    if (v->size_only)
        words_quote("--size-only", &command);
    if (v->checksum)
        words_quote("--checksum", &command);
    if (v->bad_keys)
        put_option(&command, "--bad-keys", v->bad_keys == 1 ? "ignore" : "fail");
    if (v->bwlimit > 0 && v->bwlimit != CONFIG_NO_LIMIT) {
        (void)snprintf(number, sizeof number, "%" PRId64, v->bwlimit);
        put_option(&command, "--bwlimit", number);
    }
    (void)snprintf(number, sizeof number, "%" PRId64, v->concurrency);
    put_option(&command, "--endpoint", v->endpoint);
    put_option(&command, "--region", v->region);
    put_option(&command, "--profile", v->profile);
    put_option(&command, "--concurrency", number);
    const char *text = arena_strdup(a, buf_str(&command));
    buf_close(&command);
    return text;
}

static bool load_sync(struct loader *l, const struct ini_section *s,
                      const struct expand_names *names, struct job_config *job)
{
    struct sync_values values = {0};
    if (!load_table(l, s, &key_sync, LOAD_ONCE, names, &values) || !check_sync(l, s, &values))
        return false;
    job->stale_ok_ms = values.stale_ok_ms;
    job->target = values.target;
    job->replaces =
        values.publish == 0 || (values.delete &&values.exclude.count == 0 && !*values.filter);
    job->process.command = sync_command(l->types.arena, &values);
    return true;
}

/* "26h", "90m", "45s" */
static const char *span_text(struct loader *l, int64_t s)
{
    const char unit = s % 3600 == 0 ? 'h' : s % 60 == 0 ? 'm' : 's';
    return arena_printf(l->types.arena, "%lld%c",
                        (long long)(unit == 'h'   ? s / 3600
                                    : unit == 'm' ? s / 60
                                                  : s),
                        unit);
}

/* Between two successes there is at least the time between two runs. */
static void warn_impatient(struct loader *l, const struct ini_section *s,
                           const struct job_config *job)
{
    if (job->expect_every_ms == 0 || job->schedule.count == 0)
        return;
    int64_t gap = schedules_gap(&job->schedule) + (job->jitter_ms + 999) / 1000;
    if (job->expect_every_ms > gap * 1000)
        return;
    load_warning(l, s, "expect_every",
                 "its schedule is silent for up to %s%s, so it would be MISSED again and again: "
                 "write more than that and the time that a run takes, such as %s",
                 span_text(l, gap), job->jitter_ms > 0 ? " (with jitter)" : "",
                 span_text(l, (gap + gap / 12 + 3599) / 3600 * 3600));
}

/* Keys that say how, of what never happens: somebody has forgotten a line. */
static void warn_in_vain(struct loader *l, const struct ini_section *s,
                         const struct job_config *job)
{
    const unsigned down = JOB_WHEN_SHUTDOWN | JOB_WHEN_POWEROFF;
    bool scheduled = job->schedule.count > 0;
    if (!scheduled && job->jitter_ms > 0)
        load_warning(l, s, "jitter", "there is no schedule whose runs could be put off");
    if (!scheduled && job->timezone && *job->timezone)
        load_warning(l, s, "timezone", "there is no schedule that it could be the zone of");
    if (!scheduled && job->catch_up && !(job->when & down))
        load_warning(l, s, "catch_up",
                     "there is nothing to make up for: no schedule, and neither "
                     "shutdown nor poweroff in when");
    if (job->before == JOB_BEFORE_STOP && !(job->when & down))
        load_warning(l, s, "before", "it does not run at a shutdown: write when=shutdown");
}

static bool load_schedule(struct loader *l, const struct ini_section *s, struct job_config *job)
{
    struct err e;
    if (schedules_parse(job->schedule_text ? job->schedule_text : "", l->types.arena,
                        &job->schedule, &e) < 0) {
        load_error(l, s, "schedule", "%s", e.text);
        return false;
    }
    if (job->schedule.at_boot)
        job->when |= JOB_WHEN_BOOT;
    warn_in_vain(l, s, job);
    warn_impatient(l, s, job);
    if (job->timezone && *job->timezone && source_zone(l->config->sources, job->timezone, &e) < 0) {
        load_error(l, s, "timezone", "%s", e.text);
        return false;
    }
    return true;
}

/* The keys that only programs have stand at what does nothing. */
static void job_init(struct job_config *job, const char *name)
{
    job->name = name;
    job->process.name = name;
    job->process.program = name;
    job->process.autorestart = AUTORESTART_NEVER;
}

static bool load_job(struct loader *l, const struct ini_section *s, bool sync,
                     struct job_config *job)
{
    const char *name = load_name(l, s);
    if (!name)
        return false;
    if (*name == '\0') {
        load_error(l, s, NULL, "[%s] has no name", s->name);
        return false;
    }
    const struct expand_name items[] = {
        {"", "program_name", name, 0, EXPAND_PROGRAM},
        {"", "group_name", name, 0, EXPAND_GROUP},
        {"", "process_num", NULL, 0, EXPAND_PROCESS},
        {"", "numprocs", NULL, 1, EXPAND_PROCESS},
    };
    const struct expand_names names = {&l->names, items, 4};
    const struct key_table *own = sync ? &key_synconly : &key_jobonly;
    job_init(job, name);
    bool ok = load_process(l, s, &names, &job->process);
    ok = load_table(l, s, &key_job, LOAD_ONCE, &names, job) && ok;
    ok = load_table(l, s, own, LOAD_ONCE, &names, job) && ok;
    ok = load_process_each(l, s, &names, sync ? NULL : &key_command, NULL, &job->process) && ok;
    ok = load_schedule(l, s, job) && ok;
    return (!sync || load_sync(l, s, &names, job)) && ok;
}

static bool is_inside(const char *path, const char *folder)
{
    size_t len = strlen(folder);
    while (len > 1 && folder[len - 1] == '/')
        len--;
    return strncmp(path, folder, len) == 0 && (path[len] == '/' || path[len] == '\0');
}

/* A sync whose data lies in the folder of another one: the other takes it away, or its old self. */
static void warn_shared_target(struct loader *l, const struct ini_section *s,
                               const struct job_config *job)
{
    for (size_t i = 0; job->target && i < l->config->job_count; i++) {
        const struct job_config *other = &l->config->jobs[i];
        if (!other->target || ((!is_inside(job->target, other->target) || !other->replaces) &&
                               (!is_inside(other->target, job->target) || !job->replaces)))
            continue;
        load_warning(l, s, "target",
                     "one of these folders is in the other, and what one sync puts there is lost "
                     "when the other runs: %s of [%s], and this",
                     other->target, other->process.section);
    }
}

void load_jobs(struct loader *l)
{
    struct config *c = l->config;
    size_t count = 0;
    for (size_t i = 1; i < l->ini.count; i++)
        count +=
            section_has(&l->ini.sections[i], "job:") || section_has(&l->ini.sections[i], "sync:");
    c->jobs = arena_array(l->types.arena, count, sizeof *c->jobs);
    for (size_t i = 1; i < l->ini.count; i++) {
        const struct ini_section *s = &l->ini.sections[i];
        bool sync = section_has(s, "sync:");
        struct job_config job = {0};
        if ((!sync && !section_has(s, "job:")) || !load_job(l, s, sync, &job))
            continue;
        const struct job_config *other = config_find_job(c, job.name);
        if (other)
            load_error(l, s, NULL, "[%s] and [%s] have the same name", other->process.section,
                       s->name);
        if (other)
            continue;
        warn_shared_target(l, s, &job);
        c->jobs[c->job_count++] = job;
    }
}
