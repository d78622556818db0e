#include "output/entry.h"

#include <endian.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>

void entry_data(struct buf *entry, const char *field, const char *value, size_t len)
{
    bool plain = len == 0 || !memchr(value, '\n', len);
    uint64_t size = htole64(len);
    buf_text(entry, field);
    buf_char(entry, plain ? '=' : '\n');
    if (!plain)
        buf_append(entry, &size, sizeof size);
    buf_append(entry, value, len);
    buf_char(entry, '\n');
}

void entry_text(struct buf *entry, const char *field, const char *value)
{
    if (value)
        entry_data(entry, field, value, strlen(value));
}

void entry_number(struct buf *entry, const char *field, long long value)
{
    buf_printf(entry, "%s=%lld\n", field, value);
}

int entry_level(const char *line, size_t len, size_t *taken)
{
    int level = 0;
    size_t at = 1;
    if (len < 3 || line[0] != '<')
        return -1;
    for (; at < len && at <= 3 && line[at] >= '0' && line[at] <= '9'; at++)
        level = level * 10 + (line[at] - '0');
    if (at == 1 || at == len || line[at] != '>' || level > 7)
        return -1;
    *taken = at + 1;
    return level;
}
