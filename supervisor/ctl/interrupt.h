/* What Ctrl-C does: end a wait, or leave the prompt. */
#ifndef CTL_INTERRUPT_H
#define CTL_INTERRUPT_H

#include <signal.h>

struct interrupt {
    sigset_t before; /* the mask under which to wait: Ctrl-C comes in there only */
    struct sigaction was;
};

/* Set by Ctrl-C between interrupt_begin and interrupt_end. */
extern volatile sig_atomic_t interrupt_seen;

void interrupt_begin(struct interrupt *i);
void interrupt_end(const struct interrupt *i);

/* From now on Ctrl-C ends the program as the end of the input would. */
void interrupt_leaves(void);

#endif
