#ifndef READ_BENCH_H
#define READ_BENCH_H

#include <stddef.h>

/// Reads `bytes` (rounded down to whole groups of 512) once with the widest loads of this processor; returns what makes the
/// reading necessary.
long read_bench(const void *memory, size_t bytes);

#endif
