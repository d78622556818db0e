/* A target in a folder of its own, with its store, for tests of sync/local/release.h. */
#ifndef TEST_UNIT_SYNC_RELEASE_H
#define TEST_UNIT_SYNC_RELEASE_H

#include <sys/wait.h>

#include "sync_gen_run.h"

static char root[64];
static char target[96];
static char store[96];
static struct err e;

static inline int make_root(void **state)
{
    (void)state;
    (void)snprintf(root, sizeof root, "/tmp/mainstay-release-XXXXXX");
    assert_non_null(mkdtemp(root));
    (void)snprintf(target, sizeof target, "%s/data", root);
    (void)snprintf(store, sizeof store, "%s/.data.mainstay", root);
    return 0;
}

static inline int remove_root(void **state)
{
    (void)state;
    return tree_clear(AT_FDCWD, root);
}

/* "A B C": what is in a folder, sorted, versions as V. */
static inline const char *names_in(const char *folder)
{
    static char text[512];
    struct walk_entry file;
    int fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    struct scan *s = scan_new(fd, &(struct scan_options){0});
    text[0] = '\0';
    while (scan_next(s, &file, &e) > 0) {
        const char *slash = strchr(file.path, '/');
        if (slash && slash[1])
            continue;
        size_t len = strlen(text);
        const char *rest = file.path;
        if (strncmp(rest, "20", 2) == 0) {
            rest += strcspn(rest, "Z") + 1;
            (void)snprintf(text + len, sizeof text - len, "%sV%s", len ? " " : "", rest);
        } else {
            (void)snprintf(text + len, sizeof text - len, "%s%s", len ? " " : "", rest);
        }
    }
    scan_free(s);
    fd_close(&fd);
    return text;
}

static inline void put(const char *path, const char *text)
{
    struct tree t;
    tree_init(&t, open(root, O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    int fd = tree_create(&t, path, &e);
    if (fd < 0)
        fail_msg("%s", e.text);
    assert_int_equal(fd_write_all(fd, text, strlen(text)), 0);
    fd_close(&fd);
    tree_close(&t);
}

static inline bool is_there(const char *path)
{
    struct stat st;
    char *full = mem_printf("%s/%s", root, path);
    bool there = lstat(full, &st) == 0;
    mem_free(full);
    return there;
}

static inline struct gen_counts sync_to(int number, enum publish_mode mode)
{
    struct gen_counts n = {0};
    bool own = false;
    assert_int_equal(gen_sync(target, mode, number, &n), 0);
    assert_int_equal(gen_shown(target, &own), number);
    return n;
}

static inline void open_release(struct release *p, enum publish_mode mode)
{
    if (release_open(p, target, mode, false, GEN_SOURCE, &e) < 0)
        fail_msg("%s", e.text);
}

/* A run that ends after `count` files: killed, or by release_close. */
enum ending { KILLED, KEPT, DROPPED };

static inline void stage(int number, enum publish_mode mode, size_t count, enum ending how)
{
    pid_t pid = fork();
    if (pid == 0) {
        struct release p;
        struct gen g;
        struct gen_counts n = {0};
        gen_make(&g, number);
        if (release_open(&p, target, mode, false, GEN_SOURCE, &e) < 0 ||
            gen_stage(&p, &g, count, false, &n) < 0 || manifest_flush(&p.manifest, &e) < 0)
            _exit(1);
        if (how != KILLED)
            release_close(&p, how == KEPT);
        _exit(0);
    }
    int status = 0;
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_int_equal(status, 0);
}

#endif
