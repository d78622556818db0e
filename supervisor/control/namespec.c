#include "control/namespec.h"

#include <string.h>

#include "base/mem.h"

struct namespec namespec_split(const char *text)
{
    struct namespec n = {.text = mem_strdup(text)};
    char *colon = strchr(n.text, ':');
    n.group = n.process = n.text;
    if (!colon)
        return n;
    *colon = '\0';
    n.process = colon + 1;
    if (*n.process == '\0' || strcmp(n.process, "*") == 0)
        n.process = NULL;
    return n;
}

void namespec_close(struct namespec *n)
{
    mem_free(n->text);
    *n = (struct namespec){0};
}

void namespec_join(const char *group, const char *process, struct buf *out)
{
    if (strcmp(group, process) == 0)
        buf_text(out, process);
    else
        buf_printf(out, "%s:%s", group, process);
}
