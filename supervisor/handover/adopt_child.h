/* A child that runs, taken over with its descriptors and all that was half done with them. */
#ifndef HANDOVER_ADOPT_CHILD_H
#define HANDOVER_ADOPT_CHILD_H

#include "engine/child.h"
#include "handover/book.h"
#include "handover/line.h"

/* False: there is none. Its file logs are opened; one that cannot be is said in the log. */
bool adopt_child(struct child *c, const struct book *book, struct carrier *carrier);

#endif
