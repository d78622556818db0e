/*
 * The folder beside the target (or, in place, in it), for release*.c alone: what lies in it, whose
 * it is, and what a process that was killed amid a switch meant to do.
 *
 *     lock               held by the one who may write
 *     confirmed          its time: when the target was whole
 *     VERSION/           what the target shows, and what it showed before
 *     VERSION.manifest
 *     previous           link to the version before
 *     next/              being built; next.manifest says what is there of it, next.manifest.new
 *                        what the run now knows
 *     link               the target's next link; a folder when it was exchanged for the target
 *     before             what `previous` will name once the target is switched
 *     place.manifest     as next.manifest, of a run in place (and place.manifest.new)
 *     manifest           of a target in place, whose store is in it
 *
 * A switch: `link` and `before` are made, next/ gets its name, all is flushed, `link` becomes the
 * target. Whoever comes after a kill finds one of these states and goes on or back.
 */
#ifndef SYNC_LOCAL_RELEASE_STORE_H
#define SYNC_LOCAL_RELEASE_STORE_H

#include "sync/local/release.h"

#define STORE_LOCK "lock"
#define STORE_CONFIRMED "confirmed"
#define STORE_LINK "link"
#define STORE_BEFORE "before"
#define STORE_NEXT "next"

void release_init(struct release *p);
bool store_is_inside(const struct release *p);

/* Opens the store without making it: -ENOENT when there is none. */
int store_open(struct release *p, struct err *e);
/* Makes it; it must belong to somebody who could change the target anyway. */
int store_make(struct release *p, struct err *e);
/* Takes the lock, looks again what the target shows, and settles what a killed process began. */
int store_lock(struct release *p, struct err *e);
/* Settles a switch that is half done, or done but for the names: also the end of every switch. */
int store_settle(struct release *p, struct err *e);

/* Keeps what the table above names and belongs to the versions that are wanted; all else goes. */
int store_clean(struct release *p, struct err *e);

/* Names for manifests; the caller's. */
char *store_known_name(const struct release *p);
const char *store_staged_name(const struct release *p);
const char *store_run_name(const struct release *p);

bool store_has(const struct release *p, const char *name);
int store_rename(const struct release *p, const char *from, const char *to); /* missing: fine */
char *store_read_link(const struct release *p, const char *name);            /* NULL: none */
int store_put_link(const struct release *p, const char *name, const char *text);

/*
 * Prepare says in the store what is meant to be: the target is to show `version`, and `previous`
 * what it shows now. After it, and after the switch, settle.
 */
int store_prepare(struct release *p, const char *version, struct err *e);
int store_switch(struct release *p, const char *version, struct err *e);

/* What is mounted cannot be exchanged for a link. */
int release_fail_mounted(const struct release *p, int code, struct err *e);

/* The list of this run becomes that of what the target shows (release.c, as the next one). */
int release_keep_list(struct release *p, struct err *e);
/* Nothing of this run and of those before stays, but what the target shows. */
int release_forget(struct release *p, struct err *e);

#endif
