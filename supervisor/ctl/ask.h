/* Questions to the person at the terminal, or to whatever standard input is. */
#ifndef CTL_ASK_H
#define CTL_ASK_H

/* The answers are lines without their end, or NULL when the input ends; the caller's. */
char *ask(const char *question);

/* What supervisorctl's language has to say about an input that ends; nothing at a terminal. */
const char *ask_end_text(void);

/* Without echo, and at the terminal when there is one, wherever standard input comes from. */
char *ask_secret(const char *question);

#endif
