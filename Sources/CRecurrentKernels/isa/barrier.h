// A meeting point of the threads that share one sequence: every thread raises its own flag and waits for the others'.

#ifndef RK_BARRIER_H
#define RK_BARRIER_H

#include <sched.h>

/// Returns when all threads of the team have arrived for the `epoch`-th time. Flags lie 128 bytes apart; a thread writes its
/// own only, and beside it counts the waits that outlasted the team's patience. A virtual processor may be taken away at
/// any moment: after a thousand tries the thread lets others run.
static inline __attribute__((unused)) void rk_meet(const rk_team *team, uint32_t epoch) {
    uint32_t *own = team->flags + team->own * 32;
    __atomic_store_n(own, epoch, __ATOMIC_RELEASE);
    for (ptrdiff_t other = 0; other < team->count; other++) {
        const uint32_t *flag = team->flags + other * 32;
        for (uint32_t tries = 0; (int32_t)(__atomic_load_n(flag, __ATOMIC_ACQUIRE) - epoch) < 0; tries++) {
            rk_spin_hint();
            if (tries == team->patience) own[1]++;
            if (tries >= 1000) sched_yield();
        }
    }
}

#endif
