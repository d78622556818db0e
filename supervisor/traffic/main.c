/* mainstay-traffic: how often what was requested on which day, from access logs. */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <time.h>

#include "base/buf.h"
#include "base/err.h"
#include "base/mem.h"
#include "traffic/day.h"
#include "traffic/options.h"
#include "traffic/output.h"
#include "traffic/place.h"
#include "traffic/reading.h"

enum exit_code { EXIT_DONE = 0, EXIT_FAILED = 1, EXIT_USAGE = 2 };

static enum exit_code failure(int rc)
{
    return rc == 0 ? EXIT_DONE : rc == -EINVAL ? EXIT_USAGE : EXIT_FAILED;
}

/* What is not in the numbers, though it may belong there. */
static void say_what_is_missing(const struct reading *g)
{
    if (g->files.unread != NULL)
        (void)fprintf(stderr,
                      "mainstay-traffic: %s is not counted: of compressed files only those of gzip "
                      "are read\n",
                      g->files.unread);
    if (g->routes.given_up > 0)
        (void)fprintf(stderr,
                      "mainstay-traffic: the regular expressions of routes took too long for "
                      "%" PRIu64 " path%s: no match is assumed\n",
                      g->routes.given_up, g->routes.given_up == 1 ? "" : "s");
}

static enum exit_code count(struct reading *g, const struct options *o, struct place *p,
                            struct err *e)
{
    int rc = reading_init(g, o, output_is_together(o, p), e);
    if (rc < 0)
        return failure(rc);
    if (g->note != NULL)
        (void)fprintf(stderr, "mainstay-traffic: %s\n", g->note);
    rc = reading_run(g, e);
    if (rc == 0)
        rc = output_write(g, p, e);
    if (rc == 0)
        say_what_is_missing(g);
    return rc == 0 ? EXIT_DONE : EXIT_FAILED;
}

static enum exit_code run(const struct options *o, struct err *e)
{
    struct place p = {0};
    int rc = place_init(&p, o, e);
    if (rc == 0)
        rc = output_check(o, &p, e);
    enum exit_code code = failure(rc);
    if (rc == 0) {
        struct reading *g = mem_alloc(sizeof *g); /* too large for a stack */
        code = count(g, o, &p, e);
        reading_close(g);
        mem_free(g);
    }
    place_close(&p);
    return code;
}

static enum exit_code say(const struct options *o)
{
    struct buf text = BUF_EMPTY;
    if (o->help)
        options_help(&text);
    else
        buf_printf(&text, "mainstay-traffic %s\n", MAINSTAY_VERSION);
    (void)fputs(buf_str(&text), stdout);
    buf_close(&text);
    return fflush(stdout) == 0 ? EXIT_DONE : EXIT_FAILED;
}

int main(int argc, char **argv)
{
    static struct options o; /* too large for a stack */
    struct err e = {0};
    (void)argc; /* argv ends in NULL */
    enum exit_code code = failure(options_parse(&o, argv, day_today(time(NULL)), &e));
    if (code == EXIT_DONE)
        code = o.help || o.version ? say(&o) : run(&o, &e);
    if (code != EXIT_DONE)
        (void)fprintf(stderr, "mainstay-traffic: %s\n", e.text);
    return (int)code;
}
