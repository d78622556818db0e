/* What a configuration was made of as JSON and back, see archive.h: never to a file or a log. */
#ifndef CONFIG_PACK_H
#define CONFIG_PACK_H

#include <jansson.h>

#include "base/arena.h"
#include "base/err.h"
#include "config/source.h"

/*
 * Any bytes: a string, or {"base64": "..."} for what JSON cannot hold (no UTF-8, NUL); null is
 * NULL.
 */
json_t *pack_bytes(const char *data, size_t len);
json_t *pack_text(const char *text);

/* NULL when it is none of that, or null; `len` may be NULL, and a NUL in it is refused then. */
const char *unpack_bytes(const json_t *value, struct arena *a, size_t *len);
const char *unpack_text(const json_t *value, struct arena *a);

json_t *sources_pack(const struct config_sources *s);

/* Fills `s`, which is empty but for its arena. -EINVAL, or -EFBIG above the loader's limits. */
int sources_unpack(const json_t *object, struct config_sources *s, struct err *e);

#endif
