/* Which part of the program answers which request: by the beginning of the path. Pure. */
#ifndef CONTROL_ROUTE_H
#define CONTROL_ROUTE_H

#include <stddef.h>

struct exchange;
struct router;

struct route {
    const char *path;   /* "/RPC2": everything that begins so, as in Supervisor; "=/": just that */
    const char *method; /* of a path without `=` the only one: any other is 400 */
    void (*handle)(struct router *r, struct exchange *x, const char *rest);
};

/* A table of routes, embedded in whoever the handlers belong to. */
struct router {
    const struct route *routes;
    size_t count;
    /* The client of an exchange that is not answered yet has left: forget it. NULL: nobody cares */
    void (*on_gone)(struct router *r, struct exchange *x);
};

/*
 * The first route for the request, with what follows the prefix in *rest; or NULL and *status:
 * 404 for an unknown path, 400 for a method that is not served there.
 */
const struct route *route_find(const struct router *r, const char *method, const char *path,
                               const char **rest, unsigned *status);

#endif
