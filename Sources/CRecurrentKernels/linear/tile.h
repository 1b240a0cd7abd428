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
/// With `fetches` each k also fetches one register's worth of memory from `ahead` on into the second cache.
INLINE void FN(tile_ahead)(
    const int rows, const int vectors, ptrdiff_t depth, const REAL *const *a, const ptrdiff_t a_step, const REAL *b,
    const ptrdiff_t b_step, vec *sum, const int fetches, const REAL *ahead) {
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
            if (fetches) { __builtin_prefetch(ahead, 0, 2); ahead += LANES; }
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
        if (fetches) { __builtin_prefetch(ahead, 0, 2); ahead += LANES; }
        b += b_step;
    }
}
INLINE void FN(tile)(
    const int rows, const int vectors, ptrdiff_t depth, const REAL *const *a, const ptrdiff_t a_step, const REAL *b,
    const ptrdiff_t b_step, vec *sum) {
    FN(tile_ahead)(rows, vectors, depth, a, a_step, b, b_step, sum, 0, NULL);
}
#undef RK_LOAD_FENCE
#undef RK_PIN

/// A range cut into pieces of nearly equal width, `most` or less.
typedef struct {
    ptrdiff_t count, wide, wide_count;  // the first `wide_count` are `wide`, the others one narrower
} FN(pieces);

INLINE FN(pieces) FN(pieces_of)(ptrdiff_t begin, ptrdiff_t end, ptrdiff_t most) {
    const ptrdiff_t width = end - begin, count = (width + most - 1) / most;
    if (count <= 0) return (FN(pieces)){0, 0, 0};
    const ptrdiff_t least = width / count, more = width % count;
    return (FN(pieces)){count, more ? least + 1 : least, more ? more : count};
}

INLINE ptrdiff_t FN(piece_width)(const FN(pieces) *pieces, ptrdiff_t p) {
    return p < pieces->wide_count ? pieces->wide : pieces->wide - 1;
}
