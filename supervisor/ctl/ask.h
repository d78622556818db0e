/* Questions to the person at the terminal, or to whatever standard input is. */
#ifndef CTL_ASK_H
#define CTL_ASK_H

/* The answers are lines without their end, or NULL when the input ends; the caller's. */
char *ask(const char *question);

/* Without echo, and at the terminal when there is one, wherever standard input comes from. */
char *ask_secret(const char *question);

#endif
