/* SHA-1 (RFC 3174), only because Supervisor's {SHA} passwords are made with it. Pure. */
#ifndef CONTROL_SHA1_H
#define CONTROL_SHA1_H

#include <stddef.h>
#include <stdint.h>

enum { SHA1_SIZE = 20 };

void sha1(const void *data, size_t len, uint8_t out[SHA1_SIZE]);

#endif
