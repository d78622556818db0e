/* File names as Supervisor reads them: ~ is a home folder, relative ones start where we do. */
#ifndef CONFIG_PATH_H
#define CONFIG_PATH_H

#include <stdbool.h>

#include "base/arena.h"

/* Of "~user/x" the user, of "~/x" ""; NULL when the path does not begin so. */
const char *path_home_user(struct arena *a, const char *path);
/* Of a user, of "" our own; NULL when there is no such user. Asks the machine, borrowed from it. */
const char *path_home_of(const char *user);
/* "~/x" and "~user/x" with this home folder. */
const char *path_in_home(struct arena *a, const char *path, const char *home);

/*
 * Absolute, without "//", "." and ".." parts (by text: links are not followed). A path that is
 * not absolute starts at `cwd`.
 */
const char *path_normal_in(struct arena *a, const char *cwd, const char *path);

const char *path_folder(struct arena *a, const char *path); /* everything before the last / */
bool path_is_folder(const char *path);

#endif
