// How fast memory of some size can be read by one thread: the floor of a kernel that reads its weights once.

#include "read_bench.h"

#define READ(name, bytes_wide, attributes)                                                       \
    attributes static long name(const void *memory, size_t bytes) {                              \
        typedef long vec __attribute__((vector_size(bytes_wide), aligned(8), may_alias));        \
        enum { group = 8 };                                                                      \
        vec sum[group] = {0};                                                                    \
        const vec *from = memory;                                                                \
        for (size_t left = bytes / (bytes_wide * group); left > 0; left--, from += group)        \
            for (int v = 0; v < group; v++) sum[v] |= from[v];                                   \
        long all = 0;                                                                            \
        for (int v = 0; v < group; v++)                                                          \
            for (int lane = 0; lane < bytes_wide / 8; lane++) all |= sum[v][lane];               \
        return all;                                                                              \
    }

READ(read_16, 16, )
#if defined(__x86_64__)
READ(read_32, 32, __attribute__((target("avx2"))))
READ(read_64, 64, __attribute__((target("avx512f"))))
#endif

long read_bench(const void *memory, size_t bytes) {
#if defined(__x86_64__)
    if (__builtin_cpu_supports("avx512f")) return read_64(memory, bytes);
    if (__builtin_cpu_supports("avx2")) return read_32(memory, bytes);
#endif
    return read_16(memory, bytes);
}
