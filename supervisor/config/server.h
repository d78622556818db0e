/*
 * What is listened to: the servers of the daemon and what the command needs to find one of them,
 * and the sockets of fcgi-programs.
 */
#ifndef CONFIG_SERVER_H
#define CONFIG_SERVER_H

#include <stdbool.h>
#include <stdint.h>

struct server_config {
    const char *section; /* "unix_http_server", "inet_http_server:two" */
    bool is_unix;
    const char *path;     /* unix */
    int64_t mode;         /* unix: chmod, 0700 unless set */
    int64_t uid, gid;     /* unix: chown, CONFIG_UNSET: unchanged */
    const char *host;     /* inet: "" for every address */
    int64_t port;         /* inet */
    const char *username; /* NULL: no authentication */
    const char *password; /* clear or {SHA}hex; never shown */
};

struct ctl_config {
    const char *serverurl;
    const char *username; /* NULL */
    const char *password; /* NULL; never shown */
    const char *prompt;
    const char *history_file; /* NULL */
};

/* The listening socket that the processes of an fcgi-program share as their descriptor 0. */
struct socket_config {
    const char *url;  /* tcp://host:port or unix:///path, normalised */
    int64_t backlog;  /* CONFIG_UNSET: as many as the system allows */
    int64_t mode;     /* of a unix socket; CONFIG_UNSET for tcp */
    int64_t uid, gid; /* CONFIG_UNSET: unchanged */
};

struct config;
/* Where children find us: the first unix server, else the last TCP one; mem_free. NULL: none. */
char *config_server_url(const struct config *c);

#endif
