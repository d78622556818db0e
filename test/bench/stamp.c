/* The smallest program to supervise: says when it got its first instruction, then waits. */
#include <fcntl.h>
#include <stdio.h>
#include <time.h>
#include <unistd.h>

int main(int argc, char **argv)
{
    struct timespec ts;
    char line[64];
    (void)clock_gettime(CLOCK_MONOTONIC, &ts);
    int len = snprintf(line, sizeof line, "%d %lld\n", (int)getpid(),
                       (long long)ts.tv_sec * 1000000000 + ts.tv_nsec);
    int fd = argc > 1 ? open(argv[1], O_WRONLY) : -1;
    if (fd < 0 || write(fd, line, (size_t)len) != len)
        return 1;
    for (;;)
        (void)pause();
}
