#include "config/listen.h"

#include <arpa/inet.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

static int listen_refuse(const char *text, struct err *e)
{
    return err_set(e, -EINVAL,
                   "'%.200s' is no address: write tcp:127.0.0.1:3000, tcp:[::1]:3000, tcp:3000 or "
                   "unix:/path, with NAME= before it to give it a name",
                   text);
}

/* Decimal digits alone, so that nothing is octal, signed or blank. */
static int listen_port(const char *text, unsigned *port)
{
    size_t len = strspn(text, "0123456789");
    *port = 0;
    if (len == 0 || len > 5 || text[len] != '\0')
        return -EINVAL;
    for (size_t i = 0; i < len; i++)
        *port = *port * 10 + (unsigned)(text[i] - '0');
    return *port >= 1 && *port <= 65535 ? 0 : -EINVAL;
}

static void listen_set_v6(struct listen_address *out, const struct in6_addr *host, unsigned port)
{
    out->to.v6 = (struct sockaddr_in6){
        .sin6_family = AF_INET6, .sin6_port = htons((uint16_t)port), .sin6_addr = *host};
    out->len = sizeof out->to.v6;
}

static int listen_v6(const char *place, struct listen_address *out)
{
    char host[INET6_ADDRSTRLEN];
    struct in6_addr address;
    unsigned port;
    const char *end = strchr(place, ']');
    if (!end || end[1] != ':' || (size_t)(end - place) > sizeof host || listen_port(end + 2, &port))
        return -EINVAL;
    memcpy(host, place + 1, (size_t)(end - place - 1));
    host[end - place - 1] = '\0';
    if (inet_pton(AF_INET6, host, &address) != 1)
        return -EINVAL;
    listen_set_v6(out, &address, port);
    (void)inet_ntop(AF_INET6, &address, host, sizeof host);
    (void)snprintf(out->text, sizeof out->text, "tcp:[%s]:%u", host, port);
    return 0;
}

static int listen_v4(const char *place, struct listen_address *out)
{
    char host[INET_ADDRSTRLEN];
    struct in_addr address;
    unsigned port;
    const char *colon = strchr(place, ':');
    if (!colon || (size_t)(colon - place) >= sizeof host || listen_port(colon + 1, &port))
        return -EINVAL;
    memcpy(host, place, (size_t)(colon - place));
    host[colon - place] = '\0';
    if (inet_pton(AF_INET, strcmp(host, "localhost") == 0 ? "127.0.0.1" : host, &address) != 1)
        return -EINVAL;
    out->to.v4 = (struct sockaddr_in){
        .sin_family = AF_INET, .sin_port = htons((uint16_t)port), .sin_addr = address};
    out->len = sizeof out->to.v4;
    (void)inet_ntop(AF_INET, &address, host, sizeof host);
    (void)snprintf(out->text, sizeof out->text, "tcp:%s:%u", host, port);
    return 0;
}

static int listen_tcp(const char *place, struct listen_address *out)
{
    unsigned port;
    if (*place == '[')
        return listen_v6(place, out);
    if (listen_port(place, &port) < 0)
        return listen_v4(place, out);
    listen_set_v6(out, &in6addr_any, port);
    (void)snprintf(out->text, sizeof out->text, "tcp:%u", port);
    return 0;
}

static int listen_unix(const char *path, struct listen_address *out, struct err *e)
{
    size_t len = strlen(path);
    out->to.un.sun_family = AF_UNIX;
    if (len >= sizeof out->to.un.sun_path)
        return err_set(e, -EINVAL,
                       "the path of the socket %.200s is too long: the system allows %zu bytes",
                       path, sizeof out->to.un.sun_path - 1);
    memcpy(out->to.un.sun_path, path, len + 1);
    out->len = sizeof out->to.un;
    (void)snprintf(out->text, sizeof out->text, "unix:%s", path);
    return 0;
}

/* What LISTEN_FDNAMES can hold. */
static bool listen_name_is_good(const char *name, size_t len)
{
    for (size_t i = 0; i < len; i++) {
        if (name[i] <= ' ' || name[i] > '~' || name[i] == ':')
            return false;
    }
    return len > 0 && len <= LISTEN_NAME_MAX;
}

int listen_parse(const char *text, struct listen_address *out, struct err *e)
{
    const char *place = text;
    const char *equals = strchr(text, '=');
    const char *colon = strchr(text, ':');
    *out = (struct listen_address){0};
    if (equals && (!colon || equals < colon)) {
        out->name = text;
        out->name_len = (size_t)(equals - text);
        place = equals + 1;
        if (!listen_name_is_good(out->name, out->name_len))
            return err_set(e, -EINVAL,
                           "'%.200s': a name has 1 to %d visible characters, none of them a colon",
                           text, LISTEN_NAME_MAX);
    }
    if (strncmp(place, "unix:/", 6) == 0)
        return listen_unix(place + 5, out, e);
    if (strncmp(place, "tcp:", 4) == 0 && listen_tcp(place + 4, out) == 0)
        return 0;
    return listen_refuse(text, e);
}

static bool listen_is_any(const struct listen_address *a)
{
    if (a->to.any.sa_family == AF_INET)
        return a->to.v4.sin_addr.s_addr == htonl(INADDR_ANY);
    return memcmp(&a->to.v6.sin6_addr, &in6addr_any, sizeof in6addr_any) == 0;
}

static bool listen_is_both(const struct listen_address *a)
{
    return a->to.any.sa_family == AF_INET6 && strchr(a->text, '[') == NULL;
}

bool listen_clash(const struct listen_address *a, const struct listen_address *b)
{
    if (strcmp(a->text, b->text) == 0)
        return true;
    if (a->to.any.sa_family == AF_UNIX || b->to.any.sa_family == AF_UNIX)
        return false;
    /* the port lies at the same place in both families */
    if (a->to.v4.sin_port != b->to.v4.sin_port)
        return false;
    if (listen_is_both(a) || listen_is_both(b))
        return true;
    return a->to.any.sa_family == b->to.any.sa_family && (listen_is_any(a) || listen_is_any(b));
}
