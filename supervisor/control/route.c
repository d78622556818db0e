#include "control/route.h"

#include <string.h>

const struct route *route_find(const struct router *r, const char *method, const char *path,
                               const char **rest, unsigned *status)
{
    for (size_t i = 0; i < r->count; i++) {
        const struct route *row = &r->routes[i];
        size_t len = strlen(row->prefix);
        if (strncmp(path, row->prefix, len) != 0)
            continue;
        *rest = path + len;
        *status = strcmp(method, row->method) == 0 ? 200 : 400;
        return *status == 200 ? row : NULL;
    }
    *status = strcmp(method, "GET") == 0 || strcmp(method, "HEAD") == 0 ? 404 : 400;
    return NULL;
}
