/* fg: what a process says on the terminal, and what is typed on its standard input. */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/fd.h"
#include "control/xmlrpc.h"
#include "ctl/commands.h"
#include "ctl/follow.h"
#include "ctl/interrupt.h"
#include "ctl/print.h"

enum { STATE_RUNNING = 20, LINE_MAX_BYTES = 256 * 1024, LOGS = 2 };

struct foreground {
    struct ctl *c; /* borrowed */
    const char *name;
    int input;                /* where lines are typed */
    struct follow logs[LOGS]; /* of standard output and standard error */
    struct buf line;          /* as far as it was typed */
    struct interrupt interrupt;
};

enum typed { TYPED_NOTHING, TYPED_LINE, TYPED_END };

/*
 * Byte by byte: what comes after the line is not for the process when it ends meanwhile. A line
 * that is too long goes in parts.
 */
static enum typed read_typed(int fd, struct buf *line)
{
    char ch = 0;
    ssize_t n = read(fd, &ch, 1);
    if (n < 0 && (errno == EINTR || errno == EAGAIN))
        return TYPED_NOTHING;
    if (n <= 0)
        return line->len > 0 ? TYPED_LINE : TYPED_END;
    if (ch != '\n')
        buf_char(line, ch);
    return ch == '\n' || line->len >= LINE_MAX_BYTES ? TYPED_LINE : TYPED_NOTHING;
}

/* Waits for the logs and for a line. */
static enum typed wait_for_line(struct foreground *f)
{
    enum typed typed = TYPED_NOTHING;
    while (typed == TYPED_NOTHING && !interrupt_seen) {
        struct pollfd p[LOGS + 1] = {{.fd = f->input, .events = POLLIN}};
        for (size_t i = 0; i < LOGS; i++)
            p[i + 1] = (struct pollfd){.fd = f->logs[i].client.http.fd, .events = POLLIN};
        if (ppoll(p, LOGS + 1, NULL, &f->interrupt.before) < 0)
            continue; /* by Ctrl-C: the only signal that is waited for */
        for (size_t i = 0; i < LOGS; i++) {
            if (p[i + 1].revents)
                follow_piece(&f->logs[i]);
        }
        if (p[0].revents)
            typed = read_typed(f->input, &f->line);
    }
    return interrupt_seen ? TYPED_END : typed;
}

static void print_fault(const struct ctl *c)
{
    const struct failure *why = &c->client.failure;
    struct buf quoted = BUF_EMPTY;
    print_quoted(&quoted, why->text);
    if (c->o->native)
        print_line("ERROR: %s", why->text);
    else
        print_line("ERROR: <Fault %d: %s>", why->code, buf_str(&quoted));
    buf_close(&quoted);
}

/* Hands the line to the process. 1 when it took it, 0 when it is gone, -1 for a failure. */
static int send_line(struct foreground *f)
{
    struct client *client = &f->c->client;
    json_t *answer = NULL;
    buf_char(&f->line, '\n');
    json_t *params =
        json_pack("[o,o]", client_text(f->name), xmlrpc_string(f->line.data, f->line.len));
    buf_clear(&f->line);
    int rc = client_call(client, "supervisor.sendProcessStdin", params, &answer);
    json_decref(answer);
    if (rc == 0)
        return 1;
    if (client->failure.kind != FAILURE_FAULT)
        return -1;
    if (client_faulted(client, FAULT_NOT_RUNNING))
        print_line("Process got killed");
    else
        print_fault(f->c);
    return 0;
}

static int still_runs(struct foreground *f)
{
    json_t *info = NULL;
    json_t *params = json_pack("[o]", client_text(f->name));
    if (client_call(&f->c->client, "supervisor.getProcessInfo", params, &info) < 0)
        return -1;
    bool runs = print_int_of(info, "state") == STATE_RUNNING;
    json_decref(info);
    if (!runs)
        print_line("Process got killed");
    return runs;
}

static int foreground_run(struct foreground *f)
{
    int rc = 1;
    while (rc > 0 && wait_for_line(f) == TYPED_LINE) {
        rc = send_line(f);
        if (rc > 0)
            rc = still_runs(f);
    }
    if (rc < 0 && !interrupt_seen)
        return -1;
    print_line("Exiting foreground");
    return 0;
}

/*
 * Ctrl-C takes back what was typed and not yet read, perhaps just before it is read: so a
 * terminal is opened once more, in a way that does not wait, and that nobody else sees.
 */
static int open_input(void)
{
    char path[64];
    int fd = -1;
    if (ttyname_r(STDIN_FILENO, path, sizeof path) == 0)
        fd = open(path, O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
    return fd < 0 ? STDIN_FILENO : fd;
}

static int foreground(struct ctl *c, const char *name)
{
    static const char *const channels[LOGS] = {"stdout", "stderr"};
    struct foreground f = {.c = c, .name = name, .input = open_input()};
    interrupt_begin(&f.interrupt); /* before anybody is told to press it */
    print_line("==> Press Ctrl-C to exit <==");
    (void)fflush(stdout);
    c->client.http.mask = &f.interrupt.before;
    c->client.http.stop = &interrupt_seen;
    for (size_t i = 0; i < LOGS; i++)
        follow_open(&f.logs[i], c->o, name, channels[i]);
    int rc = foreground_run(&f);
    for (size_t i = 0; i < LOGS; i++)
        follow_close(&f.logs[i]);
    c->client.http.mask = NULL;
    c->client.http.stop = NULL;
    interrupt_end(&f.interrupt);
    if (f.input != STDIN_FILENO)
        fd_close(&f.input);
    buf_close(&f.line);
    return rc;
}

int command_fg(struct ctl *c, const struct words *w)
{
    json_t *info = NULL;
    if (w->count > 1) {
        print_line("ERROR: too many process names supplied");
        c->exit = EXIT_GENERIC;
        return 0;
    }
    json_t *params = json_pack("[o]", client_text(w->items[0]));
    if (client_call(&c->client, "supervisor.getProcessInfo", params, &info) < 0) {
        if (c->client.failure.kind != FAILURE_FAULT)
            return -1;
        if (client_faulted(&c->client, FAULT_BAD_NAME)) {
            print_line("ERROR: bad process name supplied");
            c->exit = EXIT_GENERIC;
        } else {
            print_fault(c);
        }
        return 0;
    }
    bool runs = print_int_of(info, "state") == STATE_RUNNING;
    json_decref(info);
    if (runs)
        return foreground(c, w->items[0]);
    print_line("ERROR: process not running");
    c->exit = EXIT_GENERIC;
    return 0;
}
