/*
 * What this machine can do at best: a parent that does nothing but wait for its child and start
 * the next one (posix_spawn, which is vfork and exec). Arguments: the program and its arguments.
 * Ends on SIGTERM; the last child is the caller's to kill.
 */
#include <spawn.h>
#include <sys/wait.h>

int main(int argc, char **argv)
{
    char *const environment[] = {NULL};
    pid_t pid;
    if (argc < 2)
        return 2;
    for (;;) {
        if (posix_spawn(&pid, argv[1], NULL, NULL, argv + 1, environment) != 0 ||
            waitpid(pid, NULL, 0) < 0)
            return 1;
    }
}
