#include "control/route.h"

#include <stdbool.h>
#include <string.h>

/* What follows the route's path; NULL: it is another one. */
static const char *route_match(const struct route *row, const char *path)
{
    bool whole = row->path[0] == '=';
    const char *want = row->path + whole;
    size_t len = strlen(want);
    if (strncmp(path, want, len) != 0 || (whole && path[len] != '\0'))
        return NULL;
    return path + len;
}

const struct route *route_find(const struct router *r, const char *method, const char *path,
                               const char **rest, unsigned *status)
{
    *status = strcmp(method, "GET") == 0 || strcmp(method, "HEAD") == 0 ? 404 : 400;
    for (size_t i = 0; i < r->count; i++) {
        const struct route *row = &r->routes[i];
        *rest = route_match(row, path);
        if (!*rest)
            continue;
        *status = strcmp(method, row->method) == 0 ? 200 : *status;
        if (*status == 200)
            return row;
        if (row->path[0] != '=') {
            *status = 400;
            return NULL;
        }
    }
    return NULL;
}
