/* Commands about logs: tail and maintail. */
#include <ctype.h>
#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "base/mem.h"
#include "base/parse.h"
#include "ctl/commands.h"
#include "ctl/follow.h"
#include "ctl/interrupt.h"
#include "ctl/print.h"

enum { TAIL_BYTES = 1600 };

/* Prints a log as it grows, until Ctrl-C or the daemon ends it. */
static int show_growing(struct ctl *c, const char *name, const char *channel)
{
    struct interrupt i;
    struct follow f;
    interrupt_begin(&i); /* before anybody is told to press it */
    print_line("==> Press Ctrl-C to exit <==");
    (void)fflush(stdout);
    follow_open(&f, c->o, name, channel);
    f.client.http.mask = &i.before;
    f.client.http.stop = &interrupt_seen;
    while (!interrupt_seen && follow_goes_on(&f))
        follow_piece(&f);
    follow_close(&f);
    interrupt_end(&i);
    if (interrupt_seen)
        print_line("%s", "");
    return 0;
}

static void show_no_file(const struct ctl *c, const char *name)
{
    const char *place = strstr(c->client.failure.text, LOG_IN_JOURNAL);
    print_line("%s: ERROR (no log file%s%s)", name, place ? ": " : "", place ? place : "");
}

/* The last bytes of a log that a method reads; `name` is whose. */
static int show(struct ctl *c, const char *method, const char *name, json_t *params,
                const char *no_such_name)
{
    json_t *text = NULL;
    if (client_call(&c->client, method, params, &text) == 0) {
        (void)puts(json_string_value(text) ? json_string_value(text) : ""); /* as it is */
        json_decref(text);
        return 0;
    }
    c->exit = EXIT_GENERIC;
    if (client_faulted(&c->client, FAULT_NO_FILE))
        show_no_file(c, name);
    else if (client_faulted(&c->client, FAULT_FAILED))
        print_line("%s: ERROR (unknown error reading log)", name);
    else if (no_such_name && client_faulted(&c->client, FAULT_BAD_NAME))
        print_line("%s: ERROR (%s)", name, no_such_name);
    else
        return -1;
    return 0;
}

static int refuse(struct ctl *c, const char *command, const char *fmt, const char *what)
{
    struct buf b = BUF_EMPTY;
    buf_text(&b, "Error: ");
    buf_text(&b, fmt);
    buf_text(&b, what);
    print_line("%s", buf_str(&b));
    buf_close(&b);
    c->exit = EXIT_GENERIC;
    if (command)
        command_print_help(c, command_find(c, command, strlen(command)));
    return 0;
}

/* "-100": the last 100 bytes. 1, or 0 after a refusal, or -1 for a number no call can hold. */
static int tail_bytes(struct ctl *c, const char *modifier, int64_t *bytes)
{
    int rc = *modifier == '-' ? parse_int(modifier + 1, bytes, NULL) : -EINVAL;
    if (rc == -ERANGE || (rc == 0 && (*bytes > -(int64_t)INT32_MIN || *bytes < -INT32_MAX)))
        return client_fail(&c->client, FAILURE_RANGE, 0, "%s is too large a number", modifier);
    if (rc < 0)
        return refuse(c, NULL, "bad argument ", modifier);
    return 1;
}

static int bad_channel(struct ctl *c, const char *channel)
{
    struct buf quoted = BUF_EMPTY;
    char *lower = mem_strdup(channel);
    for (char *at = lower; *at; at++)
        *at = (char)tolower((unsigned char)*at);
    print_quoted(&quoted, lower);
    int rc = refuse(c, NULL, "bad channel ", buf_str(&quoted));
    buf_close(&quoted);
    mem_free(lower);
    return rc;
}

int command_tail(struct ctl *c, const struct words *w)
{
    if (w->count > 3)
        return refuse(c, "tail", "too many arguments", "");
    const char *modifier = w->items[0][0] == '-' ? w->items[0] : NULL;
    size_t first = modifier ? 1 : 0;
    if (w->count == first)
        return refuse(c, NULL, "tail requires process name", "");
    const char *name = w->items[first];
    const char *channel = w->count - first > 1 ? w->items[w->count - 1] : "stdout";
    bool err = strcasecmp(channel, "stderr") == 0;
    if (!err && strcasecmp(channel, "stdout") != 0)
        return bad_channel(c, channel);
    int64_t bytes = TAIL_BYTES;
    if (modifier && strcmp(modifier, "-f") == 0)
        return show_growing(c, name, err ? "stderr" : "stdout");
    int rc = modifier ? tail_bytes(c, modifier, &bytes) : 1;
    if (rc <= 0)
        return rc;
    return show(c, err ? "supervisor.readProcessStderrLog" : "supervisor.readProcessStdoutLog",
                name, json_pack("[o,I,i]", client_text(name), (json_int_t)-bytes, 0),
                "no such process name");
}

int command_maintail(struct ctl *c, const struct words *w)
{
    int64_t bytes = TAIL_BYTES;
    if (w->count > 1)
        return refuse(c, "maintail", "too many arguments", "");
    const char *modifier = w->count ? w->items[0] : NULL;
    if (modifier && strcmp(modifier, "-f") == 0)
        return show_growing(c, NULL, NULL);
    int rc = modifier ? tail_bytes(c, modifier, &bytes) : 1;
    if (rc <= 0)
        return rc;
    return show(c, "supervisor.readLog", "supervisord", json_pack("[I,i]", (json_int_t)-bytes, 0),
                NULL);
}
