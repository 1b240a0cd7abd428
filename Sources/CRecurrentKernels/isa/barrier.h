// A meeting point of the threads that share one sequence: every thread raises its own flag and waits for the others'.

#ifndef RK_BARRIER_H
#define RK_BARRIER_H

#include <sched.h>

/// Returns when all `count` threads have arrived for the `epoch`-th time. Flags lie 128 bytes apart; a thread writes its
/// own only, and beside it counts the waits that outlasted the spin. A virtual processor may be taken away at any moment:
/// then the thread lets others run.
static inline __attribute__((unused)) void rk_meet(uint32_t *flags, ptrdiff_t count, ptrdiff_t own, uint32_t epoch) {
    __atomic_store_n(flags + own * 32, epoch, __ATOMIC_RELEASE);
    for (ptrdiff_t other = 0; other < count; other++)
        for (uint32_t tries = 0; (int32_t)(__atomic_load_n(flags + other * 32, __ATOMIC_ACQUIRE) - epoch) < 0; tries++) {
            rk_spin_hint();
            if (tries == 1000) flags[own * 32 + 1]++;
            if (tries >= 1000) sched_yield();
        }
}

#endif
