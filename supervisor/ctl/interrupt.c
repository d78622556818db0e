#include "ctl/interrupt.h"

#include <unistd.h>

/* A signal handler can reach nothing else. */
volatile sig_atomic_t interrupt_seen;

static void on_interrupt(int signal)
{
    (void)signal;
    interrupt_seen = 1;
}

static void on_leave(int signal)
{
    (void)signal;
    if (write(STDOUT_FILENO, "\n", 1) < 0)
        _exit(1);
    _exit(0);
}

void interrupt_begin(struct interrupt *i)
{
    sigset_t block;
    (void)sigemptyset(&block);
    (void)sigaddset(&block, SIGINT);
    (void)sigprocmask(SIG_BLOCK, &block, &i->before);
    const struct sigaction on = {.sa_handler = on_interrupt};
    (void)sigaction(SIGINT, &on, &i->was);
    interrupt_seen = 0;
}

void interrupt_end(const struct interrupt *i)
{
    (void)sigaction(SIGINT, &i->was, NULL);
    (void)sigprocmask(SIG_SETMASK, &i->before, NULL);
}

void interrupt_leaves(void)
{
    const struct sigaction on = {.sa_handler = on_leave};
    (void)sigaction(SIGINT, &on, NULL);
}
