/* The effective configuration as JSON, in the shape of Supervisor's own parsed attributes. */
#ifndef CONFIG_DUMP_H
#define CONFIG_DUMP_H

#include "base/buf.h"
#include "base/err.h"
#include "config/config.h"
#include "config/load.h"

/*
 * Appends one JSON object in one line: "ok": true, "groups": [{name, priority, type,
 * processes: [...]}], and what is ours: "jobs", "servers", "supervisord", "shutdown",
 * "supervisorctl", "file", "included", and the warnings as "problems". Never a password.
 */
void config_dump(const struct config *c, const struct problem_list *problems, struct buf *out);

/* The same for a configuration that was refused: "ok": false, "error", "problems": [...]. */
void config_dump_problems(const struct problem_list *problems, const struct err *e,
                          struct buf *out);

#endif
