/* Every kind of section, one row each, with the tables of its keys. */
#ifndef CONFIG_KIND_H
#define CONFIG_KIND_H

#include "config/key.h"

enum { KIND_TABLES = 5 };

struct section_kind {
    const char *name;
    bool named;                                  /* [kind:x]; without the name it means nothing */
    bool prefix;                                 /* anything may follow the name */
    bool free_keys;                              /* other keys are nobody's mistake */
    const struct key_table *tables[KIND_TABLES]; /* NULL behind the last */
    const char *doc;                             /* one sentence */
};

extern const struct section_kind section_kinds[];
extern const size_t section_kind_count;

const struct section_kind *kind_find(const char *section); /* NULL: unknown */
const struct key_row *kind_key(const struct section_kind *k, const char *key);

#endif
