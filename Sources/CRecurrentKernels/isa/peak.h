// The most that the multipliers and the caches give: the denominators of every efficiency.

/// Runs `iterations` rounds of 24 independent multiply-adds, each of three different registers as products have them (some
/// processors are faster where operands coincide); returns the floating-point operations done.
static double FN(multiply_add_peak)(ptrdiff_t iterations) {
    enum { sums = RK_REGISTERS > 16 ? 24 : 12 };
    vec sum[sums], left[2], right[2];
    // Loaded from memory that the compiler knows nothing about, so that it folds nothing.
    volatile REAL seeds[4] = {0.5f, 0.25f, 0.75f, 0.125f};
#pragma clang loop unroll(full)
    for (int i = 0; i < 2; i++) {
        left[i] = FN(set)(seeds[i]);
        right[i] = FN(set)(seeds[2 + i]);
    }
#pragma clang loop unroll(full)
    for (int i = 0; i < sums; i++) sum[i] = FN(set)((REAL)i);
    for (ptrdiff_t k = 0; k < iterations; k++) {
#pragma clang loop unroll(full)
        for (int i = 0; i < sums; i++) sum[i] = FN(fma)(left[i / 2 % 2], right[i % 2], sum[i]);
    }
    // A use of every sum, so that none is dropped.
    volatile REAL sink = 0;
#pragma clang loop unroll(full)
    for (int i = 0; i < sums; i++) sink = sink + sum[i][0];
    return 2.0 * sums * (double)LANES * (double)iterations;
}

/// Reads `count` elements `passes` times, in whole groups of eight vectors; returns the bytes read.
static double FN(read_peak)(ptrdiff_t count, const void *memory, ptrdiff_t passes) {
    const REAL *from = memory;
    const ptrdiff_t group = 8 * LANES, end = count / group * group;
    vec sum[8];
#pragma clang loop unroll(full)
    for (int i = 0; i < 8; i++) sum[i] = FN(set)(0);
    for (ptrdiff_t pass = 0; pass < passes; pass++) {
        for (ptrdiff_t k = 0; k < end; k += group) {
#pragma clang loop unroll(full)
            for (int i = 0; i < 8; i++) sum[i] = sum[i] + FN(load)(from + k + i * LANES);
        }
    }
    volatile REAL sink = 0;
#pragma clang loop unroll(full)
    for (int i = 0; i < 8; i++) sink = sink + sum[i][0];
    return (double)end * (double)passes * (double)sizeof(REAL);
}
