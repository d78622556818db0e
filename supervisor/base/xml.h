/*
 * Text for XML 1.0 documents, and whether bytes are UTF-8. Writing only: documents are read
 * with expat where they are used.
 */
#ifndef BASE_XML_H
#define BASE_XML_H

#include <stddef.h>

#include "base/buf.h"

/*
 * Appends text with & < > escaped, CR as &#13;, and every byte that XML 1.0 or UTF-8 does not
 * allow replaced by '?'. What any log file holds can so be sent to any client.
 */
void xml_text(struct buf *out, const char *text, size_t len);

/* The same replacement without the escapes: text that any XML document may carry. */
void xml_legal_text(struct buf *out, const char *text, size_t len);

/* Length in bytes of the UTF-8 character at text, 0 when it is not well-formed. */
size_t xml_utf8_char(const char *text, size_t len);

#endif
