// A product of one row with a weight that is small enough to stay in the first cache: the columns of the weight side by
// side, so that a register holds as many sums as it has lanes and nothing is added across it.

INLINE void FN(row_group)(const int vectors, const rk_row_product *s, ptrdiff_t column) {
    const REAL *w = (const REAL *)s->weight + column, *x = s->x;
    REAL *to = (REAL *)s->sums + column;
    vec sum[8], before[8];
#pragma clang loop unroll(full)
    for (int v = 0; v < vectors; v++) {
        sum[v] = s->start ? FN(load)((const REAL *)s->start + column + v * LANES) : (vec){0};
        if (s->accumulate) sum[v] += FN(load)(to + v * LANES);
    }
    // The chains of `gemm`.
    for (ptrdiff_t begin = 0; begin < s->depth; begin += RK_CHAIN) {
        const ptrdiff_t end = FN(smaller)(s->depth, begin + RK_CHAIN);
        const int fresh = begin > 0 || s->accumulate;
#pragma clang loop unroll(full)
        for (int v = 0; v < vectors && fresh; v++) {
            before[v] = sum[v];
            sum[v] = (vec){0};
        }
        for (ptrdiff_t k = begin; k < end; k++, w += s->columns) {
            const vec left = FN(set)(x[k]);
#pragma clang loop unroll(full)
            for (int v = 0; v < vectors; v++) sum[v] = FN(fma)(left, FN(load)(w + v * LANES), sum[v]);
        }
#pragma clang loop unroll(full)
        for (int v = 0; v < vectors && fresh; v++) sum[v] += before[v];
    }
#pragma clang loop unroll(full)
    for (int v = 0; v < vectors; v++) FN(store)(to + v * LANES, sum[v]);
}

static void FN(row_product)(const rk_row_product *s) {
    ptrdiff_t column = 0;
    for (; column + 8 * LANES <= s->columns; column += 8 * LANES) FN(row_group)(8, s, column);
    for (; column + 4 * LANES <= s->columns; column += 4 * LANES) FN(row_group)(4, s, column);
    for (; column < s->columns; column += LANES) FN(row_group)(1, s, column);
}
