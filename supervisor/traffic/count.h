/*
 * Requests per path. Either the paths are given beforehand and nothing else is counted, or every
 * path that comes is, up to a limit; what is beyond the limit is counted together.
 */
#ifndef TRAFFIC_COUNT_H
#define TRAFFIC_COUNT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
    COUNT_ROUTES_MAX = 1000, /* paths with a number of their own */
    COUNT_PATH_MAX = 2048,   /* bytes of a path that gets one */
    COUNT_SLOTS = 4096,      /* a power of two, well above COUNT_ROUTES_MAX */
};

struct route {
    char *path; /* owned */
    size_t len;
    uint64_t requests;
};

struct count {
    struct route routes[COUNT_ROUTES_MAX]; /* in the order in which they came */
    size_t route_count;
    uint16_t slots[COUNT_SLOTS]; /* hash table: index into routes plus one, 0: free */
    bool fixed;                  /* only the routes that were added are counted */
    uint64_t other;              /* requests for paths without a number of their own */
};

void count_init(struct count *c);
void count_close(struct count *c);

/*
 * Adds a route with 0 requests, and makes the set fixed. False when COUNT_ROUTES_MAX are there
 * already, or the path is longer than COUNT_PATH_MAX or no UTF-8. Twice the same is one route.
 */
bool count_add(struct count *c, const char *path);

void count_path(struct count *c, const char *path, size_t len);

#endif
