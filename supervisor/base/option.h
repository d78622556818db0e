/*
 * The options of a command line as a table: how they are found, taken and explained. What a value
 * means is the program's own: each row has the function that takes it; the usual ones are here.
 *
 * Long options only, `--name VALUE` or `--name=VALUE`, never abbreviated, in any order with other
 * words; behind `--` all are words. Not for mainstayd and mainstayctl, which take Supervisor's.
 */
#ifndef BASE_OPTION_H
#define BASE_OPTION_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/err.h"

struct option_row;

/* 0 or -EINVAL with a sentence that names the option. `to` is the program's struct; the value is
 * borrowed from argv and not empty, or "" of an option that takes none. */
typedef int option_set(void *to, const struct option_row *row, const char *value, struct err *e);

/* A word that is no option. */
typedef int option_word(void *to, const char *word, struct err *e);

struct option_row {
    const char *name;     /* "--log"; NULL: a heading, which is `help` */
    const char *argument; /* as the help shows it; NULL: takes none */
    option_set *set;
    size_t offset;              /* in the program's struct, for the functions below */
    const char *help;           /* its lines; NULL: another name of the row before, not shown */
    const char *const *choices; /* ends in NULL */
    int64_t min, max;
    bool optional; /* the next word is its value only when it is a choice; without one the first */
};

struct option_table {
    const struct option_row *rows;
    size_t count;
    unsigned column; /* where the texts of the help begin */
};

/* All of argv, which ends in NULL, behind the program's name. */
int option_parse(const struct option_table *t, void *to, char **argv, option_word *word,
                 struct err *e);

void option_help(const struct option_table *t, struct buf *out);

/* What is at `offset`: a bool, a const char *, an int64_t (within min and max; a time is in ms),
 * an enum. */
option_set option_flag;     /* becomes true */
option_set option_text;     /* any text */
option_set option_number;   /* a whole number */
option_set option_duration; /* "1.5s", "10m"; min and max in ms */
option_set option_choice;   /* the place of the value among the choices */
option_set option_one_of;   /* one of the choices, as text */
option_set option_switch;   /* no value: becomes `min` */

#endif
