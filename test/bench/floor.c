/*
 * What this machine can do at best: a parent that does nothing but wait for its child and start
 * the next one (vfork and exec). Arguments: the program and its arguments. Ends on SIGTERM.
 */
#include <signal.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

int main(int argc, char **argv)
{
    if (argc < 2)
        return 2;
    for (;;) {
        pid_t parent = getpid();
        pid_t pid = vfork();
        if (pid == 0) {
            (void)prctl(PR_SET_PDEATHSIG, SIGKILL);
            if (getppid() == parent)
                (void)execv(argv[1], argv + 1);
            _exit(127);
        }
        if (pid < 0 || waitpid(pid, NULL, 0) < 0)
            return 1;
    }
}
