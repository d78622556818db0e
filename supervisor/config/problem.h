/* Collecting what is wrong in the files; struct problem itself is in load.h. */
#ifndef CONFIG_PROBLEM_H
#define CONFIG_PROBLEM_H

#include "config/load.h"

enum problem_kind { PROBLEM_ERROR, PROBLEM_WARNING };
enum { PROBLEM_LIMIT = 1000 }; /* more are counted, not kept */

/* key may be NULL; the same problem at the same place is kept once. */
void problem_add(struct problem_list *l, enum problem_kind kind, struct config_place at,
                 const char *key, const char *fmt, ...) __attribute__((format(printf, 5, 6)));

void problem_list_sort(struct problem_list *l); /* by file and line */

#endif
