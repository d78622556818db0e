/* Users and groups by name or number. Asks the machine (getpwnam): not for the event loop. */
#ifndef CONFIG_USER_H
#define CONFIG_USER_H

#include <stdint.h>

#include "base/err.h"

/* uid and primary gid. -EINVAL with "Invalid user name X" or "Invalid user id N". */
int user_find(const char *text, int64_t *uid, int64_t *gid, struct err *e);

/* -EINVAL with "Invalid group name X" or "Invalid group id N". */
int user_group(const char *text, int64_t *gid, struct err *e);

#endif
