/* What a request says beside its path and body, and further headers of its answer. */
#ifndef CONTROL_EXCHANGE_H
#define CONTROL_EXCHANGE_H

struct exchange;

/* Borrowed until the answer; NULL: the client has not sent it. */
const char *exchange_header(const struct exchange *x, const char *name);
const char *exchange_query(const struct exchange *x, const char *name); /* decoded, "" for none */

/* To the answer that was just given. */
void exchange_add_header(struct exchange *x, const char *name, const char *value);

#endif
