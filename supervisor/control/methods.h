/* The tables of methods, by theme. Each function is only reached through its row. */
#ifndef CONTROL_METHODS_H
#define CONTROL_METHODS_H

#include "control/control.h"

extern const struct rpc_method state_methods[]; /* the daemon: version, state, shutdown, log */
extern const size_t state_methods_count;
extern const struct rpc_method config_methods[]; /* reread, add, remove, avail */
extern const size_t config_methods_count;
extern const struct rpc_method process_methods[]; /* info, start, stop, signal, input */
extern const size_t process_methods_count;
extern const struct rpc_method log_methods[]; /* read, tail, clear */
extern const size_t log_methods_count;
extern const struct rpc_method usage_methods[]; /* what processes use */
extern const size_t usage_methods_count;
extern const struct rpc_method job_methods[]; /* mainstay.* */
extern const size_t job_methods_count;
extern const struct rpc_method power_methods[]; /* when the machine goes down */
extern const size_t power_methods_count;

#endif
