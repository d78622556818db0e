/* Answers with parts of log files. */
#ifndef CONTROL_LOG_H
#define CONTROL_LOG_H

#include "control/rpc.h"

/* readLog and its kin: offset and length are the parameters at `at` and at + 1; path NULL: none */
void log_read(struct call *c, const char *path, size_t at);

#endif
