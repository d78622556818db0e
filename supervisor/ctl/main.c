/* mainstayctl: runs one command on a daemon, or a prompt for many. */
#include <stdio.h>
#include <stdlib.h>

#include "ctl/commands.h"
#include "ctl/print.h"
#include "ctl/shell.h"

static void print_usage(const struct invocation *o)
{
    print_line("usage: %s [OPTION...] [COMMAND [ARGUMENT...]]\n", o->program);
    print_line("Talks to mainstayd, or to supervisord. Without a command it prompts for them;\n"
               "the command help lists what there is.\n");
    for (unsigned i = 0; i < invocation_row_count; i++) {
        const struct invocation_row *row = &invocation_rows[i];
        if (!row->name)
            continue;
        char form[64];
        (void)snprintf(form, sizeof form, "-%c, --%s%s%s", row->letter, row->name,
                       row->value ? " " : "", row->value ? row->value : "");
        print_line("  %-26s%s", form, row->text);
    }
}

static void run_words(struct ctl *c, int count, char **words)
{
    struct buf line = BUF_EMPTY;
    for (int i = 0; i < count; i++) {
        if (i > 0)
            buf_char(&line, ' ');
        buf_text(&line, words[i]);
    }
    ctl_line(c, buf_str(&line));
    buf_close(&line);
}

int main(int argc, char **argv)
{
    struct invocation o;
    struct err e = {{0}};
    (void)setvbuf(stdout, NULL, _IOLBF, 0); /* each line at once, also into a pipe */
    (void)setvbuf(stdin, NULL, _IONBF, 0);  /* what is not ours belongs to a process in fg */
    if (invocation_init(&o, argc, argv, &e) < 0) {
        (void)fprintf(stderr, "Error: %s\nFor help, use %s -h\n", e.text, o.program);
        invocation_close(&o);
        return EXIT_INVALID;
    }
    int status = EXIT_FINE;
    struct ctl c;
    ctl_init(&c, &o);
    if (o.help) {
        print_usage(&o);
    } else if (o.arg_count > 0) {
        run_words(&c, o.arg_count, o.args);
        status = c.exit;
    } else {
        shell_run(&c);
    }
    ctl_close(&c);
    invocation_close(&o);
    return fflush(stdout) == 0 && !ferror(stdout) ? status : EXIT_GENERIC;
}
