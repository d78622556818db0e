/*
 * The sockets of libcurl's multi interface on a libuv loop.
 *
 * A connection that waits for its next request stays registered with the loop as it was: nothing is
 * asked of the kernel between two requests on one connection.
 */
#ifndef SYNC_S3_WIRE_SOCKETS_H
#define SYNC_S3_WIRE_SOCKETS_H

#include <curl/curl.h>
#include <stdbool.h>
#include <stddef.h>
#include <uv.h>

struct wire_socket;

struct wire_sockets {
    uv_loop_t *loop;
    CURLM *multi;
    uv_timer_t timer; /* what libcurl asked for */
    struct wire_socket **by_fd;
    size_t room;
    unsigned open; /* handles that are not closed yet */
    void *ctx;
    void (*on_act)(void *ctx, curl_socket_t fd, int mask); /* to be told to libcurl */
    void (*on_closed)(void *ctx);
};

void wire_sockets_init(struct wire_sockets *ss, uv_loop_t *loop, CURLM *multi, void *ctx);
void wire_sockets_prepare(struct wire_sockets *ss, CURL *curl); /* for every easy handle */
void wire_sockets_close(struct wire_sockets *ss); /* after curl_multi_cleanup; on_closed follows */

#endif
