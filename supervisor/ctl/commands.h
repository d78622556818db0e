/*
 * The commands of mainstayctl: one table that drives dispatch, the checks of arguments, help
 * and (checked by a test) the man page.
 *
 * A command's function prints what it has to say and sets ctl->exit; it returns 0, or -1 when
 * the client failed in a way that the command has no words for. The exit status is sticky: the
 * last failure wins, success never takes one back.
 */
#ifndef CTL_COMMANDS_H
#define CTL_COMMANDS_H

#include <stdbool.h>
#include <stddef.h>

#include "ctl/client.h"

enum ctl_exit {
    EXIT_FINE = 0,
    EXIT_GENERIC = 1,
    EXIT_INVALID = 2,
    EXIT_STATUS_STOPPED = 3, /* status: something shown is not running */
    EXIT_UNIMPLEMENTED = 3,  /* the daemon has no supervisor namespace */
    EXIT_STATUS_UNKNOWN = 4, /* status: an unknown name, or no daemon */
    EXIT_REFUSED = 4,        /* connection refused */
    EXIT_WRONG_VERSION = 5,
    EXIT_NOT_RUNNING = 7,
};

struct ctl {
    struct invocation *o; /* borrowed */
    struct client client;
    int exit;
    bool quit; /* the shell shall end */
};

/* The words behind a command. */
struct words {
    const char *line; /* all of them as they were typed; borrowed */
    char *text;       /* owned; cut up */
    char **items;     /* owned array of pointers into text */
    size_t count;
};

enum command_flag {
    COMMAND_NO_ARGS = 1,  /* refuses arguments */
    COMMAND_CHECK = 2,    /* first asks the daemon for its version */
    COMMAND_NATIVE = 4,   /* not in supervisorctl */
    COMMAND_UNLISTED = 8, /* not in the list that help prints */
    COMMAND_SPARE = 16,   /* takes arguments, but as supervisorctl refuses them */
};

// clang-format off
enum command_words {
    COMPLETE_NONE, COMPLETE_COMMANDS, COMPLETE_GROUPS, COMPLETE_PROCESSES, COMPLETE_JOBS,
    COMPLETE_ALL
};
// clang-format on

struct command {
    const char *name;
    int (*run)(struct ctl *c, const struct words *w);
    unsigned flags;
    enum command_words completes;
    size_t least;        /* words that must be there, */
    const char *missing; /* what is said when they are not, */
    int missing_exit;    /* and the exit status then */
    const char *help;    /* lines of "form<tabs>text" */
    const char *more;    /* more of them, not as supervisorctl; NULL */
};

extern const struct command command_table[];
extern const size_t command_count;

/* NULL when there is none of this name for how we were called. */
const struct command *command_find(const struct ctl *c, const char *name, size_t len);
void command_print_help(const struct ctl *c, const struct command *row);

void ctl_init(struct ctl *c, struct invocation *o);
void ctl_close(struct ctl *c);

/* Runs one line: finds the command, checks, runs, prints what went wrong. */
void ctl_line(struct ctl *c, const char *line);

/* True when `name` is among the words. */
bool words_have(const struct words *w, const char *name);

/* Looks whether a daemon of the right version answers; says why not. 1 yes, 0 no, -1 failure. */
int ctl_check(struct ctl *c);

/* process.c */
int command_status(struct ctl *c, const struct words *w);
int command_pid(struct ctl *c, const struct words *w);
int command_start(struct ctl *c, const struct words *w);
int command_stop(struct ctl *c, const struct words *w);
int command_restart(struct ctl *c, const struct words *w);
int command_signal(struct ctl *c, const struct words *w);
int command_clear(struct ctl *c, const struct words *w);

/* logs.c */
int command_tail(struct ctl *c, const struct words *w);
int command_maintail(struct ctl *c, const struct words *w);

/* groups.c */
int command_add(struct ctl *c, const struct words *w);
int command_avail(struct ctl *c, const struct words *w);
int command_remove(struct ctl *c, const struct words *w);
int command_reread(struct ctl *c, const struct words *w);
int command_update(struct ctl *c, const struct words *w);

/* daemon.c */
int command_open(struct ctl *c, const struct words *w);
int command_reload(struct ctl *c, const struct words *w);
int command_shutdown(struct ctl *c, const struct words *w);
int command_version(struct ctl *c, const struct words *w);
int command_upgrade(struct ctl *c, const struct words *w); /* upgrade.c */
int command_metrics(struct ctl *c, const struct words *w); /* metrics.c */
int command_fg(struct ctl *c, const struct words *w);      /* foreground.c */

#endif
