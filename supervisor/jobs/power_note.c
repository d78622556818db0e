#include "jobs/power_note.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/log.h"
#include "base/mem.h"

// clang-format off
static const struct { const char *name; size_t offset; } numbers[] = {
    {"seen",   offsetof(struct power_plan, seen)},
    {"skip",   offsetof(struct power_plan, skip)},
    {"hand",   offsetof(struct power_plan, hand)},
    {"from",   offsetof(struct power_plan, from)},
    {"warned", offsetof(struct power_plan, warned)},
    {"ask",    offsetof(struct power_plan, ask)},
    {"action", offsetof(struct power_plan, action)},
    {"next",   offsetof(struct power_plan, next)},
};
// clang-format on
enum { NUMBERS = sizeof numbers / sizeof *numbers };

/* --- Text ----------------------------------------------------------------------------------- */

void power_note_text(const struct power_plan *plan, const char *boot, struct buf *out)
{
    buf_printf(out, "boot %s\n", boot);
    for (size_t i = 0; i < NUMBERS; i++) {
        int64_t value;
        memcpy(&value, (const char *)plan + numbers[i].offset, sizeof value);
        buf_printf(out, "%s %" PRId64 "\n", numbers[i].name, value);
    }
}

/* What stands behind `name` and a blank, at the beginning of this line; NULL. */
static const char *note_value(const char *line, const char *name)
{
    size_t len = strlen(name);
    return strncmp(line, name, len) == 0 && line[len] == ' ' ? line + len + 1 : NULL;
}

/* "hand 1795303800000\n": goes on behind it. */
static bool note_number(const char **text, const char *name, int64_t *value)
{
    const char *from = note_value(*text, name);
    char *end;
    if (!from)
        return false;
    errno = 0;
    *value = strtoll(from, &end, 10);
    if (errno || end == from || *end != '\n')
        return false;
    *text = end + 1;
    return true;
}

static bool note_makes_sense(const struct power_plan *p)
{
    return p->seen >= 0 && p->skip >= 0 && p->hand >= -1 && p->from >= -1 && p->warned >= 0 &&
           p->ask >= -1 && p->action >= -1 && p->action < POWER_EXEC && p->next >= -1;
}

bool power_note_parse(const char *text, const char *boot, struct power_plan *plan, bool *bad)
{
    struct power_plan read;
    const char *from = note_value(text, "boot");
    size_t len = strlen(boot);
    *bad = !from || !*boot;
    if (*bad || strncmp(from, boot, len) != 0 || from[len] != '\n')
        return false;
    powerplan_init(&read);
    text = from + len + 1;
    for (size_t i = 0; !*bad && i < NUMBERS; i++) {
        int64_t value = 0;
        *bad = !note_number(&text, numbers[i].name, &value);
        memcpy((char *)&read + numbers[i].offset, &value, sizeof value);
    }
    *bad = *bad || *text || !note_makes_sense(&read);
    if (!*bad)
        *plan = read;
    return !*bad;
}

/* --- The file ------------------------------------------------------------------------------- */

static void note_find_boot(struct power_note *n)
{
    struct buf id = BUF_EMPTY;
    if (fd_read_file("/proc/sys/kernel/random/boot_id", POWER_NOTE_MAX, &id, NULL) == 0)
        (void)snprintf(n->boot, sizeof n->boot, "%.*s", (int)strcspn(buf_str(&id), " \n"),
                       buf_str(&id));
    buf_close(&id);
}

static int note_put(const struct power_note *n, const struct buf *text)
{
    if (text->len)
        return fd_replace_file(n->path, buf_str(text), text->len);
    return unlink(n->path) < 0 && errno != ENOENT ? -errno : 0;
}

void power_note_open(struct power_note *n, const char *folder)
{
    char *before = n->path;
    n->path = folder ? mem_printf("%s/poweroff", folder) : NULL;
    if (!*n->boot)
        note_find_boot(n);
    if (before && (!n->path || strcmp(before, n->path) != 0)) {
        (void)unlink(before);
        buf_clear(&n->written);
    }
    mem_free(before);
    if (n->path && n->written.len == 0 && access(n->path, F_OK) == 0)
        buf_char(&n->written, '?'); /* not ours, or of the version before us: to be replaced */
}

void power_note_close(struct power_note *n)
{
    mem_free(n->path);
    buf_close(&n->written);
    *n = (struct power_note){0};
}

bool power_note_read(struct power_note *n, struct power_plan *plan)
{
    struct buf text = BUF_EMPTY;
    bool bad = false;
    int rc = n->path ? fd_read_file(n->path, POWER_NOTE_MAX, &text, NULL) : -ENOENT;
    bool found = rc == 0 && power_note_parse(buf_str(&text), n->boot, plan, &bad);
    if (bad || (rc < 0 && rc != -ENOENT))
        log_error("%s, which power-off is planned, makes no sense: only the schedule counts",
                  n->path);
    buf_close(&text);
    return found;
}

void power_note_write(struct power_note *n, const struct power_plan *plan)
{
    struct buf text = BUF_EMPTY;
    if (!n->path || !*n->boot)
        return;
    if (plan)
        power_note_text(plan, n->boot, &text);
    bool same = strcmp(buf_str(&text), buf_str(&n->written)) == 0;
    int rc = same ? 0 : note_put(n, &text);
    if (rc < 0 && !n->failing)
        log_error("which power-off is planned cannot be written to %s: %s; should mainstayd be "
                  "killed, it is forgotten",
                  n->path, strerror(-rc));
    n->failing = rc < 0;
    if (rc == 0) {
        struct buf before = n->written;
        n->written = text;
        text = before;
    }
    buf_close(&text);
}
