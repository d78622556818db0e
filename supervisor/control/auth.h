/* HTTP basic authentication against one name and one password of the configuration. */
#ifndef CONTROL_AUTH_H
#define CONTROL_AUTH_H

#include <stdbool.h>

/* What one server wants to hear. Zeroed: nothing, everybody may come in. */
struct auth {
    char *username; /* owned; NULL: no authentication */
    char *password; /* owned */
};

/*
 * Copies both, and wipes what was there before; NULL, NULL to close. Two blank ones, as templates
 * leave them, want nothing, as in Supervisor.
 */
void auth_set(struct auth *a, const char *username, const char *password);

/*
 * `header` is the request's Authorization header, NULL when there is none. The password is clear
 * text or {SHA} with the lower-case hex digits of its SHA-1. With username NULL everybody may
 * come in. Pure. How long it takes does not tell how much of a guess was right.
 */
bool auth_allows(const char *header, const char *username, const char *password);

#endif
