/* What mainstayd knows about its configuration, told by the tables themselves, as JSON. */
#ifndef CONFIG_DOC_H
#define CONFIG_DOC_H

#include <stdio.h>

#include "base/buf.h"

/*
 * Appends one object: "sections": [{name, named, doc, keys: [{name, type, default, doc, min, max,
 * choices, expands, needed, native}]}] and "types": [{name, doc}], in the order of the tables. The
 * manual page mainstay.conf(5) is made from it.
 */
void doc_keys(struct buf *out);

/* mainstayd --keys: prints it and returns the exit code. */
int doc_main(FILE *out);

#endif
