#include "jobs/zones.h"

#include <string.h>
#include <time.h>

#include "base/list.h"
#include "base/log.h"
#include "base/mem.h"

static int64_t entry_offset(const struct calendar_zone *z, int64_t at)
{
    const struct zones_entry *entry = container_of_const(z, struct zones_entry, zone);
    return entry->good ? zone_offset(&entry->data, at) : calendar_local.offset(&calendar_local, at);
}

/* What there was is kept when the new one cannot be read: a package is being replaced. */
static void entry_read(struct zones_entry *entry)
{
    struct zone data;
    struct err e;
    if (zone_read(entry->name, &data, &e) < 0) {
        log_error("the time zone of schedules cannot be read: %s; they go by %s", e.text,
                  entry->good ? "what it was" : "the machine's zone");
        return;
    }
    zone_close(&entry->data);
    entry->data = data;
    entry->good = true;
}

static bool file_changed(const char *path, struct stat *known)
{
    struct stat now = {0};
    (void)stat(path, &now);
    bool same = now.st_dev == known->st_dev && now.st_ino == known->st_ino &&
                now.st_size == known->st_size && now.st_mtim.tv_sec == known->st_mtim.tv_sec &&
                now.st_mtim.tv_nsec == known->st_mtim.tv_nsec;
    *known = now;
    return !same;
}

const struct calendar_zone *zones_get(struct zones *z, const char *name)
{
    if (!name || *name == '\0')
        return &calendar_local;
    /* linear: all jobs together have a few zones */
    for (size_t i = 0; i < z->count; i++) {
        if (strcmp(z->items[i]->name, name) == 0)
            return &z->items[i]->zone;
    }
    struct zones_entry *entry = mem_alloc(sizeof *entry);
    entry->zone.offset = entry_offset;
    entry->name = mem_strdup(name);
    entry->path = zone_path(name);
    if (entry->path)
        (void)file_changed(entry->path, &entry->file);
    entry_read(entry);
    z->items = mem_grow(z->items, z->count + 1, sizeof *z->items);
    z->items[z->count++] = entry;
    return &entry->zone;
}

bool zones_look(struct zones *z)
{
    bool first = z->local.st_ino == 0;
    bool changed = file_changed("/etc/localtime", &z->local) && !first;
    tzset(); /* which reads it anew, unless there is TZ */
    for (size_t i = 0; i < z->count; i++) {
        struct zones_entry *entry = z->items[i];
        if (!entry->path || !file_changed(entry->path, &entry->file))
            continue;
        entry_read(entry);
        changed = true;
    }
    return changed;
}

void zones_close(struct zones *z)
{
    for (size_t i = 0; i < z->count; i++) {
        zone_close(&z->items[i]->data);
        mem_free(z->items[i]->name);
        mem_free(z->items[i]->path);
        mem_free(z->items[i]);
    }
    mem_free(z->items);
    *z = (struct zones){0};
}
