/* From text to the value of a key and back to comparison: one row of operations per key_type. */
#ifndef CONFIG_TYPE_H
#define CONFIG_TYPE_H

#include "base/arena.h"
#include "base/err.h"
#include "config/key.h"
#include "config/source.h"

struct type_context {
    struct arena *arena;            /* values live here */
    bool unresolved;                /* do not look at users, groups and folders */
    const char **odd;               /* see env_parse; may be NULL */
    struct config_sources *sources; /* where the answers of the machine stand; NULL: nowhere */
};

/*
 * Reads an expanded text into base + row->offset. 0, or -EINVAL with a sentence, Supervisor's
 * where it has one; the value is then untouched.
 */
int type_parse(const struct key_row *row, const char *text, const struct type_context *x,
               void *base, struct err *e);

/* What stands there when the key is absent and has no default. */
void type_unset(const struct key_row *row, void *base);

bool type_equal(const struct key_row *row, const void *a, const void *b);

/* "a, b" is two names; an empty text is none, a comma too many is an empty name. */
struct name_list type_names(const char *text, struct arena *a);

#endif
