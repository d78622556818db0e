/* The events of --json: one object a line on standard output, the last is the result. */
#ifndef SYNC_REPORT_JSON_H
#define SYNC_REPORT_JSON_H

#include "sync/report.h"

void report_json_progress(const struct report *r, int64_t now);
void report_json_key(enum report_event event, const char *key, size_t len, const char *sentence);
void report_json_plan(const char *verb, const char *path);
void report_json_result(const struct report *r, enum sync_exit code, const char *error);

#endif
