/* Numbers for random walks: the same in every run. */
#ifndef TEST_DICE_H
#define TEST_DICE_H

#include <stdint.h>

static uint64_t dice_state = 88172645463325252U;

/* 0 .. below - 1 */
static unsigned dice(unsigned below)
{
    dice_state ^= dice_state << 13;
    dice_state ^= dice_state >> 7;
    dice_state ^= dice_state << 17;
    return (unsigned)((dice_state >> 11) % below);
}

#endif
