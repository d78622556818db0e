/*
 * Sends anything to the HTTP server through a real unix socket: libmicrohttpd, the door, passwords,
 * routes, XML-RPC and the methods behind it on a simulated machine. Whatever comes, the answers are
 * HTTP, nobody gets in without the password, and nothing is left when the client has gone.
 *
 * The first byte says how: bits 0-4, into pieces of how many bytes the rest is cut (0: not at
 * all); 5: with a password; 6: the client hangs up without reading; 7: closes its sending side.
 */
#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "../sim/desk.h"
#include "base/log.h"
#include "base/mem.h"
#include "control/servers.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { CUT = 0x1f, PASSWORD = 0x20, HANGS_UP = 0x40, HALF = 0x80, PIECES_MAX = 48 };

static struct desk desk;
static char folder[64], log_path[80], path[80];

static void remove_folder(void)
{
    (void)unlink(log_path);
    (void)unlink(path);
    (void)rmdir(folder);
}

static void prepare(void)
{
    (void)snprintf(folder, sizeof folder, "/tmp/fuzz-http.XXXXXX");
    desk_must(mkdtemp(folder) != NULL);
    (void)snprintf(log_path, sizeof log_path, "%s/log", folder);
    (void)snprintf(path, sizeof path, "%s/s", folder);
    log_set_level(LOG_LEVEL_CRITICAL + 1);
    (void)atexit(remove_folder);
}

static int client_connect(void)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    memcpy(address.sun_path, path, strlen(path) + 1);
    desk_must(connect(fd, (const struct sockaddr *)&address, sizeof address) == 0);
    return fd;
}

/* Reads what has come, and drops it where it is full. */
static void client_read(int fd, struct buf *answer)
{
    char chunk[16384];
    ssize_t got;
    do {
        desk_turn(&desk);
        got = recv(fd, chunk, sizeof chunk, 0);
        if (got > 0 && answer->len < 1 << 20)
            buf_append(answer, chunk, (size_t)got);
    } while (got > 0);
}

static void client_write(int fd, const uint8_t *data, size_t size, size_t cut)
{
    for (int pieces = 0; size > 0; pieces++) {
        size_t part = cut > 0 && cut < size && pieces < PIECES_MAX ? cut : size;
        ssize_t put = send(fd, data, part, MSG_NOSIGNAL);
        desk_turn(&desk);
        if (put < 0 && errno != EAGAIN)
            return; /* the server has heard enough */
        data += put > 0 ? put : 0;
        size -= put > 0 ? (size_t)put : 0;
        if (put < 0 && pieces > PIECES_MAX)
            return; /* it does not read on while we do not read its answers */
    }
}

static void check_answer(const struct buf *answer, const uint8_t *data, size_t size, int how)
{
    desk_must(answer->len < 7 || memcmp(answer->data, "HTTP/1.", 7) == 0);
    /* "ada:..." in base64, however it is written */
    bool knows = !(how & PASSWORD) || memchr(data, 'Y', size);
    desk_must(knows || !answer->data || !strstr(answer->data, "HTTP/1.1 200"));
}

static void talk(const uint8_t *data, size_t size, int how)
{
    struct buf answer = BUF_EMPTY;
    int fd = client_connect();
    desk_turn(&desk);
    client_write(fd, data, size, (size_t)(how & CUT));
    if (how & HALF)
        (void)shutdown(fd, SHUT_WR);
    if (!(how & HANGS_UP)) {
        client_read(fd, &answer);
        desk_live(&desk, 5000); /* calls that wait */
        client_read(fd, &answer);
        check_answer(&answer, data, size, how);
    }
    close(fd);
    desk_turn(&desk);
    const struct server *s = &container_of(desk.control.servers.next, struct serving, link)->server;
    desk_must(s->door.count == 0 && s->door.bodies == 0 && s->door.answers == 0);
    desk_must(list_empty(&s->exchanges) && s->streams == 0);
    buf_close(&answer);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (!folder[0])
        prepare();
    int how = size > 0 ? data[0] : 0;
    struct server_config server = {.section = "unix_http_server",
                                   .is_unix = true,
                                   .path = path,
                                   .mode = 0700,
                                   .uid = CONFIG_UNSET,
                                   .gid = CONFIG_UNSET};
    if (how & PASSWORD) {
        server.username = "ada";
        server.password = "secret";
    }
    FILE *file = fopen(log_path, "w");
    desk_must(file && fputs("a log\nof two lines\n", file) >= 0 && fclose(file) == 0);
    desk_open(&desk, log_path, &server);
    if (size > 1)
        talk(data + 1, size - 1, how);
    desk_close(&desk);
    return 0;
}
