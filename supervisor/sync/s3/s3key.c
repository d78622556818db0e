#include "sync/s3/s3key.h"

#include <limits.h>
#include <string.h>

enum { KEY_SHOWN = 200, KEY_BYTES = 1024 };

// clang-format off
static const char *const fault_texts[] = {
    [KEY_OK]          = "is fine",
    [KEY_ABSOLUTE]    = "begins with a slash",
    [KEY_EMPTY]       = "has an empty part between slashes",
    [KEY_DOTS]        = "has a part that is . or ..",
    [KEY_LONG]        = "has a part longer than 255 bytes",
    [KEY_TOO_LONG]    = "is longer than 1024 bytes",
    [KEY_NUL]         = "holds a NUL byte",
    [KEY_FOLDER_DATA] = "ends in a slash but holds data",
    [KEY_IS_FOLDER]   = "is also the folder of other keys",
    [KEY_RESERVED]    = "is a name that mainstay-sync keeps for itself",
};
// clang-format on
_Static_assert(sizeof fault_texts / sizeof *fault_texts == KEY_RESERVED + 1, "a text per fault");

static enum s3key_fault check_part(const char *part, size_t len)
{
    if (len == 0)
        return KEY_EMPTY;
    if (len > NAME_MAX)
        return KEY_LONG;
    if (part[0] == '.' && (len == 1 || (len == 2 && part[1] == '.')))
        return KEY_DOTS;
    return KEY_OK;
}

enum s3key_fault s3key_check(const char *path, size_t len)
{
    if (memchr(path, '\0', len))
        return KEY_NUL;
    if (len > KEY_BYTES)
        return KEY_TOO_LONG;
    if (len > 0 && path[0] == '/')
        return KEY_ABSOLUTE;
    size_t start = 0;
    for (size_t i = 0; i <= len; i++) {
        if (i < len && path[i] != '/')
            continue;
        enum s3key_fault fault = check_part(path + start, i - start);
        if (fault != KEY_OK)
            return fault;
        start = i + 1;
    }
    return KEY_OK;
}

const char *s3key_fault_text(enum s3key_fault fault)
{
    return fault_texts[fault];
}

int path_order(const char *a, const char *b)
{
    while (*a && *a == *b)
        a++, b++;
    unsigned x = *a ? (unsigned char)*a : 256;
    unsigned y = *b ? (unsigned char)*b : 256;
    return x < y ? -1 : x > y;
}

bool s3key_inside(const char *path, const char *folder)
{
    size_t len = strlen(folder);
    return strncmp(path, folder, len) == 0 && path[len] == '/';
}

void s3key_show(struct buf *out, const char *key, size_t len)
{
    size_t shown = len < KEY_SHOWN ? len : KEY_SHOWN;
    buf_char(out, '\'');
    for (size_t i = 0; i < shown; i++) {
        unsigned char c = (unsigned char)key[i];
        if (c < 0x20 || c == 0x7f)
            buf_printf(out, "\\x%02x", c);
        else
            buf_char(out, (char)c);
    }
    buf_text(out, shown < len ? "...'" : "'");
}
