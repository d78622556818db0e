/*
 * From the bytes of a file to sections, keys and values, by the rules of Python's
 * RawConfigParser as Supervisor uses it. libinih parses; our own reader in front of it strips
 * comments, joins continuations and cuts what is long, so that nothing is ever lost to the
 * limits of libinih's buffers.
 */
#ifndef CONFIG_INI_H
#define CONFIG_INI_H

#include "base/arena.h"
#include "config/load.h"

enum { INI_SECTIONS = 20000, INI_KEYS = 1000 }; /* in all files together; in one section */

struct ini_entry {
    const char *name; /* lower case */
    const char *value;
    const char *here; /* folder of the file it stands in */
    struct config_place place;
};

struct ini_section {
    const char *name; /* as written */
    struct config_place place;
    struct ini_entry *entries; /* owned */
    size_t count;
    size_t room;
};

/* sections[0] is [DEFAULT], whose keys every section has unless it has its own. */
struct ini {
    struct arena *arena;          /* borrowed; texts live here */
    struct ini_section *sections; /* owned; in the order of their first appearance */
    size_t count;
    size_t room;
};

struct ini_source {
    const char *path; /* for messages */
    const char *here;
    bool included; /* not the main file */
};

void ini_init(struct ini *ini, struct arena *a);
void ini_close(struct ini *ini);

/*
 * Adds what one file says; later keys win. What is wrong goes to `problems`. The section
 * [mainstay] is [supervisord].
 */
void ini_read(struct ini *ini, const struct ini_source *source, const char *data, size_t len,
              struct problem_list *problems);

/* Adds one key to a section that is there already; the texts must live as long as the arena. */
void ini_put(struct ini *ini, const char *section, const struct ini_entry *entry);

const struct ini_section *ini_find(const struct ini *ini, const char *section);

/* With the fallback to [DEFAULT]; NULL when there is none. */
const struct ini_entry *ini_get(const struct ini *ini, const struct ini_section *s,
                                const char *key);

#endif
