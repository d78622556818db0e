/* Methods for the configuration: what a new one changes, and changing to it group by group. */
#include <errno.h>
#include <string.h>

#include "base/mem.h"
#include "config/diff.h"
#include "config/merge.h"
#include "control/methods.h"
#include "control/status.h"

static json_t *names_value(const struct name_list *l)
{
    json_t *names = json_array();
    for (size_t i = 0; i < l->count; i++)
        json_array_append_new(names, status_text(l->names[i]));
    return names;
}

/* [[added, changed, removed]]: Supervisor answers with one more array around it. */
static json_t *diff_value(struct supervisor *s, const struct config *next)
{
    struct pgroup *g;
    struct arena a;
    struct config_diff diff;
    size_t count = 0;
    list_each (g, &s->groups, link)
        count++;
    const struct group_config **active = mem_array(count + 1, sizeof *active);
    count = 0;
    list_each (g, &s->groups, link)
        active[count++] = g->config;
    arena_init(&a);
    config_diff(active, count, next, &a, &diff);
    json_t *value = json_pack("[[o, o, o]]", names_value(&diff.added), names_value(&diff.changed),
                              names_value(&diff.removed));
    arena_close(&a);
    mem_free(active);
    return value;
}

static void reload_config(struct call *c)
{
    struct control *control = control_of(c);
    struct config *next = NULL;
    struct err e;
    if (control->host->reread(control->owner, &next, &e) < 0) {
        call_fault(c, FAULT_CANT_REREAD, e.text);
        return;
    }
    supervisor_set_config(control->supervisor, next);
    jobs_update(control->jobs, next);
    supervisor_relink(control->supervisor);
    json_t *value = diff_value(control->supervisor, next);
    config_unref(next);
    call_return(c, value);
}

/* The words of a text with blanks between them. */
static struct name_list split_names(struct arena *a, const char *text)
{
    char *rest = NULL;
    char *words = arena_strdup(a, text);
    struct name_list names = {arena_array(a, strlen(text) / 2 + 1, sizeof(const char *)), 0};
    for (char *w = strtok_r(words, " ", &rest); w; w = strtok_r(NULL, " ", &rest))
        names.names[names.count++] = w;
    return names;
}

static json_t *problems_value(const struct problem_list *left)
{
    json_t *lines = json_array();
    for (size_t i = 0; i < left->count; i++) {
        struct buf line = BUF_EMPTY;
        problem_print(&left->items[i], &line);
        line.data[line.len - 1] = '\0';
        json_array_append_new(lines, status_text(buf_str(&line)));
        buf_close(&line);
    }
    return lines;
}

/*
 * For `update` of named groups that have nothing to do with a broken file: supervisor.reloadConfig
 * has no argument and must refuse. All else stays as it was last read, jobs and what is in the
 * broken file among it.
 */
static void reload_good_files(struct call *c)
{
    struct control *control = control_of(c);
    struct config *next = NULL;
    struct problem_list left;
    struct err e;
    problem_list_init(&left);
    const struct name_list names = split_names(&left.arena, call_text(c, 0));
    if (control->host->reread_good(control->owner, &names, &next, &left, &e) < 0) {
        call_fault(c, FAULT_CANT_REREAD, e.text);
    } else {
        struct config *merger = config_merge(control->supervisor->config, next, &names);
        supervisor_set_config(control->supervisor, merger);
        call_return(
            c, json_pack("[o, o]", diff_value(control->supervisor, merger), problems_value(&left)));
        config_unref(merger);
    }
    config_unref(next);
    problem_list_close(&left);
}

static void add_group(struct call *c)
{
    const char *name = call_text(c, 0);
    int rc = supervisor_add_group(control_of(c)->supervisor, name);
    if (rc == 0)
        call_return(c, json_true());
    else
        call_fault(c, rc == -EEXIST ? FAULT_ALREADY_ADDED : FAULT_BAD_NAME, name);
}

static void remove_group(struct call *c)
{
    const char *name = call_text(c, 0);
    int rc = supervisor_remove_group(control_of(c)->supervisor, name);
    if (rc == 0)
        call_return(c, json_true());
    else
        call_fault(c, rc == -EBUSY ? FAULT_STILL_RUNNING : FAULT_BAD_NAME, name);
}

static void get_all_config_info(struct call *c)
{
    call_return(c, status_all_configs(control_of(c)->supervisor));
}

// clang-format off
const struct rpc_method config_methods[] = {
    { "supervisor.reloadConfig",       "array",   "",  reload_config,       0,
      "Read the configuration anew; return the names of groups [[added, changed, removed]]." },
    { "mainstay.reloadGoodFiles",      "array",   "s", reload_good_files,   0,
      "Read the groups `names` anew if they have nothing to do with included files that cannot be "
      "used; return what reloadConfig returns and what is wrong." },
    { "supervisor.addProcessGroup",    "boolean", "s", add_group,           0,
      "Activate the group `name` of the last configuration that was read." },
    { "supervisor.removeProcessGroup", "boolean", "s", remove_group,        0,
      "Deactivate the group `name`, all of whose processes are stopped." },
    { "supervisor.getAllConfigInfo",   "array",   "",  get_all_config_info, 0,
      "Get info about all programs of the last configuration that was read." },
};
// clang-format on
const size_t config_methods_count = sizeof config_methods / sizeof *config_methods;
