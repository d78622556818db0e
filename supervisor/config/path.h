/* File names as Supervisor reads them: ~ is a home folder, relative ones start where we do. */
#ifndef CONFIG_PATH_H
#define CONFIG_PATH_H

#include <stdbool.h>

#include "base/arena.h"

/* "~/x" and "~user/x" with the home folder; as it is when there is no such user. */
const char *path_home(struct arena *a, const char *path);

/* Absolute, without "//", "." and ".." parts (by text: links are not followed). */
const char *path_normal(struct arena *a, const char *path);

const char *path_folder(struct arena *a, const char *path); /* everything before the last / */
bool path_is_folder(const char *path);

/* True when the folder part exists; a name without a folder part is always fine. */
bool path_has_folder(struct arena *a, const char *path);

#endif
