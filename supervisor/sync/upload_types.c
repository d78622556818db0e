/* What a name says of its content, and how a file is cut into parts. */
#include <string.h>
#include <strings.h>

#include "sync/upload.h"

// clang-format off
static const struct { const char *suffix; const char *type; } types[] = {
    {"avif",    "image/avif"},
    {"css",     "text/css"},
    {"csv",     "text/csv"},
    {"gif",     "image/gif"},
    {"gz",      "application/gzip"},
    {"htm",     "text/html"},
    {"html",    "text/html"},
    {"ico",     "image/x-icon"},
    {"jpeg",    "image/jpeg"},
    {"jpg",     "image/jpeg"},
    {"js",      "text/javascript"},
    {"json",    "application/json"},
    {"md",      "text/markdown"},
    {"mjs",     "text/javascript"},
    {"pdf",     "application/pdf"},
    {"png",     "image/png"},
    {"svg",     "image/svg+xml"},
    {"txt",     "text/plain"},
    {"wasm",    "application/wasm"},
    {"webp",    "image/webp"},
    {"woff2",   "font/woff2"},
    {"xml",     "application/xml"},
    {"zip",     "application/zip"},
};
// clang-format on

const char *upload_content_type(const char *path)
{
    const char *slash = strrchr(path, '/');
    const char *dot = strrchr(slash ? slash : path, '.');
    for (size_t i = 0; dot && i < sizeof types / sizeof *types; i++) {
        if (strcasecmp(dot + 1, types[i].suffix) == 0)
            return types[i].type;
    }
    return "application/octet-stream";
}

int64_t upload_part_size(int64_t size)
{
    const int64_t unit = 1 << 20;
    if (size <= 2 * (int64_t)UPLOAD_PART)
        return 0;
    int64_t least = (size + UPLOAD_PARTS_MAX - 1) / UPLOAD_PARTS_MAX;
    if (least <= UPLOAD_PART)
        return UPLOAD_PART;
    return (least + unit - 1) / unit * unit;
}
