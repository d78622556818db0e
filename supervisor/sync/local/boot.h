/*
 * Which start of the machine this is: what was written since then and not flushed is still what
 * was written; of what is older, only what was flushed is.
 */
#ifndef SYNC_LOCAL_BOOT_H
#define SYNC_LOCAL_BOOT_H

#include <stdbool.h>

const char *boot_id(void); /* "-" where it is not known; from any thread */
bool boot_is_this(const char *id);

#endif
