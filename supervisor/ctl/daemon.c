/* Commands about the daemon itself: version shutdown reload open. */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "base/mem.h"
#include "ctl/ask.h"
#include "ctl/commands.h"
#include "ctl/power.h"
#include "ctl/print.h"

int command_version(struct ctl *c, const struct words *w)
{
    (void)w;
    json_t *version = NULL;
    if (client_call(&c->client, "supervisor.getSupervisorVersion", NULL, &version) < 0)
        return -1;
    print_line("%s", json_string_value(version) ? json_string_value(version) : "");
    json_decref(version);
    return 0;
}

/* 1 when nobody is there to ask, or says yes; 0 for no; -1 when the answer never comes. */
static int really(struct ctl *c, const char *question)
{
    if (!c->o->interactive)
        return 1;
    char *answer = ask(question);
    if (!answer)
        return client_fail(&c->client, FAILURE_INPUT, 0, "%s", ask_end_text());
    int yes = *answer == 'y' || *answer == 'Y';
    mem_free(answer);
    return yes;
}

static int shutdown_failed(struct ctl *c)
{
    const char *url = c->o->serverurl;
    if (client_faulted(&c->client, FAULT_SHUTDOWN_STATE)) {
        print_line("ERROR: already shutting down");
        return 0;
    }
    c->exit = EXIT_GENERIC;
    if (client_socket_failed(&c->client, ECONNREFUSED))
        print_line("ERROR: %s refused connection (already shut down?)", url);
    else if (client_socket_failed(&c->client, ENOENT))
        print_line("ERROR: %s no such file (already shut down?)", url);
    else
        return -1;
    return 0;
}

int command_shutdown(struct ctl *c, const struct words *w)
{
    if (w->count > 0)
        return power_command(c, w);
    int yes = really(c, "Really shut the remote supervisord process down y/N? ");
    if (yes <= 0)
        return yes;
    json_t *answer = NULL;
    if (client_call(&c->client, "supervisor.shutdown", NULL, &answer) < 0)
        return shutdown_failed(c);
    json_decref(answer);
    print_line("Shut down");
    return 0;
}

int command_reload(struct ctl *c, const struct words *w)
{
    (void)w;
    int yes = really(c, "Really restart the remote supervisord process y/N? ");
    if (yes <= 0)
        return yes;
    json_t *answer = NULL;
    if (client_call(&c->client, "supervisor.restart", NULL, &answer) < 0) {
        c->exit = EXIT_GENERIC;
        if (!client_faulted(&c->client, FAULT_SHUTDOWN_STATE))
            return -1;
        print_line("ERROR: already shutting down");
        return 0;
    }
    json_decref(answer);
    print_line("Restarted supervisord");
    return 0;
}

int command_open(struct ctl *c, const struct words *w)
{
    const char *url = w->line;
    if (strncasecmp(url, "unix:", 5) != 0 && strncasecmp(url, "http:", 5) != 0) {
        print_line("ERROR: url must be http:// or unix://");
        c->exit = EXIT_GENERIC;
        return 0;
    }
    client_close(&c->client);
    mem_free(c->o->serverurl);
    c->o->serverurl = mem_strdup(url);
    int before = c->exit;
    int rc = ctl_check(c);
    if (rc > 0)
        rc = command_status(c, &(struct words){0});
    c->exit = before; /* the server was opened, whatever its programs do */
    return rc < 0 ? rc : 0;
}
