// The most that the multipliers give: the denominator of every efficiency.

/// Runs `iterations` rounds of twelve independent multiply-adds; returns the floating-point operations done.
static double FN(multiply_add_peak)(ptrdiff_t iterations) {
    vec sum[12];
    const vec half = FN(set)(0.5f);
#pragma clang loop unroll(full)
    for (int i = 0; i < 12; i++) sum[i] = FN(set)((REAL)i);
    for (ptrdiff_t k = 0; k < iterations; k++) {
#pragma clang loop unroll(full)
        for (int i = 0; i < 12; i++) sum[i] = FN(fma)(sum[i], half, half);
    }
    // A use of every sum, so that none is dropped.
    volatile REAL sink = 0;
#pragma clang loop unroll(full)
    for (int i = 0; i < 12; i++) sink = sink + sum[i][0];
    return 24.0 * (double)LANES * (double)iterations;
}
