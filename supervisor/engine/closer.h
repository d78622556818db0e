/*
 * Closes descriptors that others have sent us. The last close of a socket may linger, that of a
 * file may ask a server: a process of its own does it, in a table that is ours, too.
 *
 * Only so many at a time: while all are at work nobody may take descriptors in.
 */
#ifndef ENGINE_CLOSER_H
#define ENGINE_CLOSER_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include "base/list.h"

enum { CLOSER_MAX = 4 };

/* Who waits until one is free. The owner removes it with closer_wait_end before it goes. */
struct closer_waiter {
    struct list link;
    void (*on_free)(struct closer_waiter *waiter); /* called once, from the loop */
};

bool closer_free(void);
void closer_close(int *fds, size_t count); /* one must be free */
bool closer_exited(pid_t pid);             /* was that one of them? */

void closer_wait(struct closer_waiter *waiter);     /* twice is fine */
void closer_wait_end(struct closer_waiter *waiter); /* also when it does not wait */

#endif
