// The innermost loop of every product: `rows` by `vectors` accumulators that stay in registers over the whole depth.

// With 16 registers, twelve hold sums and every operand must be loaded just before its use: left to itself the compiler
// hoists loads, runs out of registers and spills sums. These two keep the written order.
#if RK_REGISTERS == 16 && defined(__x86_64__)
#define RK_LOAD_FENCE __asm__ volatile("" ::: "memory")
#define RK_PIN(value) __asm__ volatile("" : "+x"(value))
#else
#define RK_LOAD_FENCE
#define RK_PIN(value)
#endif

/// sum[r][v] += Σ_k a[r][k·a_step] · b[k·b_step + v·L]; rows and vectors are compile-time constants at every call.
INLINE void FN(tile)(
    const int rows, const int vectors, ptrdiff_t depth, const REAL *const *a, const ptrdiff_t a_step, const REAL *b,
    const ptrdiff_t b_step, vec *sum) {
    if (rows < vectors) {
        for (ptrdiff_t k = 0; k < depth; k++) {
            vec left[6];
#pragma clang loop unroll(full)
            for (int r = 0; r < rows; r++) left[r] = FN(set)(a[r][k * a_step]);
#pragma clang loop unroll(full)
            for (int v = 0; v < vectors; v++) {
                vec right = FN(load)(b + v * LANES);
                RK_LOAD_FENCE;
#pragma clang loop unroll(full)
                for (int r = 0; r < rows; r++) {
                    sum[r * vectors + v] = FN(fma)(left[r], right, sum[r * vectors + v]);
                    RK_PIN(sum[r * vectors + v]);
                }
            }
            b += b_step;
        }
        return;
    }
    for (ptrdiff_t k = 0; k < depth; k++) {
        vec right[4];
#pragma clang loop unroll(full)
        for (int v = 0; v < vectors; v++) right[v] = FN(load)(b + v * LANES);
#pragma clang loop unroll(full)
        for (int r = 0; r < rows; r++) {
            vec left = FN(set)(a[r][k * a_step]);
            RK_LOAD_FENCE;
#pragma clang loop unroll(full)
            for (int v = 0; v < vectors; v++) {
                sum[r * vectors + v] = FN(fma)(left, right[v], sum[r * vectors + v]);
                RK_PIN(sum[r * vectors + v]);
            }
        }
        b += b_step;
    }
}
#undef RK_LOAD_FENCE
#undef RK_PIN
