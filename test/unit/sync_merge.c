/* Protects what a sync decides of one path, and that the streams are read side by side rightly. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "dice.h"
#include "sync/merge.h"

/* One path as the four streams may know it; `what` says what is to be done. */
struct row {
    const char *what;
    const char *etag; /* of the object of 7 bytes and time 5; "": none; NULL: there is no object */
    int64_t size, mtime; /* of the file; size < 0: there is none */
    const char *known;   /* its etag in the manifest, with size 7 and time 5 */
    const char *staged;
    struct merge_rules rules;
    enum merge_do decision;
};

#define FILE_IS(size, mtime) size, mtime
#define NO_FILE -1, 0
#define NONE NULL
#define M .has_manifest = true

// clang-format off
static const struct row rows[] = {
    {"new",                       "a",  NO_FILE,       NONE, NONE, {0},   MERGE_FETCH},
    {"no manifest, same time",    "a",  FILE_IS(7, 5), NONE, NONE, {0},   MERGE_KEEP},
    {"no manifest, newer object", "a",  FILE_IS(7, 4), NONE, NONE, {0},   MERGE_FETCH},
    {"no manifest, newer file",   "a",  FILE_IS(7, 6), NONE, NONE, {0},   MERGE_FETCH},
    {"no manifest, size",         "a",  FILE_IS(8, 5), NONE, NONE, {0},   MERGE_FETCH},
    {"known",                     "a",  FILE_IS(7, 5), "a",  NONE, {M},   MERGE_KEEP},
    {"known, other tag",          "b",  FILE_IS(7, 5), "a",  NONE, {M},   MERGE_FETCH},
    {"known, file touched",       "a",  FILE_IS(7, 6), "a",  NONE, {M},   MERGE_FETCH},
    {"known, file gone",          "a",  NO_FILE,       "a",  NONE, {M},   MERGE_FETCH},
    {"known, no tags",            "",   FILE_IS(7, 5), "a",  NONE, {M},   MERGE_KEEP},
    {"not in the manifest",       "a",  FILE_IS(7, 5), NONE, NONE, {M},   MERGE_FETCH},
    {"of another source",         "a",  FILE_IS(7, 5), "a",  NONE, {M, .foreign = true}, MERGE_FETCH},
    {"size only",                 "b",  FILE_IS(7, 9), "a",  NONE, {M, .size_only = true}, MERGE_KEEP},
    {"size only, unknown",        "b",  FILE_IS(7, 9), NONE, NONE, {M, .size_only = true}, MERGE_KEEP},
    {"size only, size",           "a",  FILE_IS(8, 5), "a",  NONE, {M, .size_only = true}, MERGE_FETCH},
    {"checksum",                  "a",  FILE_IS(7, 5), "a",  NONE, {M, .checksum = true}, MERGE_CHECK},
    {"checksum, size",            "a",  FILE_IS(8, 5), "a",  NONE, {M, .checksum = true}, MERGE_FETCH},
    {"checksum, no tag",          "",   FILE_IS(7, 5), "a",  NONE, {M, .checksum = true}, MERGE_FETCH},
    {"staged",                    "a",  NO_FILE,       NONE, "a",  {M},   MERGE_STAGED},
    {"staged beside the old",     "b",  FILE_IS(7, 5), "a",  "b",  {M},   MERGE_STAGED},
    {"staged, object changed",    "c",  FILE_IS(7, 5), "a",  "b",  {M},   MERGE_FETCH},
    {"staged of another source",  "b",  FILE_IS(7, 5), "a",  "b",  {M, .foreign = true}, MERGE_STAGED},
    {"in place: staged",          "b",  FILE_IS(7, 5), "a",  "b",  {M, .inplace = true}, MERGE_KEEP},
    {"in place: staged, foreign", "b",  FILE_IS(7, 5), "a",  "b",  {.foreign = true, .inplace = true}, MERGE_KEEP},
    {"in place: staged, touched", "b",  FILE_IS(7, 6), "a",  "b",  {M, .inplace = true}, MERGE_FETCH},
    {"in place: staged, gone",    "b",  NO_FILE,       "a",  "b",  {M, .inplace = true}, MERGE_FETCH},
    {"extra",                     NONE, FILE_IS(7, 5), NONE, NONE, {0},   MERGE_CARRY},
    {"extra goes",                NONE, FILE_IS(7, 5), "a",  NONE, {M, .delete = true}, MERGE_REMOVE},
    {"only known",                NONE, NO_FILE,       "a",  NONE, {M, .delete = true}, MERGE_FORGET},
    {"only staged",               NONE, NO_FILE,       NONE, "a",  {M},   MERGE_FORGET},
};
// clang-format on

static void decisions(void **state)
{
    (void)state;
    const struct filter all = {0};
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        const struct row *r = &rows[i];
        const struct remote_file remote = {
            .path = "x", .etag = r->etag && *r->etag ? r->etag : NULL, .size = 7, .mtime = 5};
        const struct walk_entry local = {"x", S_IFREG | 0644, r->size, r->mtime};
        const struct manifest_entry known = {"x", r->known, 7, 5, MANIFEST_THERE};
        const struct manifest_entry staged = {"x", r->staged, 7, 5, MANIFEST_THERE};
        const struct merge_heads heads = {.remote = r->etag ? &remote : NULL,
                                          .local = r->size >= 0 ? &local : NULL,
                                          .known = r->known ? &known : NULL,
                                          .staged = r->staged ? &staged : NULL};
        struct merge_rules rules = r->rules;
        rules.filter = &all;
        struct merge_heads same;
        assert_string_equal(merge_next(&heads, &same), "x");
        if (merge_decide(&same, &rules) != r->decision)
            fail_msg("%s: %d, not %d", r->what, (int)merge_decide(&same, &rules), (int)r->decision);
    }
}

struct news_row {
    const char *what;
    const char *etag; /* of the object; NULL: there is none */
    int64_t mtime;    /* of the file; -1: none */
    const char *known;
    const char *staged;
    enum manifest_state state;
    bool inplace;
    bool news;
};

// clang-format off
static const struct news_row news_rows[] = {
    {"fetched by a run that was killed", "b",  5,  "a",  "b",  MANIFEST_THERE,  true,  true},
    {"... and new",                      "b",  5,  NONE, "b",  MANIFEST_THERE,  true,  true},
    {"... but not to the end",           "b",  5,  "a",  "b",  MANIFEST_WANTED, true,  false},
    {"... but the object is another",    "c",  5,  "a",  "b",  MANIFEST_THERE,  true,  false},
    {"kept by a run that was killed",    "a",  5,  "a",  "a",  MANIFEST_THERE,  true,  false},
    {"touched since, fetched again",     "a",  6,  "a",  "a",  MANIFEST_THERE,  true,  true},
    {"as it was",                        "a",  5,  "a",  NONE, MANIFEST_THERE,  true,  false},
    {"removed by a run that was killed", NONE, -1, "a",  NONE, MANIFEST_THERE,  true,  true},
    {"only that run knows of it",        NONE, -1, NONE, "a",  MANIFEST_THERE,  true,  false},
    {"no object, but still there",       NONE, 5,  "a",  NONE, MANIFEST_THERE,  true,  false},
    {"a version of its own",             "b",  5,  "a",  "b",  MANIFEST_THERE,  false, false},
    {"not carried into a version",       NONE, -1, "a",  NONE, MANIFEST_THERE,  false, false},
};
// clang-format on

/* In place, what a run has done that did not end is told of by the one that does. */
static void news(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof news_rows / sizeof *news_rows; i++) {
        const struct news_row *r = &news_rows[i];
        const struct remote_file remote = {.path = "x", .etag = r->etag, .size = 7, .mtime = 5};
        const struct walk_entry local = {"x", S_IFREG | 0644, 7, r->mtime};
        const struct manifest_entry known = {"x", r->known, 7, 5, MANIFEST_THERE};
        const struct manifest_entry staged = {"x", r->staged, 7, r->mtime, r->state};
        const struct merge_heads same = {.remote = r->etag ? &remote : NULL,
                                         .local = r->mtime >= 0 ? &local : NULL,
                                         .known = r->known ? &known : NULL,
                                         .staged = r->staged ? &staged : NULL};
        const struct merge_rules rules = {.inplace = r->inplace, .has_manifest = true};
        if (merge_is_news(&same, &rules) != r->news)
            fail_msg("%s", r->what);
    }
}

static enum merge_do decide_local(const char *path, mode_t type, bool delete, bool excluded)
{
    struct filter f = {0};
    struct err e;
    const struct walk_entry local = {path, type, 1, 1};
    const struct merge_heads heads = {.local = &local};
    const struct merge_rules rules = {.delete = delete, .filter = &f};
    struct merge_heads same;
    if (excluded)
        assert_int_equal(filter_add(&f, false, "keep*", &e), 0);
    assert_string_equal(merge_next(&heads, &same), path);
    enum merge_do rc = merge_decide(&same, &rules);
    filter_close(&f);
    return rc;
}

static void extras(void **state)
{
    (void)state;
    assert_int_equal(decide_local("a", S_IFLNK, false, false), MERGE_CARRY);
    assert_int_equal(decide_local("a", S_IFLNK, true, false), MERGE_REMOVE);
    assert_int_equal(decide_local("a", S_IFIFO, true, false), MERGE_REMOVE);
    assert_int_equal(decide_local("a/", S_IFDIR, false, false), MERGE_CARRY);
    assert_int_equal(decide_local("a/", S_IFDIR, true, false), MERGE_FORGET);
    assert_int_equal(decide_local("keep/", S_IFDIR, true, true), MERGE_CARRY);
    assert_int_equal(decide_local("keep/a", S_IFREG, true, true), MERGE_CARRY);
    assert_int_equal(decide_local("go/a", S_IFREG, true, true), MERGE_REMOVE);
    assert_int_equal(decide_local("d/.mainstay-get-0123456789abcdef", S_IFREG, false, false),
                     MERGE_PARTIAL);
    assert_int_equal(decide_local(".mainstay-get-0123456789abcdef", S_IFREG, true, false),
                     MERGE_PARTIAL);
    assert_int_equal(decide_local(".mainstay-get-/a", S_IFREG, false, false), MERGE_CARRY);
}

/* A link is in the place of the object, whatever the size: it is replaced. */
static void not_a_file(void **state)
{
    (void)state;
    const struct filter all = {0};
    const struct remote_file remote = {.path = "x", .etag = "a", .size = 7, .mtime = 5};
    const struct walk_entry local = {"x", S_IFLNK, 7, 5};
    const struct merge_heads same = {.remote = &remote, .local = &local};
    const struct merge_rules rules = {.size_only = true, .filter = &all};
    assert_int_equal(merge_decide(&same, &rules), MERGE_FETCH);
}

/* A key that is no file name never meets a file, not even one that looks the same cut at a NUL. */
static void faulty_keys_come_alone(void **state)
{
    (void)state;
    const struct remote_file remote = {.path = "x\0y", .path_len = 3, .fault = KEY_NUL};
    const struct walk_entry before = {"a", S_IFREG, 7, 5};
    const struct walk_entry local = {"x", S_IFREG, 7, 5};
    struct merge_heads heads = {.remote = &remote, .local = &local};
    struct merge_heads same;
    const struct merge_rules rules = {0};
    assert_ptr_equal(merge_next(&heads, &same), remote.path);
    assert_null(same.local);
    assert_int_equal(merge_decide(&same, &rules), MERGE_SKIP);
    heads.local = &before;
    assert_ptr_equal(merge_next(&heads, &same), remote.path);
    assert_null(same.local);
    heads.remote = NULL;
    assert_string_equal(merge_next(&heads, &same), "a");
    heads.local = NULL;
    assert_null(merge_next(&heads, &same));
}

// --- random walks --------------------------------------------------------------------------------

enum { NAMES = 40, STREAMS = 4 };

static int compare(const void *a, const void *b)
{
    return path_order(*(const char *const *)a, *(const char *const *)b);
}

/* Some of the names, in order. */
static size_t choose(char (*names)[8], const char **chosen)
{
    size_t count = 0;
    for (size_t i = 0; i < NAMES; i++) {
        bool again = false;
        for (size_t j = 0; j < count; j++)
            again = again || strcmp(chosen[j], names[i]) == 0;
        if (!again && dice(2))
            chosen[count++] = names[i];
    }
    qsort(chosen, count, sizeof *chosen, compare);
    return count;
}

static bool holds(const char **list, size_t count, const char *name)
{
    for (size_t i = 0; i < count; i++) {
        if (strcmp(list[i], name) == 0)
            return true;
    }
    return false;
}

struct streams {
    char names[NAMES][8];
    const char *lists[STREAMS][NAMES];
    size_t counts[STREAMS];
    size_t at[STREAMS];
};

static void make_streams(struct streams *x)
{
    *x = (struct streams){0};
    for (size_t i = 0; i < NAMES; i++) {
        for (size_t j = 1 + dice(5); j > 0; j--)
            x->names[i][j - 1] = "ab-/\xff"[dice(5)];
    }
    for (size_t s = 0; s < STREAMS; s++)
        x->counts[s] = choose(x->names, x->lists[s]);
}

static const char *head(const struct streams *x, size_t s)
{
    return x->at[s] < x->counts[s] ? x->lists[s][x->at[s]] : NULL;
}

/* Takes the next path from the streams that have it: exactly those. NULL: it was the last. */
static const char *take_next(struct streams *x)
{
    struct remote_file remote = {.path = head(x, 0)};
    struct walk_entry local = {.path = head(x, 1)};
    struct manifest_entry known = {.path = head(x, 2)};
    struct manifest_entry staged = {.path = head(x, 3)};
    struct merge_heads heads = {remote.path ? &remote : NULL, local.path ? &local : NULL,
                                known.path ? &known : NULL, staged.path ? &staged : NULL};
    struct merge_heads same;
    const char *path = merge_next(&heads, &same);
    const bool has[] = {same.remote, same.local, same.known, same.staged};
    for (size_t s = 0; path && s < STREAMS; s++) {
        assert_int_equal(has[s], holds(x->lists[s], x->counts[s], path));
        x->at[s] += has[s];
    }
    return path;
}

/* Every name of every stream comes once and in order. */
static void walk_once(void)
{
    struct streams x;
    const char *last = NULL;
    make_streams(&x);
    for (const char *path; (path = take_next(&x)) != NULL; last = path)
        assert_true(!last || path_order(last, path) < 0);
    for (size_t s = 0; s < STREAMS; s++)
        assert_int_equal(x.at[s], x.counts[s]);
}

static void side_by_side(void **state)
{
    (void)state;
    for (int i = 0; i < 3000; i++)
        walk_once();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(decisions),    cmocka_unit_test(extras),
        cmocka_unit_test(not_a_file),   cmocka_unit_test(faulty_keys_come_alone),
        cmocka_unit_test(side_by_side), cmocka_unit_test(news),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
