/*
 * What [supervisorctl] of a configuration file says. Only the main file is read, includes never:
 * the section has to be there, and mainstayctl must work while the programs' part of the
 * configuration is broken.
 */
#ifndef CTL_SETTINGS_H
#define CTL_SETTINGS_H

#include <stdbool.h>

#include "base/err.h"

#define SETTINGS_DEFAULT_URL "http://localhost:9001"          /* Supervisor's */
#define SETTINGS_OUR_URL "unix:///run/mainstay/mainstay.sock" /* mainstayctl without a file */

struct settings {
    bool found;      /* there is a file */
    char *serverurl; /* all owned; NULL: the file does not say */
    char *username;
    char *password;
    char *prompt;
    char *history_file;
};

/*
 * Reads `path`, or what the search path has for `path` NULL; no file there is no error. A file
 * without the section is one, unless `native`: then the daemon's own [unix_http_server] says
 * where it is. -EINVAL, -ENOENT or -EIO with Supervisor's sentence.
 */
int settings_load(struct settings *s, const char *path, bool native, struct err *e);
void settings_close(struct settings *s);

#endif
