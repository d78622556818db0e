#include "ctl/past.h"

#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/mem.h"

enum { LINES_MAX = 1000, FILE_MAX_BYTES = 16 * 1024 * 1024 };

static void past_enter(struct past *p, const char *line)
{
    HistEvent event;
    (void)history(p->lines, &event, H_ENTER, line);
    mem_free(p->last);
    p->last = mem_strdup(line);
}

/* A file that cannot be read is as good as none. */
static void past_load(struct past *p)
{
    struct buf text = BUF_EMPTY;
    char *rest = NULL;
    if (fd_read_file(p->file, FILE_MAX_BYTES, &text, NULL) == 0 && text.len > 0) {
        for (char *line = strtok_r(text.data, "\n", &rest); line;
             line = strtok_r(NULL, "\n", &rest))
            past_enter(p, line);
    }
    buf_close(&text);
}

void past_open(struct past *p, const char *file)
{
    HistEvent event;
    *p = (struct past){.lines = history_init(), .file = file};
    (void)history(p->lines, &event, H_SETSIZE, LINES_MAX);
    if (file)
        past_load(p);
}

void past_close(struct past *p)
{
    history_end(p->lines);
    mem_free(p->last);
    *p = (struct past){0};
}

void past_add(struct past *p, const char *line)
{
    if (*line == '\0' || (p->last && strcmp(p->last, line) == 0))
        return;
    past_enter(p, line);
    int fd = p->file ? open(p->file, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600) : -1;
    if (fd < 0)
        return; /* as a file that cannot be read */
    struct buf text = BUF_EMPTY;
    buf_printf(&text, "%s\n", line);
    (void)fd_write_all(fd, text.data, text.len);
    buf_close(&text);
    fd_close(&fd);
}
