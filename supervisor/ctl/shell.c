#include "ctl/shell.h"

#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <termios.h>
#include <unistd.h>

#include "base/mem.h"
#include "ctl/ask.h"
#include "ctl/complete.h"
#include "ctl/interrupt.h"
#include "ctl/past.h"
#include "ctl/print.h"

enum { MANY_NAMES = 100 }; /* more are only shown on request */

struct shell {
    struct ctl *ctl; /* borrowed */
    char *prompt;    /* owned */
    EditLine *edit;  /* NULL when there is no terminal */
    struct past past;
    char *tabbed; /* owned; the line as the last Tab left it */
};

/* --- Keys ---------------------------------------------------------------------------------- */

static char *on_prompt(EditLine *edit)
{
    struct shell *s = NULL;
    (void)el_get(edit, EL_CLIENTDATA, &s);
    return s->prompt;
}

/* Whether nothing came since the last Tab, which found nothing to add. */
static bool is_second_tab(struct shell *s)
{
    const LineInfo *line = el_line(s->edit);
    char *now = mem_strndup(line->buffer, (size_t)(line->cursor - line->buffer));
    bool second = s->tabbed && strcmp(s->tabbed, now) == 0;
    mem_free(s->tabbed);
    s->tabbed = now;
    return second;
}

static void forget_tab(struct shell *s)
{
    mem_free(s->tabbed);
    s->tabbed = NULL;
}

static bool wants_many(struct shell *s, size_t count)
{
    char answer = 0;
    if (count <= MANY_NAMES)
        return true;
    (void)printf("Display all %zu possibilities? (y or n)", count);
    (void)fflush(stdout);
    bool wanted = el_getc(s->edit, &answer) == 1 && strchr("yY \t", answer);
    (void)putchar('\n');
    return wanted;
}

static size_t terminal_width(void)
{
    struct winsize size;
    if (ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) < 0 || size.ws_col == 0)
        return 80;
    return size.ws_col;
}

static unsigned char show_names(struct shell *s, const struct completion *found)
{
    (void)putchar('\n');
    if (wants_many(s, found->count))
        print_grid((const char *const *)found->names, found->count, terminal_width());
    (void)fflush(stdout);
    return CC_REDISPLAY;
}

/* The first Tab adds what is certain, a second one shows the candidates. */
static unsigned char on_tab(EditLine *edit, int ch)
{
    (void)ch;
    struct shell *s = NULL;
    (void)el_get(edit, EL_CLIENTDATA, &s);
    const LineInfo *line = el_line(edit);
    bool second = is_second_tab(s);
    unsigned char rc = CC_ERROR;
    struct completion found;
    complete_line(s->ctl, line->buffer, (size_t)(line->cursor - line->buffer), &found);
    if (found.more.len > 0 && el_insertstr(edit, found.more.data) == 0) {
        forget_tab(s);
        rc = CC_REFRESH;
    } else if (found.count > 1 && second) {
        rc = show_names(s, &found);
    }
    completion_close(&found);
    return rc;
}

/* Ctrl-C at the prompt is a key, not a signal: a signal could come just before the wait. */
static unsigned char on_ctrl_c(EditLine *edit, int ch)
{
    (void)edit;
    (void)ch;
    return CC_EOF;
}

/* libedit's own key shows itself at the end of the input. */
static unsigned char on_ctrl_d(EditLine *edit, int ch)
{
    (void)ch;
    const LineInfo *line = el_line(edit);
    if (line->lastchar == line->buffer)
        return CC_EOF;
    if (line->cursor == line->lastchar)
        return CC_ERROR;
    (void)el_cursor(edit, 1);
    el_deletestr(edit, 1);
    return CC_REFRESH;
}

/* --- A terminal ---------------------------------------------------------------------------- */

static void shell_open(struct shell *s)
{
    if (!isatty(STDIN_FILENO) || !isatty(STDOUT_FILENO))
        return;
    s->edit = el_init("mainstayctl", stdin, stdout, stderr);
    if (!s->edit)
        return;
    past_open(&s->past, s->ctl->o->history_file);
    (void)el_set(s->edit, EL_CLIENTDATA, s);
    (void)el_set(s->edit, EL_PROMPT, on_prompt);
    (void)el_set(s->edit, EL_EDITOR, "emacs");
    (void)el_set(s->edit, EL_HIST, history, s->past.lines);
    (void)el_set(s->edit, EL_ADDFN, "complete", "complete the word", on_tab);
    (void)el_set(s->edit, EL_BIND, "^I", "complete", NULL);
    (void)el_set(s->edit, EL_BIND, "^R", "em-inc-search-prev", NULL);
    (void)el_set(s->edit, EL_ADDFN, "leave", "leave the prompt", on_ctrl_c);
    (void)el_set(s->edit, EL_BIND, "^C", "leave", NULL);
    (void)el_set(s->edit, EL_ADDFN, "delete-or-leave", "delete a letter, or leave", on_ctrl_d);
    (void)el_set(s->edit, EL_BIND, "^D", "delete-or-leave", NULL);
    (void)el_set(s->edit, EL_SETTY, "-d", "-isig", NULL);
}

static void shell_close(struct shell *s)
{
    if (s->edit) {
        past_close(&s->past);
        el_end(s->edit);
    }
    forget_tab(s);
    mem_free(s->prompt);
}

/*
 * libedit changes the terminal only when it reads the first key: what is typed before, but
 * behind the prompt, would be shown twice, and Ctrl-C would be a signal. Keeps what was.
 */
static void take_terminal(struct termios *was)
{
    if (tcgetattr(STDIN_FILENO, was) < 0)
        return;
    struct termios t = *was;
    t.c_lflag &= ~(tcflag_t)(ICANON | ECHO | ISIG);
    t.c_cc[VMIN] = 1;
    t.c_cc[VTIME] = 0;
    (void)tcsetattr(STDIN_FILENO, TCSADRAIN, &t);
}

/* The next line, or NULL at the end of the input and after Ctrl-C. */
static char *shell_line(struct shell *s)
{
    if (!s->edit)
        return ask(s->prompt);
    int len = 0;
    struct termios was;
    forget_tab(s);
    take_terminal(&was);
    const char *typed = el_gets(s->edit, &len);
    (void)tcsetattr(STDIN_FILENO, TCSADRAIN, &was);
    if (!typed || len <= 0)
        return NULL;
    char *line = mem_strndup(typed, (size_t)len - (typed[len - 1] == '\n' ? 1 : 0));
    past_add(&s->past, line);
    return line;
}

void shell_run(struct ctl *c)
{
    struct shell s = {.ctl = c, .prompt = mem_printf("%s> ", c->o->prompt)};
    interrupt_leaves();
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
