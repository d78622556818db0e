/* mainstay-net: what mainstay says to the world. The daemon itself speaks to nobody outside. */
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>

#include "base/buf.h"
#include "net/notify.h"
#include "net/setup.h"

enum { EXIT_USAGE = 2 };

static const char USAGE[] =
    "usage: mainstay-net notify\n"
    "Reads events of mainstayd as an event listener, and tells people of them: by a webhook or a\n"
    "command, again until it was delivered. mainstayd runs it for each section [notify:NAME].\n"
    "\n"
    "  --help     say this and exit\n"
    "  --version  say the version and exit\n"
    "\n"
    "It is told what to do by variables of its environment:\n";

static void print_help(void)
{
    struct buf b = BUF_EMPTY;
    buf_text(&b, USAGE);
    setup_help(&b);
    (void)fputs(buf_str(&b), stdout);
    buf_close(&b);
}

int main(int argc, char **argv)
{
    const char *word = argc == 2 ? argv[1] : "";
    if (strcmp(word, "--help") == 0 || strcmp(word, "-h") == 0) {
        print_help();
        return 0;
    }
    if (strcmp(word, "--version") == 0) {
        (void)puts("mainstay-net " MAINSTAY_VERSION);
        return 0;
    }
    if (strcmp(word, "notify") != 0) {
        (void)fputs("mainstay-net: write mainstay-net notify\nTry mainstay-net --help.\n", stderr);
        return EXIT_USAGE;
    }
    /* Addresses are secrets: they are in no core dump, and in /proc nobody else's to read. */
    (void)prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
    return notify_run();
}
