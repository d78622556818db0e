/* The command upgrade: the daemon becomes another version of itself, and programs run on. */
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/mem.h"
#include "ctl/commands.h"
#include "ctl/print.h"

enum {
    UPGRADE_WAIT_MS = 30 * 1000, /* for the new version to answer */
    UPGRADE_PAUSE_NS = 10 * 1000 * 1000,
};

static json_int_t number_in(const json_t *info, const char *name)
{
    return json_integer_value(json_object_get(info, name));
}

static const char *text_in(const json_t *info, const char *name)
{
    const char *text = json_string_value(json_object_get(info, name));
    return text ? text : "";
}

static int ask_info(struct ctl *c, json_t **info)
{
    return client_call(&c->client, "mainstay.getDaemonInfo", NULL, info);
}

/* What the daemon says of itself once it has become another one, or will not after all; NULL and
 * -1 when it has not been heard of for so long. */
static int wait_for_it(struct ctl *c, const json_t *before, json_t **info)
{
    const struct timespec pause = {.tv_nsec = UPGRADE_PAUSE_NS};
    int64_t until = clock_now() + UPGRADE_WAIT_MS;
    for (;;) {
        int rc = ask_info(c, info);
        if (rc == 0 && (number_in(*info, "upgrades") != number_in(before, "upgrades") ||
                        *text_in(*info, "refused")))
            return 0;
        if (clock_now() >= until)
            return rc < 0 ? rc : 0;
        if (rc == 0)
            json_decref(*info);
        *info = NULL;
        client_close(&c->client);
        (void)nanosleep(&pause, NULL);
    }
}

static size_t count_running(struct ctl *c)
{
    json_t *all = NULL;
    const json_t *one;
    size_t i;
    size_t count = 0;
    if (client_call_array(&c->client, "supervisor.getAllProcessInfo", NULL, &all) < 0)
        return 0;
    json_array_foreach(all, i, one) count += number_in(one, "pid") > 0 ? 1 : 0;
    json_decref(all);
    return count;
}

static int tell(struct ctl *c, const json_t *before, const json_t *after)
{
    if (number_in(after, "upgrades") == number_in(before, "upgrades")) {
        const char *why = text_in(after, "refused");
        print_line("ERROR: not upgraded: %s", *why ? why : "it takes too long; see the log");
        c->exit = EXIT_GENERIC;
        return 0;
    }
    size_t count = count_running(c);
    print_line("upgraded: %s -> %s, pid %lld, %zu program%s keep%s running",
               text_in(before, "version"), text_in(after, "version"),
               (long long)number_in(after, "pid"), count, count == 1 ? "" : "s",
               count == 1 ? "s" : "");
    return 0;
}

/* "FAILED: the reason" */
static const char *reason_in(const char *text)
{
    static const char name[] = "FAILED: ";
    return strncmp(text, name, sizeof name - 1) == 0 ? text + sizeof name - 1 : text;
}

static int refused(struct ctl *c)
{
    c->exit = EXIT_GENERIC;
    if (client_faulted(&c->client, FAULT_SHUTDOWN_STATE))
        print_line("ERROR: not upgraded: mainstayd is shutting down");
    else if (client_faulted(&c->client, FAULT_UNKNOWN_METHOD))
        print_line("ERROR: not upgraded: this daemon cannot do that; restart it");
    else if (client_faulted(&c->client, FAULT_FAILED))
        print_line("ERROR: not upgraded: %s", reason_in(c->client.failure.text));
    else
        return -1;
    return 0;
}

/* "" for none: the daemon knows which. A path is seen from here. */
static json_t *program_of(const struct words *w)
{
    const char *name = w->count ? w->items[0] : "";
    char *folder = *name && *name != '/' ? getcwd(NULL, 0) : NULL;
    char *path = folder ? mem_printf("%s/%s", folder, name) : mem_strdup(name);
    json_t *params = json_pack("[o]", client_text(path));
    mem_free(folder);
    mem_free(path);
    return params;
}

/* The connection may break off just when the new version takes over: that is no failure. */
static bool broken_off(const struct ctl *c)
{
    return c->client.failure.kind == FAILURE_CLOSED || c->client.failure.kind == FAILURE_SOCKET;
}

int command_upgrade(struct ctl *c, const struct words *w)
{
    json_t *before = NULL;
    json_t *after = NULL;
    json_t *version = NULL;
    if (w->count > 1) {
        print_line("Error: upgrade accepts the path of one program");
        c->exit = EXIT_GENERIC;
        return 0;
    }
    int rc = ask_info(c, &before);
    if (rc < 0)
        return refused(c);
    rc = client_call(&c->client, "mainstay.upgrade", program_of(w), &version);
    json_decref(version);
    if (rc == 0 || broken_off(c)) {
        rc = wait_for_it(c, before, &after);
        if (rc == 0)
            rc = tell(c, before, after);
    } else {
        rc = refused(c);
    }
    json_decref(before);
    json_decref(after);
    return rc;
}
