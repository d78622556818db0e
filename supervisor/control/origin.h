/*
 * Which page made a browser send a request. Browsers send the credentials that they know along,
 * whoever asks; programs that are no browsers say nothing of this, and are nobody's tools.
 */
#ifndef CONTROL_ORIGIN_H
#define CONTROL_ORIGIN_H

#include <stdbool.h>

struct exchange;

/* Somebody else's page did. */
bool origin_is_elsewhere(const struct exchange *x);

/*
 * Somebody else's page did, and nobody has allowed it. (With a type of content that no form has, a
 * browser asks first: only a proxy in front of us that wants it can have said yes.)
 */
bool origin_is_forged(const struct exchange *x);

#endif
