/* The effective configuration as JSON, in the shape of Supervisor's own parsed attributes. */
#ifndef CONFIG_DUMP_H
#define CONFIG_DUMP_H

#include "base/buf.h"
#include "config/config.h"

/*
 * Appends one JSON object: "ok": true, "groups": [{name, priority, type, processes: [...]}], and
 * the native "jobs". Never a password.
 */
void config_dump(const struct config *c, struct buf *out);

#endif
