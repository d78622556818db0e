/*
 * An address of listen=: "[NAME=]tcp:[HOST:]PORT" or "[NAME=]unix:/path". Pure; hosts are numbers,
 * so that nobody ever waits for the name service.
 */
#ifndef CONFIG_LISTEN_H
#define CONFIG_LISTEN_H

#include <netinet/in.h>
#include <stdbool.h>
#include <stddef.h>
#include <sys/socket.h>
#include <sys/un.h>

#include "base/err.h"

enum {
    LISTEN_NAME_MAX = 255, /* bytes of a name */
    LISTEN_TEXT_MAX = 128, /* of the address in one way of writing, with its NUL */
};

struct listen_address {
    const char *name; /* points into the text that was read; not terminated. NULL: none */
    size_t name_len;
    char text[LISTEN_TEXT_MAX]; /* "tcp:127.0.0.1:80", "tcp:[::1]:80", "tcp:80", "unix:/path" */
    union {
        struct sockaddr any;
        struct sockaddr_in v4;
        struct sockaddr_in6 v6; /* all of them for "tcp:80": both families */
        struct sockaddr_un un;
    } to;
    socklen_t len;
};

/* -EINVAL with a sentence that says how it is written. */
int listen_parse(const char *text, struct listen_address *out, struct err *e);

/* Can only one of them be listened at? */
bool listen_clash(const struct listen_address *a, const struct listen_address *b);

#endif
