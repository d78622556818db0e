/* What mainstayctl says, and in which shape. Everything goes to standard output. */
#ifndef CTL_PRINT_H
#define CTL_PRINT_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>

#include "base/buf.h"

/* Control characters are shown as \xNN: they come from a server and go to a terminal. */
void print_line(const char *fmt, ...) __attribute__((format(printf, 1, 2)));

/* Text as Python shows a string in a message: quoted, with escapes. Appends. */
void print_quoted(struct buf *out, const char *text);

/* Names in columns, as many as fit into 79 characters, filled downwards. */
void print_columns(const char *const *names, size_t count);

/* Names in columns of one width, in `width` characters: as GNU readline shows choices. */
void print_grid(const char *const *names, size_t count, size_t width);

/* A member of a struct; "" or 0 when it is missing or of another type. */
const char *print_text_of(const json_t *object, const char *name);
json_int_t print_int_of(const json_t *object, const char *name);

/* The table of `status`: an array of getAllProcessInfo's structs; with one of
 * getAllProcessResources's (or NULL), a second line for each. */
void print_statuses(const json_t *infos, const json_t *usages);

/* The table of `jobs`: an array of structs name, statename, description. */
void print_jobs(const json_t *infos);

/* What `jobs --calendar` shows: an array of structs day, times, job. */
void print_calendar(const json_t *days);

/* The table of `history`: an array of structs when, took, cause, description. */
/* `verbose`: with a second line for each, when it ended, how, and where its output is. */
void print_history(const json_t *attempts, bool verbose);

/* One line of `avail` from one of getAllConfigInfo's structs. */
void print_available(const json_t *info);

#endif
