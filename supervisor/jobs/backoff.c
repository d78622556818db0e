#include "jobs/backoff.h"

int64_t backoff_pause(const struct job_config *config, int64_t failed)
{
    int64_t pause = config->retry_delay_ms;
    int64_t most = config->retry_delay_max_ms > pause ? config->retry_delay_max_ms : pause;
    if (failed <= 0 || pause <= 0)
        return 0;
    for (int64_t i = 1; i < failed && pause < most; i++)
        pause *= 2;
    return pause < most ? pause : most;
}
