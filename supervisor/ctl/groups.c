/* Commands about what is configured: avail reread update add remove. */
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "ctl/commands.h"
#include "ctl/print.h"

int command_avail(struct ctl *c, const struct words *w)
{
    (void)w;
    json_t *all = NULL;
    if (client_call_array(&c->client, "supervisor.getAllConfigInfo", NULL, &all) < 0) {
        c->exit = EXIT_GENERIC;
        if (!client_faulted(&c->client, FAULT_SHUTDOWN_STATE))
            return -1;
        print_line("ERROR: supervisor shutting down");
        return 0;
    }
    for (size_t i = 0; i < json_array_size(all); i++)
        print_available(json_array_get(all, i));
    json_decref(all);
    return 0;
}

/* --- reread -------------------------------------------------------------------------------- */

enum { CHANGE_ADDED, CHANGE_CHANGED, CHANGE_REMOVED, CHANGE_COUNT };

/* The three lists of names that reloadConfig answers with. */
static int reload_config(struct ctl *c, json_t **lists)
{
    json_t *answer = NULL;
    if (client_call_array(&c->client, "supervisor.reloadConfig", NULL, &answer) < 0)
        return -1;
    json_t *got = json_incref(json_array_get(answer, 0));
    json_decref(answer);
    if (json_array_size(got) != CHANGE_COUNT) {
        json_decref(got);
        return client_fail(&c->client, FAILURE_ANSWER, 0,
                           "reloadConfig did not answer with three lists");
    }
    *lists = got;
    return 0;
}

static const char *name_at(const json_t *list, size_t i)
{
    const char *name = json_string_value(json_array_get(list, i));
    return name ? name : "";
}

struct change {
    const char *name;
    const char *text;
};

static int change_order(const void *a, const void *b)
{
    return strcmp(((const struct change *)a)->name, ((const struct change *)b)->name);
}

static void print_changes(const json_t *lists)
{
    static const char *const texts[CHANGE_COUNT] = {"available", "changed", "disappeared"};
    size_t count = 0, total = 0;
    for (size_t k = 0; k < CHANGE_COUNT; k++)
        total += json_array_size(json_array_get(lists, k));
    struct change *changes = mem_array(total + 1, sizeof *changes);
    for (size_t k = 0; k < CHANGE_COUNT; k++) {
        const json_t *list = json_array_get(lists, k);
        for (size_t i = 0; i < json_array_size(list); i++)
            changes[count++] = (struct change){name_at(list, i), texts[k]};
    }
    qsort(changes, count, sizeof *changes, change_order);
    for (size_t i = 0; i < count; i++)
        print_line("%s: %s", changes[i].name, changes[i].text);
    if (count == 0)
        print_line("No config updates to processes");
    mem_free(changes);
}

int command_reread(struct ctl *c, const struct words *w)
{
    (void)w;
    json_t *lists = NULL;
    if (reload_config(c, &lists) == 0) {
        print_changes(lists);
        json_decref(lists);
        return 0;
    }
    c->exit = EXIT_GENERIC;
    if (client_faulted(&c->client, FAULT_SHUTDOWN_STATE))
        print_line("ERROR: supervisor shutting down");
    else if (client_faulted(&c->client, FAULT_CANT_REREAD))
        print_line("ERROR: %s", c->client.failure.text);
    else
        return -1;
    return 0;
}

/* --- update -------------------------------------------------------------------------------- */

/* Calls a method with a group's name; its answer, if wanted, goes to *answer. */
static int group_call(struct ctl *c, const char *method, const char *group, json_t **answer)
{
    json_t *got = NULL;
    if (client_call(&c->client, method, json_pack("[o]", client_text(group)), &got) < 0)
        return -1;
    if (answer)
        *answer = got;
    else
        json_decref(got);
    return 0;
}

static bool has_failed(const json_t *results)
{
    for (size_t i = 0; i < json_array_size(results); i++) {
        if (print_int_of(json_array_get(results, i), "status") == FAULT_FAILED)
            return true;
    }
    return false;
}

static int update_removed(struct ctl *c, const char *group)
{
    json_t *results = NULL;
    if (group_call(c, "supervisor.stopProcessGroup", group, &results) < 0)
        return -1;
    bool failed = has_failed(results);
    json_decref(results);
    print_line("%s: stopped", group);
    if (failed) {
        print_line("%s: has problems; not removing", group);
        c->exit = EXIT_GENERIC;
        return 0;
    }
    if (group_call(c, "supervisor.removeProcessGroup", group, NULL) < 0)
        return -1;
    print_line("%s: removed process group", group);
    return 0;
}

static int update_changed(struct ctl *c, const char *group)
{
    if (group_call(c, "supervisor.stopProcessGroup", group, NULL) < 0)
        return -1;
    print_line("%s: stopped", group);
    if (group_call(c, "supervisor.removeProcessGroup", group, NULL) < 0 ||
        group_call(c, "supervisor.addProcessGroup", group, NULL) < 0)
        return -1;
    print_line("%s: updated process group", group);
    return 0;
}

static int update_added(struct ctl *c, const char *group)
{
    if (group_call(c, "supervisor.addProcessGroup", group, NULL) < 0)
        return -1;
    print_line("%s: added process group", group);
    return 0;
}

static bool is_group_of(const json_t *infos, const json_t *added, const char *name)
{
    for (size_t i = 0; i < json_array_size(infos); i++) {
        if (strcmp(print_text_of(json_array_get(infos, i), "group"), name) == 0)
            return true;
    }
    for (size_t i = 0; i < json_array_size(added); i++) {
        if (strcmp(name_at(added, i), name) == 0)
            return true;
    }
    return false;
}

/* Says which of the names are no groups; each once. */
static int update_check_names(struct ctl *c, const struct words *w, const json_t *lists)
{
    json_t *infos = NULL;
    if (client_call_array(&c->client, "supervisor.getAllProcessInfo", NULL, &infos) < 0)
        return -1;
    for (size_t i = 0; i < w->count; i++) {
        const struct words before = {.items = w->items, .count = i};
        if (words_have(&before, w->items[i]) ||
            is_group_of(infos, json_array_get(lists, CHANGE_ADDED), w->items[i]))
            continue;
        print_line("ERROR: no such group: %s", w->items[i]);
        c->exit = EXIT_GENERIC;
    }
    json_decref(infos);
    return 0;
}

/* Removed groups go first, so that a new one finds their ports and files free. */
static int update_groups(struct ctl *c, const struct words *w, bool all, const json_t *lists)
{
    static const struct {
        size_t list;
        int (*run)(struct ctl *c, const char *group);
    } steps[] = {
        {CHANGE_REMOVED, update_removed},
        {CHANGE_CHANGED, update_changed},
        {CHANGE_ADDED, update_added},
    };
    for (size_t k = 0; k < sizeof steps / sizeof *steps; k++) {
        const json_t *list = json_array_get(lists, steps[k].list);
        for (size_t i = 0; i < json_array_size(list); i++) {
            if (!all && !words_have(w, name_at(list, i)))
                continue;
            if (steps[k].run(c, name_at(list, i)) < 0)
                return -1;
        }
    }
    return 0;
}

/*
 * A file is broken, and some groups are named: mainstayd can update those that are in other files.
 * Supervisor's daemon does not know this method, and the fault stays the first one.
 */
static int reload_good_files(struct ctl *c, const struct words *w, json_t **lists)
{
    const struct failure first = c->client.failure;
    struct buf names = BUF_EMPTY;
    json_t *answer = NULL;
    for (size_t i = 0; i < w->count; i++)
        buf_printf(&names, "%s%s", i ? " " : "", w->items[i]);
    int rc = client_call_array(&c->client, "mainstay.reloadGoodFiles",
                               json_pack("[o]", client_text(buf_str(&names))), &answer);
    buf_close(&names);
    if (rc < 0) {
        c->client.failure = first;
        return -1;
    }
    const json_t *broken = json_array_get(answer, 1);
    for (size_t i = 0; i < json_array_size(broken); i++)
        print_line("left as it was: %s", name_at(broken, i));
    *lists = json_incref(json_array_get(json_array_get(answer, 0), 0));
    json_decref(answer);
    return 0;
}

static int update_reload(struct ctl *c, const struct words *w, json_t **lists)
{
    int rc = reload_config(c, lists);
    bool named = w->count > 0 && !words_have(w, "all");
    if (rc < 0 && named && client_faulted(&c->client, FAULT_CANT_REREAD))
        rc = reload_good_files(c, w, lists);
    return rc;
}

int command_update(struct ctl *c, const struct words *w)
{
    json_t *lists = NULL;
    if (update_reload(c, w, &lists) < 0) {
        c->exit = EXIT_GENERIC;
        if (!client_faulted(&c->client, FAULT_SHUTDOWN_STATE))
            return -1;
        print_line("ERROR: already shutting down");
        return 0;
    }
    bool all = w->count == 0 || words_have(w, "all");
    int rc = all ? 0 : update_check_names(c, w, lists);
    if (rc == 0)
        rc = update_groups(c, w, all, lists);
    json_decref(lists);
    return rc;
}

/* --- add, remove --------------------------------------------------------------------------- */

static int add_failed(struct ctl *c, const char *name)
{
    if (client_faulted(&c->client, FAULT_ALREADY_ADDED)) {
        print_line("ERROR: process group already active");
        return 0;
    }
    c->exit = EXIT_GENERIC;
    if (client_faulted(&c->client, FAULT_SHUTDOWN_STATE))
        print_line("ERROR: shutting down");
    else if (client_faulted(&c->client, FAULT_BAD_NAME))
        print_line("ERROR: no such process/group: %s", name);
    else
        return -1;
    return 0;
}

int command_add(struct ctl *c, const struct words *w)
{
    for (size_t i = 0; i < w->count; i++) {
        if (group_call(c, "supervisor.addProcessGroup", w->items[i], NULL) == 0)
            print_line("%s: added process group", w->items[i]);
        else if (add_failed(c, w->items[i]) < 0)
            return -1;
    }
    return 0;
}

static int remove_failed(struct ctl *c, const char *name)
{
    c->exit = EXIT_GENERIC;
    if (client_faulted(&c->client, FAULT_STILL_RUNNING))
        print_line("ERROR: process/group still running: %s", name);
    else if (client_faulted(&c->client, FAULT_BAD_NAME))
        print_line("ERROR: no such process/group: %s", name);
    else
        return -1;
    return 0;
}

int command_remove(struct ctl *c, const struct words *w)
{
    for (size_t i = 0; i < w->count; i++) {
        if (group_call(c, "supervisor.removeProcessGroup", w->items[i], NULL) == 0)
            print_line("%s: removed process group", w->items[i]);
        else if (remove_failed(c, w->items[i]) < 0)
            return -1;
    }
    return 0;
}
