#include "ctl/shell.h"

#include <histedit.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <termios.h>
#include <unistd.h>

#include "base/mem.h"
#include "ctl/complete.h"

enum { HISTORY_LINES = 1000 };

struct shell {
    struct ctl *ctl; /* borrowed */
    char *prompt;    /* owned */
    EditLine *edit;  /* NULL when there is no terminal */
    History *history;
};

/* --- One question -------------------------------------------------------------------------- */

static char *read_line(void)
{
    char *line = NULL;
    size_t room = 0;
    ssize_t len = getline(&line, &room, stdin);
    char *copy = NULL;
    if (len >= 0) {
        len -= len > 0 && line[len - 1] == '\n' ? 1 : 0;
        copy = mem_strndup(line, (size_t)len);
        explicit_bzero(line, room); /* it may have been a password */
    }
    free(line);
    return copy;
}

char *shell_ask(const char *question, bool echo)
{
    (void)fputs(question, stdout);
    (void)fflush(stdout);
    struct termios was;
    bool hide = !echo && tcgetattr(STDIN_FILENO, &was) == 0;
    if (hide) {
        struct termios silent = was;
        silent.c_lflag &= ~(tcflag_t)ECHO;
        (void)tcsetattr(STDIN_FILENO, TCSAFLUSH, &silent);
    }
    char *line = read_line();
    if (hide)
        (void)tcsetattr(STDIN_FILENO, TCSAFLUSH, &was);
    return line;
}

/* --- A terminal ---------------------------------------------------------------------------- */

static char *on_prompt(EditLine *edit)
{
    struct shell *s = NULL;
    (void)el_get(edit, EL_CLIENTDATA, &s);
    return s->prompt;
}

static unsigned char on_tab(EditLine *edit, int ch)
{
    (void)ch;
    struct shell *s = NULL;
    (void)el_get(edit, EL_CLIENTDATA, &s);
    const LineInfo *line = el_line(edit);
    struct buf more = BUF_EMPTY;
    complete_line(s->ctl, line->buffer, (size_t)(line->cursor - line->buffer), &more);
    bool done = more.len > 0 && el_insertstr(edit, more.data) == 0;
    buf_close(&more);
    return done ? CC_REFRESH : CC_ERROR;
}

/* Ctrl-C at the prompt is a key, not a signal: a signal could come just before the wait. */
static unsigned char on_ctrl_c(EditLine *edit, int ch)
{
    (void)edit;
    (void)ch;
    return CC_EOF;
}

static void shell_open(struct shell *s)
{
    if (!isatty(STDIN_FILENO) || !isatty(STDOUT_FILENO))
        return;
    HistEvent event;
    s->edit = el_init("mainstayctl", stdin, stdout, stderr);
    if (!s->edit)
        return;
    s->history = history_init();
    (void)history(s->history, &event, H_SETSIZE, HISTORY_LINES);
    (void)history(s->history, &event, H_SETUNIQUE, 1);
    if (s->ctl->o->history_file)
        (void)history(s->history, &event, H_LOAD, s->ctl->o->history_file);
    (void)el_set(s->edit, EL_CLIENTDATA, s);
    (void)el_set(s->edit, EL_PROMPT, on_prompt);
    (void)el_set(s->edit, EL_EDITOR, "emacs");
    (void)el_set(s->edit, EL_HIST, history, s->history);
    (void)el_set(s->edit, EL_ADDFN, "complete", "complete the word", on_tab);
    (void)el_set(s->edit, EL_BIND, "^I", "complete", NULL);
    (void)el_set(s->edit, EL_ADDFN, "leave", "leave the prompt", on_ctrl_c);
    (void)el_set(s->edit, EL_BIND, "^C", "leave", NULL);
    (void)el_set(s->edit, EL_SETTY, "-d", "-isig", NULL);
}

static void shell_close(struct shell *s)
{
    if (s->edit) {
        history_end(s->history);
        el_end(s->edit);
    }
    mem_free(s->prompt);
}

/* Whether Ctrl-C sends a signal. libedit adds its own settings to what it finds. */
static void signal_keys(bool on)
{
    struct termios t;
    if (tcgetattr(STDIN_FILENO, &t) < 0)
        return;
    t.c_lflag = on ? t.c_lflag | ISIG : t.c_lflag & ~(tcflag_t)ISIG;
    (void)tcsetattr(STDIN_FILENO, TCSANOW, &t);
}

/* Kept at once: the command may be one that ends us. */
static void shell_remember(struct shell *s, const char *line)
{
    HistEvent event;
    if (line[strspn(line, " \t\n")] == '\0')
        return;
    (void)history(s->history, &event, H_ENTER, line);
    if (s->ctl->o->history_file)
        (void)history(s->history, &event, H_SAVE, s->ctl->o->history_file);
}

/* The next line, or NULL at the end of the input and after Ctrl-C. */
static char *shell_line(struct shell *s)
{
    if (!s->edit)
        return shell_ask(s->prompt, true);
    int len = 0;
    signal_keys(false);
    const char *line = el_gets(s->edit, &len);
    signal_keys(true);
    if (!line || len <= 0)
        return NULL;
    shell_remember(s, line);
    return mem_strndup(line, (size_t)len - (line[len - 1] == '\n' ? 1 : 0));
}

void shell_run(struct ctl *c)
{
    struct shell s = {.ctl = c, .prompt = mem_printf("%s> ", c->o->prompt)};
    shell_open(&s);
    ctl_line(c, "status");
    while (!c->quit) {
        char *line = shell_line(&s);
        if (!line) {
            (void)putchar('\n');
            break;
        }
        ctl_line(c, line);
        mem_free(line);
    }
    shell_close(&s);
}
