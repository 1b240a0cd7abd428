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

/// sum[r][v] += Σ_k a[r][k·a_step] · b[k·b_step + v·L] in one chain, k in [begin, end).
INLINE void FN(tile_chain)(
    const int rows, const int vectors, ptrdiff_t begin, ptrdiff_t end, const REAL *const *a, const ptrdiff_t a_step,
    const REAL *b, const ptrdiff_t b_step, vec *sum, const int fetches, const REAL *ahead) {
    b += begin * b_step;
    if (fetches) ahead += begin * LANES;
    if (rows < vectors) {
        for (ptrdiff_t k = begin; k < end; k++) {
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
    for (ptrdiff_t k = begin; k < end; k++) {
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

/// sum[r][v] += Σ_k a[r][k·a_step] · b[k·b_step + v·L] in chains of RK_CHAIN; the first one goes on from `sum` where it
/// `continues`. Rows and vectors are compile-time constants at every call.
/// With `fetches` each k also fetches one register's worth of memory from `ahead` on into the second cache.
INLINE void FN(tile_ahead)(
    const int rows, const int vectors, ptrdiff_t depth, const REAL *const *a, const ptrdiff_t a_step, const REAL *b,
    const ptrdiff_t b_step, vec *sum, const int continues, const int fetches, const REAL *ahead) {
    vec before[6 * 4];
    for (ptrdiff_t begin = 0; begin < depth; begin += RK_CHAIN) {
        const int fresh = begin > 0 || !continues;
#pragma clang loop unroll(full)
        for (int i = 0; i < rows * vectors && fresh; i++) {
            before[i] = sum[i];
            sum[i] = (vec){0};
        }
        FN(tile_chain)(
            rows, vectors, begin, FN(smaller)(depth, begin + RK_CHAIN), a, a_step, b, b_step, sum, fetches, ahead);
#pragma clang loop unroll(full)
        for (int i = 0; i < rows * vectors && fresh; i++) sum[i] += before[i];
    }
}
INLINE void FN(tile)(
    const int rows, const int vectors, ptrdiff_t depth, const REAL *const *a, const ptrdiff_t a_step, const REAL *b,
    const ptrdiff_t b_step, vec *sum, const int continues) {
    FN(tile_ahead)(rows, vectors, depth, a, a_step, b, b_step, sum, continues, 0, NULL);
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
