#include "ctl/ask.h"

#include <fcntl.h>
#include <poll.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <termios.h>
#include <unistd.h>

#include "base/mem.h"
#include "ctl/interrupt.h"

static char *read_line(FILE *from)
{
    char *line = NULL;
    size_t room = 0;
    ssize_t len = getline(&line, &room, from);
    char *copy = NULL;
    if (len >= 0) {
        len -= len > 0 && line[len - 1] == '\n' ? 1 : 0;
        copy = mem_strndup(line, (size_t)len);
        explicit_bzero(line, room); /* it may have been a password */
    }
    free(line);
    return copy;
}

char *ask(const char *question)
{
    (void)fputs(question, stdout);
    (void)fflush(stdout);
    return read_line(stdin);
}

const char *ask_end_text(void)
{
    return isatty(STDIN_FILENO) && isatty(STDOUT_FILENO) ? "" : "EOF when reading a line";
}

/* The terminal that controls us; NULL when there is none. */
static FILE *open_terminal(void)
{
    int fd = open("/dev/tty", O_RDWR | O_NOCTTY | O_CLOEXEC);
    FILE *terminal = fd >= 0 ? fdopen(fd, "r") : NULL;
    if (!terminal && fd >= 0)
        (void)close(fd);
    return terminal;
}

static char *ask_terminal(FILE *terminal, const char *question)
{
    struct termios was;
    bool hide = tcgetattr(fileno(terminal), &was) == 0;
    struct termios silent = was;
    struct interrupt i;
    interrupt_begin(&i); /* Ctrl-C waits until the echo is back */
    if (hide) {
        silent.c_lflag &= ~(tcflag_t)ECHO;
        (void)tcsetattr(fileno(terminal), TCSAFLUSH, &silent);
    }
    (void)dprintf(fileno(terminal), "%s", question);
    struct pollfd p = {.fd = fileno(terminal), .events = POLLIN};
    while (!interrupt_seen && ppoll(&p, 1, NULL, &i.before) < 0)
        continue; /* by Ctrl-C: the only signal that is waited for */
    char *line = interrupt_seen ? NULL : read_line(terminal);
    if (hide)
        (void)tcsetattr(fileno(terminal), TCSAFLUSH, &was);
    interrupt_end(&i);
    if (interrupt_seen)
        (void)raise(SIGINT);
    (void)dprintf(fileno(terminal), "\n");
    return line;
}

char *ask_secret(const char *question)
{
    FILE *terminal = open_terminal();
    if (!terminal) {
        (void)fputs(question, stderr);
        char *line = read_line(stdin);
        if (line)
            (void)fputc('\n', stderr);
        return line;
    }
    char *line = ask_terminal(terminal, question);
    (void)fclose(terminal);
    return line;
}
