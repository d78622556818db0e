/*
 * `mainstayd --sweep`, which the unit runs as ExecStopPost=: a process of its own, beside no
 * daemon. Because of KillMode=process the programs outlive a daemon that was killed, so that the
 * next one takes them over. When no next one comes, as the unit was being stopped, they must not:
 * this ends all that is left in the unit's cgroup, and in the scope that belongs to it.
 */
#ifndef SYSTEMD_SWEEP_H
#define SYSTEMD_SWEEP_H

#include <stdbool.h>

/* Was it so that everything was ended since the last daemon? Asked once: it is forgotten. */
bool sweep_was_made(void);

int sweep_main(void); /* the exit status; waits for systemd, and a moment for what it has killed */

#endif
