/*
 * The sums of bits that S3 knows beside those of zlib, as it writes them: reflected, begun with
 * ones, complemented. Pure. `crc` is what the bytes before gave, 0 at the beginning.
 */
#ifndef SYNC_LOCAL_CRC_H
#define SYNC_LOCAL_CRC_H

#include <stddef.h>
#include <stdint.h>

uint32_t crc_32c(uint32_t crc, const void *data, size_t len); /* Castagnoli's */
uint64_t crc_64nvme(uint64_t crc, const void *data, size_t len);

#endif
