/* Protects the search for bytes on processors without SSE2: the same as traffic_bytes.c. */
#undef __SSE2__
#include "traffic_bytes.c" // NOLINT(bugprone-suspicious-include)
