/* What the parts of config_load share while one configuration is being made. */
#ifndef CONFIG_LOADER_H
#define CONFIG_LOADER_H

#include "config/ini.h"
#include "config/key.h"
#include "config/load.h"
#include "config/type.h"

enum {
    LOADER_FILE_LIMIT = 16 * 1024 * 1024, /* bytes of all files together */
    LOADER_INCLUDE_LIMIT = 4096,          /* files */
    LOADER_PROCESS_LIMIT = 65536,         /* processes of all programs together */
    LOADER_BUDGET = 256 * 1024 * 1024,    /* bytes that all expanded values may take */
};

struct process_list {
    struct process_config *items; /* owned; texts in the configuration's arena */
    size_t count;
    size_t room;
};

struct loader {
    const struct load_options *options;
    struct config *config; /* being made */
    struct ini ini;
    struct problem_list *problems;
    struct type_context types;
    const char *odd;                 /* of environment=, see env_parse */
    bool journal_told;               /* that there is no journald */
    bool env_broken;                 /* the section's environment= could not be read */
    bool here_everywhere;            /* there is an [include] */
    bool lenient;                    /* what is wrong is only odd */
    struct expand_names names;       /* host_node_name and ENV_X, for every section */
    struct expand_names outer_names; /* without [supervisord] environment= */
    struct group_config *groups;     /* owned until they are moved into the arena */
    size_t group_count;
    size_t process_count;
    size_t budget;
};

/* Which rows of a table are read: those whose names are known by then. */
enum load_phase { LOAD_ONCE, LOAD_EACH, LOAD_OWN };

/*
 * Reads the rows of one phase from a section into base. True when all went well; whatever did
 * not is in the problems. `names` may hold more than l->names, which it ends with.
 */
bool load_table(struct loader *l, const struct ini_section *s, const struct key_table *t,
                enum load_phase phase, const struct expand_names *names, void *base);

/* Expands one text that stands for `key` of the section; NULL when that was a problem. */
const char *load_expand(struct loader *l, const struct ini_section *s, const struct key_row *row,
                        const struct ini_entry *entry, const char *text,
                        const struct expand_names *names);

/* At the key's line when it is there, else at the section's. key may be NULL. */
void load_error(struct loader *l, const struct ini_section *s, const char *key, const char *fmt,
                ...) __attribute__((format(printf, 4, 5)));
void load_warning(struct loader *l, const struct ini_section *s, const char *key, const char *fmt,
                  ...) __attribute__((format(printf, 4, 5)));

/* The key sends a log to the journal: warns, once, when there is nobody to take it. */
void load_journal(struct loader *l, const struct ini_section *s, const char *key);
/* x of [program:x], trimmed and checked; NULL when that was a problem. */
const char *load_name(struct loader *l, const struct ini_section *s);
bool section_has(const struct ini_section *s, const char *prefix); /* begins with it */

/* The parts, in the order in which config_load calls them. */
int load_files(struct loader *l, const char *path, struct err *e);
int load_files_again(struct loader *l, struct err *e); /* from the texts of an earlier load */
void load_main(struct loader *l); /* [supervisord], [shutdown]; afterwards all names are known */
void load_power_check(struct loader *l); /* after load_jobs: who is named in [shutdown] is there */
void load_rpcinterfaces(struct loader *l);
void load_groups(struct loader *l);
/* In start order: by priority, then by name. */
int group_order(const struct group_config *a, const struct group_config *b);
void load_jobs(struct loader *l);

/* The keys ready= and listen=: of one program, and then of all of them together. */
bool load_listens(struct loader *l, const struct ini_section *s, struct process_config *p);
void listens_check(struct loader *l);
void load_servers(struct loader *l);           /* [unix_http_server], [inet_http_server] */
void load_ctl(struct loader *l);               /* [supervisorctl] */
void load_lint(struct loader *l);              /* unknown sections and keys */
void load_environment_names(struct loader *l); /* before load_files: [include] may use them */

/* The keys dependent_startup*, see startup.c. */
void startup_read(struct loader *l, const struct ini_section *s, const struct expand_names *names,
                  struct process_config *p);
bool startup_is_plugin(const struct process_config *listener); /* which is built in */
void startup_inherit(struct loader *l); /* before the groups are sorted: priorities */
void startup_check(struct loader *l);   /* afterwards: names */

/* Adds the processes of one program-like section. */
bool load_program(struct loader *l, const struct ini_section *s, const char *group,
                  struct process_list *out);
void load_notifies(struct loader *l); /* [notify:x], and dead_man_url of jobs: further groups */

/* Makes a group of the processes in the list, which is empty afterwards. */
void load_group_add(struct loader *l, const struct ini_section *s, const struct group_config *g,
                    struct process_list *list);

/* The keys of a pool of listeners, and of an fcgi-program's socket. */
bool load_listener(struct loader *l, const struct ini_section *s, struct group_values *out);
bool load_fcgi(struct loader *l, const struct ini_section *s, struct group_values *out);

/* What all processes have, jobs' too: first the keys that do not depend on process_num. */
bool load_process(struct loader *l, const struct ini_section *s, const struct expand_names *names,
                  struct process_config *p);

/*
 * Then the others, and the checks across keys. `command` is the table that command= is read
 * by, or NULL; `name_format` becomes the name, unless it is NULL.
 */
bool load_process_each(struct loader *l, const struct ini_section *s,
                       const struct expand_names *names, const struct key_table *command,
                       const char *name_format, struct process_config *p);

#endif
