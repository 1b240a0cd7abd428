// The innermost loop of every product: `rows` by `vectors` accumulators that stay in registers over the whole depth.

/// sum[r][v] += Σ_k a[r][k·a_step] · b[k·b_step + v·L]; rows and vectors are compile-time constants at every call.
INLINE void FN(tile)(
    const int rows, const int vectors, ptrdiff_t depth, const REAL *const *a, const ptrdiff_t a_step, const REAL *b,
    const ptrdiff_t b_step, vec *sum) {
    for (ptrdiff_t k = 0; k < depth; k++) {
        vec right[4];
#pragma clang loop unroll(full)
        for (int v = 0; v < vectors; v++) right[v] = FN(load)(b + v * LANES);
#pragma clang loop unroll(full)
        for (int r = 0; r < rows; r++) {
            vec left = FN(set)(a[r][k * a_step]);
#pragma clang loop unroll(full)
            for (int v = 0; v < vectors; v++) sum[r * vectors + v] = FN(fma)(left, right[v], sum[r * vectors + v]);
        }
        b += b_step;
    }
}
