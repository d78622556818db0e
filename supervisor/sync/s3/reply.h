/* Small XML answers: one text out of one element. */
#ifndef SYNC_S3_REPLY_H
#define SYNC_S3_REPLY_H

#include <stdbool.h>
#include <stddef.h>

/*
 * The text of the first element `name` below the root element `root`, namespaces aside. False when
 * the answer is no well-formed XML, has another root, or no such element, or the text does not fit.
 */
bool reply_text(const char *data, size_t len, const char *root, const char *name, char *out,
                size_t size);

#endif
