/* Commands about jobs, which only mainstay has: jobs run. */
#include <string.h>

#include "base/parse.h"
#include "ctl/jobs.h"
#include "ctl/print.h"

/* A daemon without jobs answers that it knows no such method. */
static int jobs_failed(struct ctl *c)
{
    c->exit = EXIT_GENERIC;
    if (!client_faulted(&c->client, FAULT_UNKNOWN_METHOD))
        return -1;
    print_line("ERROR: the daemon at %s knows no jobs", c->o->serverurl);
    return 0;
}

/* --- In status ----------------------------------------------------------------------------- */

json_t *jobs_all(struct ctl *c)
{
    json_t *infos = NULL;
    if (!c->o->native || client_call_array(&c->client, "mainstay.getAllJobInfo", NULL, &infos) < 0)
        return json_array();
    return infos;
}

/* As if it were a process: it has no group but itself. */
static void jobs_show(const json_t *info, json_t *shown)
{
    const char *name = print_text_of(info, "name");
    (void)json_array_append_new(shown,
                                json_pack("{s:s, s:s, s:s, s:s}", "group", name, "name", name,
                                          "statename", print_text_of(info, "statename"),
                                          "description", print_text_of(info, "description")));
}

bool jobs_choose(const json_t *infos, const char *name, json_t *shown)
{
    bool found = false;
    for (size_t i = 0; i < json_array_size(infos); i++) {
        const json_t *info = json_array_get(infos, i);
        const char *label = print_text_of(info, "name");
        const char *colon = strchr(label, ':');
        if (strcmp(label, name) != 0 && !(colon && strcmp(colon + 1, name) == 0))
            continue;
        jobs_show(info, shown);
        found = true;
    }
    return found;
}

void jobs_choose_news(const json_t *infos, json_t *shown)
{
    for (size_t i = 0; i < json_array_size(infos); i++) {
        const json_t *info = json_array_get(infos, i);
        const char *state = print_text_of(info, "statename");
        if (strcmp(state, "IDLE") != 0 && strcmp(state, "SUCCEEDED") != 0)
            jobs_show(info, shown);
    }
}

/* --- jobs, run ----------------------------------------------------------------------------- */

static int jobs_calendar(struct ctl *c, const char *span)
{
    json_t *days = NULL;
    int64_t ms = 0;
    struct err e;
    if (parse_duration(span, &ms, &e) < 0 || ms < 1000 || ms > INT64_C(366) * 86400000) {
        print_line("Error: jobs --calendar takes a span such as 7d, of 366 days at most");
        c->exit = EXIT_INVALID;
        return 0;
    }
    json_t *params = json_pack("[I]", (json_int_t)(ms / 1000));
    if (client_call_array(&c->client, "mainstay.getJobCalendar", params, &days) < 0)
        return jobs_failed(c);
    if (json_array_size(days) == 0)
        print_line("nothing is due");
    print_calendar(days);
    json_decref(days);
    return 0;
}

int command_jobs(struct ctl *c, const struct words *w)
{
    json_t *infos = NULL;
    if (w->count > 0 && w->count <= 2 && strcmp(w->items[0], "--calendar") == 0)
        return jobs_calendar(c, w->count == 2 ? w->items[1] : "7d");
    if (w->count > 0) {
        print_line("Error: jobs takes nothing but --calendar and a span");
        c->exit = EXIT_INVALID;
        return 0;
    }
    if (client_call_array(&c->client, "mainstay.getAllJobInfo", NULL, &infos) < 0)
        return jobs_failed(c);
    print_jobs(infos);
    json_decref(infos);
    return 0;
}

static int history_failed(struct ctl *c, const char *name)
{
    if (!client_faulted(&c->client, FAULT_BAD_NAME))
        return jobs_failed(c);
    c->exit = EXIT_GENERIC;
    print_line("%s: ERROR (no such job)", name);
    return 0;
}

int command_history(struct ctl *c, const struct words *w)
{
    json_t *attempts = NULL;
    bool verbose = strcmp(w->items[0], "-v") == 0;
    size_t first = verbose ? 1 : 0;
    size_t count = w->count - first;
    int64_t most = 0;
    if (count == 0 || count > 2 ||
        (count == 2 && (parse_int(w->items[first + 1], &most, NULL) < 0 || most <= 0))) {
        print_line("Error: history takes a job name and a number above 0");
        c->exit = EXIT_INVALID;
        return 0;
    }
    const char *name = w->items[first];
    json_t *params = json_pack("[o,I]", client_text(name), (json_int_t)most);
    if (client_call_array(&c->client, "mainstay.getJobHistory", params, &attempts) < 0)
        return history_failed(c, name);
    if (json_array_size(attempts) == 0)
        print_line("%s: nothing yet", name);
    print_history(attempts, verbose);
    json_decref(attempts);
    return 0;
}

/* "FAILED: backup: exited 1" without its code and the job's name. */
static const char *fault_reason(const struct failure *f, const char *name)
{
    const char *text = f->text + strspn(f->text, "ABCDEFGHIJKLMNOPQRSTUVWXYZ_");
    text = text > f->text && strncmp(text, ": ", 2) == 0 ? text + 2 : f->text;
    size_t len = strlen(name);
    return strncmp(text, name, len) == 0 && strncmp(text + len, ": ", 2) == 0 ? text + len + 2
                                                                              : text;
}

static int run_failed(struct ctl *c, const char *name)
{
    const struct failure *f = &c->client.failure;
    if (f->kind != FAILURE_FAULT || f->code == FAULT_UNKNOWN_METHOD)
        return jobs_failed(c);
    c->exit = EXIT_GENERIC;
    const char *reason = fault_reason(f, name);
    if (f->code == FAULT_BAD_NAME)
        reason = "no such job";
    else if (f->code == FAULT_ALREADY_STARTED)
        reason = "already running";
    else if (f->code == FAULT_SHUTDOWN_STATE)
        reason = "the daemon is shutting down";
    print_line("%s: ERROR (%s)", name, reason);
    return 0;
}

static bool is_option(const char *word)
{
    return strcmp(word, "--wait") == 0 || strcmp(word, "--no-wait") == 0;
}

static size_t count_names(const struct words *w)
{
    size_t names = 0;
    for (size_t i = 0; i < w->count; i++)
        names += !is_option(w->items[i]);
    return names;
}

/* An option that is misspelt, before any job is run. */
static const char *unknown_option(const struct words *w)
{
    for (size_t i = 0; i < w->count; i++) {
        if (w->items[i][0] == '-' && !is_option(w->items[i]))
            return w->items[i];
    }
    return NULL;
}

int command_run(struct ctl *c, const struct words *w)
{
    bool later = words_have(w, "--no-wait");
    if (unknown_option(w)) {
        print_line("Error: run knows --wait and --no-wait, not %s", unknown_option(w));
        c->exit = EXIT_INVALID;
        return 0;
    }
    if (count_names(w) == 0) {
        const struct command *row = command_find(c, "run", strlen("run"));
        print_line("%s", row->missing);
        c->exit = row->missing_exit;
        command_print_help(c, row);
        return 0;
    }
    for (size_t i = 0; i < w->count; i++) {
        json_t *answer = NULL;
        if (is_option(w->items[i]))
            continue;
        json_t *params = json_pack("[o,b]", client_text(w->items[i]), later ? 0 : 1);
        if (client_call(&c->client, "mainstay.runJob", params, &answer) == 0)
            print_line(later ? "%s: started" : "%s: succeeded", w->items[i]);
        else if (run_failed(c, w->items[i]) < 0)
            return -1;
        json_decref(answer);
    }
    return 0;
}
