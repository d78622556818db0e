/* How the daemon is reached: its servers, and what the command needs to find one of them. */
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

#endif
