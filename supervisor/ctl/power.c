/* shutdown --at, --in, --postpone, --cancel, --show: the power-off that is planned. */
#include "ctl/power.h"

#include <stdio.h>
#include <string.h>

#include "base/mem.h"
#include "ctl/print.h"

enum power_verb { POWER_NONE, POWER_AT, POWER_IN, POWER_POSTPONE, POWER_CANCEL, POWER_SHOW };

struct power_request {
    enum power_verb verb;
    struct buf value; /* behind --at, --in and --postpone */
    const char *action;
};

// clang-format off
static const struct { const char *option; enum power_verb verb; bool has_value; } options[] = {
    {"--at",       POWER_AT,       true},
    {"--in",       POWER_IN,       true},
    {"--postpone", POWER_POSTPONE, true},
    {"--cancel",   POWER_CANCEL,   false},
    {"--show",     POWER_SHOW,     false},
};
// clang-format on

static size_t option_find(const char *word)
{
    size_t at = 0;
    while (at < sizeof options / sizeof *options && strcmp(options[at].option, word) != 0)
        at++;
    return at;
}

/* 2026-11-22 06:00 is two words. */
static void take_value(struct power_request *r, const struct words *w, size_t *at)
{
    while (*at < w->count && strncmp(w->items[*at], "--", 2) != 0)
        buf_printf(&r->value, "%s%s", r->value.len ? " " : "", w->items[(*at)++]);
}

/* False: that is no such command. */
static bool request_read(struct power_request *r, const struct words *w)
{
    size_t at = 0;
    while (at < w->count) {
        size_t option = option_find(w->items[at]);
        if (strcmp(w->items[at], "--action") == 0 && at + 1 < w->count && !r->action) {
            r->action = w->items[at + 1];
            at += 2;
            continue;
        }
        if (option == sizeof options / sizeof *options || r->verb != POWER_NONE)
            return false;
        r->verb = options[option].verb;
        at++;
        if (options[option].has_value)
            take_value(r, w, &at);
        if (options[option].has_value && r->value.len == 0)
            return false;
    }
    return r->verb != POWER_NONE && (!r->action || r->verb == POWER_AT || r->verb == POWER_IN);
}

static int request_send(struct ctl *c, const struct power_request *r, json_t **info)
{
    const char *value = buf_str(&r->value);
    const char *method = "mainstay.getShutdown";
    json_t *params = NULL;
    char *when = NULL;
    switch (r->verb) {
    case POWER_AT:
    case POWER_IN:
        when = mem_printf("%s%s", r->verb == POWER_IN ? "+" : "", value);
        method = "mainstay.planShutdown";
        params = json_pack("[o, o]", client_text(when), client_text(r->action ? r->action : ""));
        break;
    case POWER_POSTPONE:
        method = "mainstay.postponeShutdown";
        params = json_pack("[o]", client_text(value));
        break;
    case POWER_CANCEL:
        method = "mainstay.cancelShutdown";
        break;
    case POWER_SHOW:
    case POWER_NONE:
        break;
    }
    int rc = client_call(&c->client, method, params, info);
    mem_free(when);
    return rc;
}

/* "FAILED: nothing is planned" without its code. */
static int request_failed(struct ctl *c)
{
    const struct failure *f = &c->client.failure;
    const char *text = f->text;
    c->exit = EXIT_GENERIC;
    if (f->kind != FAILURE_FAULT)
        return -1;
    if (f->code == FAULT_UNKNOWN_METHOD)
        text = "the daemon plans no power-off: it is no mainstayd, or an older one";
    else if (strstr(text, ": "))
        text = strstr(text, ": ") + 2;
    print_line("ERROR: %s", text);
    return 0;
}

int power_command(struct ctl *c, const struct words *w)
{
    struct power_request r = {.verb = POWER_NONE};
    json_t *info = NULL;
    int rc = 0;
    if (!request_read(&r, w)) {
        print_line("Error: shutdown takes one of --at, --in, --postpone, --cancel and --show");
        command_print_help(c, command_find(c, "shutdown", strlen("shutdown")));
        c->exit = EXIT_INVALID;
    } else if (request_send(c, &r, &info) < 0) {
        rc = request_failed(c);
    } else {
        const char *words = print_text_of(info, "description");
        bool more = json_is_true(json_object_get(info, "planned"));
        const char *before = r.verb != POWER_CANCEL ? ""
                             : more                 ? "cancelled; next: "
                                                    : "cancelled; ";
        print_line("%s%s", before, words);
    }
    json_decref(info);
    buf_close(&r.value);
    return rc;
}

void power_show(struct ctl *c, json_t *shown)
{
    json_t *info = NULL;
    if (!c->o->native || client_call(&c->client, "mainstay.getShutdown", NULL, &info) < 0)
        return;
    if (json_is_true(json_object_get(info, "planned")))
        (void)json_array_append_new(shown,
                                    json_pack("{s:s, s:s, s:s, s:s}", "group", "shutdown", "name",
                                              "shutdown", "statename", "PLANNED", "description",
                                              print_text_of(info, "description")));
    json_decref(info);
}
