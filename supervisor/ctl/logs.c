/* Commands about logs: tail and maintail. */
#include <ctype.h>
#include <errno.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "base/mem.h"
#include "base/parse.h"
#include "ctl/commands.h"
#include "ctl/print.h"

enum { TAIL_BYTES = 1600 };

/* A signal handler can reach nothing else. */
static volatile sig_atomic_t interrupted;

static void on_interrupt(int signal)
{
    (void)signal;
    interrupted = 1;
}

static int on_log(void *ctx, const char *data, size_t len)
{
    (void)ctx;
    if (fwrite(data, 1, len, stdout) != len || fflush(stdout) != 0)
        return -EPIPE;
    return 0;
}

/* On standard error, and no failure for the exit status: as supervisorctl has it. */
static void follow_failed(struct ctl *c, const char *path)
{
    const struct failure *f = &c->client.failure;
    if (f->kind == FAILURE_HTTP)
        (void)fprintf(stderr, "%s%s Cannot read, status code %d\n", c->o->serverurl, path, f->code);
    else
        (void)fprintf(stderr, "%s%s Cannot connect, error: %s\n", c->o->serverurl, path, f->text);
}

/* Prints a log as it grows, until Ctrl-C or the daemon ends it. */
static void follow(struct ctl *c, const char *path)
{
    sigset_t block, before;
    (void)sigemptyset(&block);
    (void)sigaddset(&block, SIGINT);
    (void)sigprocmask(SIG_BLOCK, &block, &before);
    const struct sigaction on = {.sa_handler = on_interrupt};
    struct sigaction was;
    (void)sigaction(SIGINT, &on, &was);
    interrupted = 0;
    print_line("==> Press Ctrl-C to exit <==");
    (void)fflush(stdout);
    c->client.http.mask = &before;
    c->client.http.stop = &interrupted;
    int rc = client_stream(&c->client, path, on_log, NULL);
    c->client.http.mask = NULL;
    c->client.http.stop = NULL;
    (void)sigaction(SIGINT, &was, NULL);
    (void)sigprocmask(SIG_SETMASK, &before, NULL);
    if (interrupted)
        print_line("%s", "");
    else if (rc < 0)
        follow_failed(c, path);
}

/* Letters that a path may hold as they are; the daemon decodes the rest. */
static char *encoded(const char *text)
{
    struct buf b = BUF_EMPTY;
    for (; *text; text++) {
        unsigned char ch = (unsigned char)*text;
        if (isalnum(ch) || strchr("-._~:*@!$'()+,;=", ch))
            buf_char(&b, *text);
        else
            buf_printf(&b, "%%%02X", ch);
    }
    return buf_take(&b);
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
        print_line("%s: ERROR (no log file)", name);
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
        command_print_help(command_find(c, command, strlen(command)));
    return 0;
}

/* "-100": the last 100 bytes. False when it is no number. */
static bool tail_bytes(const char *modifier, int64_t *bytes)
{
    return parse_int(modifier + 1, bytes, NULL) == 0 && *bytes > -INT32_MAX && *bytes < INT32_MAX;
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

static int tail_follow(struct ctl *c, const char *name, const char *channel)
{
    char *in_path = encoded(name);
    char *path = mem_printf("/logtail/%s/%s", in_path, channel);
    follow(c, path);
    mem_free(path);
    mem_free(in_path);
    return 0;
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
        return tail_follow(c, name, err ? "stderr" : "stdout");
    if (modifier && !tail_bytes(modifier, &bytes))
        return refuse(c, NULL, "bad argument ", modifier);
    return show(c, err ? "supervisor.readProcessStderrLog" : "supervisor.readProcessStdoutLog",
                name, json_pack("[s,I,i]", name, (json_int_t)-bytes, 0), "no such process name");
}

int command_maintail(struct ctl *c, const struct words *w)
{
    int64_t bytes = TAIL_BYTES;
    if (w->count > 1)
        return refuse(c, "maintail", "too many arguments", "");
    const char *modifier = w->count ? w->items[0] : NULL;
    if (modifier && strcmp(modifier, "-f") == 0) {
        follow(c, "/mainlogtail");
        return 0;
    }
    if (modifier && (modifier[0] != '-' || !tail_bytes(modifier, &bytes)))
        return refuse(c, NULL, "bad argument ", modifier);
    return show(c, "supervisor.readLog", "supervisord", json_pack("[I,i]", (json_int_t)-bytes, 0),
                NULL);
}
