#include "config/check.h"

#include <string.h>

#include "config/dump.h"

/* Sections that made processes; those of one section follow each other in their group. */
static size_t count_programs(const struct config *c)
{
    size_t count = 0;
    const char *last = NULL;
    for (size_t i = 0; i < c->group_count; i++) {
        for (size_t k = 0; k < c->groups[i].process_count; k++) {
            const struct process_config *p = &c->groups[i].processes[k];
            count += !last || strcmp(last, p->section) != 0;
            last = p->section;
        }
    }
    return count;
}

static void put_count(struct buf *out, size_t count, const char *noun)
{
    buf_printf(out, "%zu %s%s", count, noun, count == 1 ? "" : "s");
}

static int print_and_close(struct buf *text, FILE *out)
{
    size_t written = fwrite(buf_str(text), 1, text->len, out);
    int failed = written != text->len || fflush(out) != 0;
    buf_close(text);
    return failed;
}

int check_main(const struct load_options *o, void (*more)(const struct config *c, struct buf *out),
               FILE *out)
{
    struct problem_list problems;
    struct config *c = NULL;
    struct buf text = BUF_EMPTY;
    struct err e;
    problem_list_init(&problems);
    int rc = config_load(o, &c, &problems, &e);
    for (size_t i = 0; i < problems.count; i++)
        problem_print(&problems.items[i], &text);
    if (rc == 0 && !o->unresolved)
        more(c, &text);
    if (rc == 0) {
        buf_text(&text, "ok: ");
        put_count(&text, count_programs(c), "program");
        buf_text(&text, ", ");
        put_count(&text, c->job_count, "job");
        buf_char(&text, '\n');
    }
    problem_list_close(&problems);
    config_unref(c);
    int failed = print_and_close(&text, out);
    return rc < 0 || failed ? 1 : 0;
}

int dump_main(const struct load_options *o, FILE *out)
{
    struct problem_list problems;
    struct config *c = NULL;
    struct buf text = BUF_EMPTY;
    struct err e;
    problem_list_init(&problems);
    int rc = config_load(o, &c, &problems, &e);
    if (rc == 0)
        config_dump(c, &problems, &text);
    else
        config_dump_problems(&problems, &e, &text);
    problem_list_close(&problems);
    config_unref(c);
    int failed = print_and_close(&text, out);
    return rc < 0 || failed ? 1 : 0;
}
