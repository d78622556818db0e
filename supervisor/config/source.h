/*
 * What a configuration was made of: the bytes of every file that was read, in order, what the
 * command line added, the environment, and what the machine answered meanwhile (users, folders,
 * its name). With it the same snapshot can be made again after an upgrade or a crash, although
 * the files, users and folders have changed or are gone (load.h, config_load_again).
 *
 * It lies in the arena of its configuration, once; mergers have none, their parts do. It may hold
 * secrets (environment=, passwords): it is never logged or shown, and archive.h says where it may
 * be written.
 */
#ifndef CONFIG_SOURCE_H
#define CONFIG_SOURCE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/err.h"
#include "config/process.h"

struct config_text {
    const char *path; /* as it was opened */
    const char *data; /* NUL-terminated; may hold any byte */
    size_t len;
};

/* What a load asks of the machine; an answer is yes or no, a text, and up to two numbers. */
enum source_question {
    SOURCE_USER,      /* by name or number: uid and primary gid */
    SOURCE_GROUP,     /* likewise: gid */
    SOURCE_HOME,      /* of a user, "": our own: the folder */
    SOURCE_FOLDER,    /* is it there? only a no is written down */
    SOURCE_CWD,       /* where relative paths start */
    SOURCE_TEMPORARY, /* the folder for what is temporary */
    SOURCE_NODE,      /* the machine's name */
    SOURCE_SELF,      /* who we are: uid */
    SOURCE_ZONE,      /* is there a time zone of this name? with the reason why not */
    SOURCE_QUESTIONS,
};

struct source_answer {
    struct source_answer *next;
    enum source_question question;
    const char *about; /* the user, the path; "" */
    bool yes;
    const char *text; /* NULL: none */
    int64_t first, second;
};

struct config_sources {
    struct arena *arena; /* borrowed: the configuration's */
    bool again;          /* a load from this, which asks nobody for what stands here */
    const char *here;    /* for %(here)s of the main file */
    bool unresolved;     /* see load_options */
    struct config_text *texts;
    size_t text_count; /* the main file, then what [include] brought, in the order of reading */
    struct env_list overrides;
    struct env_list environ;
    struct source_answer *answers; /* each question once */
};

/* A copy in arena `a` of all of it, for a load from it. */
struct config_sources *sources_copy(const struct config_sources *from, struct arena *a);
struct env_list sources_copy_list(struct arena *a, const struct env_list *from);

/* Of an answer that is there; NULL: nobody has asked yet. */
const struct source_answer *sources_find(const struct config_sources *s, enum source_question q,
                                         const char *about);
/* Writes a copy down. */
const struct source_answer *sources_answer(struct config_sources *s,
                                           const struct source_answer *answer);

/*
 * The questions. `s` may be NULL: the machine is asked, and nothing written down. They may block
 * (users): not for the event loop.
 */
int source_user(struct config_sources *s, const char *text, int64_t *uid, int64_t *gid,
                struct err *e);
/* "user" (gid becomes CONFIG_UNSET) or "user:group". */
int source_owner(struct config_sources *s, const char *text, int64_t *uid, int64_t *gid,
                 struct err *e);
bool source_is_folder(struct config_sources *s, const char *path);
/* True when the folder part is there; a name without a folder part is always fine. */
bool source_has_folder(struct config_sources *s, struct arena *a, const char *path);
const char *source_path_home(struct config_sources *s, struct arena *a, const char *path);
const char *source_path_normal(struct config_sources *s, struct arena *a, const char *path);
const char *source_temporary(struct config_sources *s);
const char *source_node(struct config_sources *s); /* "" when it has no name */
int64_t source_self(struct config_sources *s);
int source_zone(struct config_sources *s, const char *name, struct err *e); /* can it be read? */

#endif
