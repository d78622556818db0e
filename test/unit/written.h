/* What a test of the writer looks for in the target. */
#ifndef TEST_UNIT_WRITTEN_H
#define TEST_UNIT_WRITTEN_H

#include "arriving.h"

static inline char *writing_path(const struct writing *w, const char *path)
{
    return mem_printf("%s/%s", w->folder, path);
}

/* Whether the file is there, whole, with its time. */
static inline bool writing_is_there(const struct writing *w, const struct arrival *a)
{
    char *path = writing_path(w, a->path);
    char *want = mem_alloc((size_t)a->file.size + 1);
    struct buf have = BUF_EMPTY;
    struct stat st;
    writing_bytes(a->seed, 0, want, (size_t)a->file.size);
    bool same = lstat(path, &st) == 0 && S_ISREG(st.st_mode) && st.st_size == a->file.size &&
                tree_mtime(&st) == WRITING_TIME && a->file.mtime == WRITING_TIME &&
                fd_read_file(path, (size_t)a->file.size + 1, &have, NULL) == 0 &&
                have.len == (size_t)a->file.size && memcmp(buf_str(&have), want, have.len) == 0;
    buf_close(&have);
    mem_free(want);
    mem_free(path);
    return same;
}

/* The ETag of an upload of it in one piece. */
static inline void writing_tag(struct arrival *a)
{
    const size_t size = (size_t)a->file.size;
    char *data = mem_alloc(size + 1);
    int fd = memfd_create("tag", MFD_CLOEXEC);
    struct digest_sums sums;
    char hex[33];
    writing_bytes(a->seed, 0, data, size);
    assert_int_equal(fd_write_all(fd, data, size), 0);
    assert_int_equal(digest_file(fd, 0, a->file.size, false, &sums), 0);
    digest_hex(sums.md5, sizeof sums.md5, hex);
    (void)snprintf(a->etag, sizeof a->etag, "\"%s\"", hex);
    mem_free(data);
    close(fd);
}

/* That of an upload in parts of that size. */
static inline void writing_tag_parts(struct arrival *a, int64_t part_size)
{
    const size_t size = (size_t)a->file.size;
    unsigned char sums[16][MD5_SIZE];
    unsigned char sum[MD5_SIZE];
    char *data = mem_alloc(size + 1);
    char hex[33];
    size_t parts = 0;
    writing_bytes(a->seed, 0, data, size);
    for (int64_t at = 0; at < a->file.size; at += part_size) {
        const int64_t left = a->file.size - at;
        digest_md5(data + at, (size_t)(left < part_size ? left : part_size), sums[parts++]);
    }
    digest_md5(sums, parts * MD5_SIZE, sum);
    digest_hex(sum, sizeof sum, hex);
    (void)snprintf(a->etag, sizeof a->etag, "\"%s-%zu\"", hex, parts);
    mem_free(data);
}

/* How many names in the folder begin so. */
static inline int writing_count(const struct writing *w, const char *folder, const char *prefix)
{
    char *path = writing_path(w, folder);
    DIR *dir = opendir(path);
    int count = 0;
    assert_non_null(dir);
    for (struct dirent *d; (d = readdir(dir)) != NULL;)
        count += strncmp(d->d_name, prefix, strlen(prefix)) == 0 && d->d_name[0] != '\0' &&
                 strcmp(d->d_name, ".") != 0 && strcmp(d->d_name, "..") != 0;
    (void)closedir(dir);
    mem_free(path);
    return count;
}

#endif
