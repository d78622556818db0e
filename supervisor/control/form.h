/* Text on its way into and out of web pages: HTML, addresses, forms. Pure. */
#ifndef CONTROL_FORM_H
#define CONTROL_FORM_H

#include <stddef.h>

#include "base/buf.h"

void html_text(struct buf *out, const char *text); /* also fit for a quoted attribute */
void url_text(struct buf *out, const char *text);  /* as a part of a path or a query */

/*
 * The first value of `name` in a body of type application/x-www-form-urlencoded, decoded; mem_free
 * it. NULL: there is none, or it holds a NUL.
 */
char *form_value(const char *body, size_t len, const char *name);

#endif
