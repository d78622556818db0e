/*
 * What people have decided about the power-off, where it outlives the daemon: planned by hand, put
 * off, cancelled, or held up by somebody. A daemon that was killed where no systemd keeps what it
 * knew, or that was restarted, finds it again, until the machine boots anew.
 *
 * The note is the file `poweroff` of the folder of what outlives the daemon, with a line for each
 * value. It is not synced: what it is about does not outlive the machine.
 */
#ifndef JOBS_POWER_NOTE_H
#define JOBS_POWER_NOTE_H

#include <stdbool.h>
#include <stddef.h>

#include "base/buf.h"
#include "jobs/powerplan.h"

enum {
    POWER_NOTE_MAX = 4096, /* bytes: a longer file is not ours */
    POWER_BOOT_SIZE = 40,  /* of the name of a boot, with its NUL */
};

struct power_note {
    char *path;                 /* owned; NULL: there is no folder, and nothing is remembered */
    char boot[POWER_BOOT_SIZE]; /* which boot of the machine this is */
    struct buf written;         /* what is there, as far as we know */
    bool failing;               /* said that it cannot be written */
};

/* `folder` may be NULL, and may be another one than before: what is there goes. */
void power_note_open(struct power_note *n, const char *folder);
void power_note_close(struct power_note *n);

/* False: there is no note, or of another boot, or one that makes no sense; that is logged. */
bool power_note_read(struct power_note *n, struct power_plan *plan);
void power_note_write(struct power_note *n,
                      const struct power_plan *plan); /* NULL: there is none */

/* Pure: as text, and back; false: it is of another boot, or makes no sense (then `*bad`). */
void power_note_text(const struct power_plan *plan, const char *boot, struct buf *out);
bool power_note_parse(const char *text, const char *boot, struct power_plan *plan, bool *bad);

#endif
