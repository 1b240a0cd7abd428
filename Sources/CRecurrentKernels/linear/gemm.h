// The general product. B is packed in blocks that stay in the caches, A is read where it lies (or packed in row groups
// when it is transposed).

#define RK_GEMM_ROWS 6
#define RK_GEMM_COLUMN_BLOCK (16 * RK_GEMM_VECTORS * LANES)
#define RK_GEMM_ROW_BLOCK (16 * RK_GEMM_ROWS)

typedef struct {
    const rk_gemm *args;
    const REAL *a;              // row 0 of this block of A: as stored, or packed groups of RK_GEMM_ROWS rows
    int packed;
    const REAL *b;              // [depth][vectors·L], or B itself
    ptrdiff_t b_step;
    ptrdiff_t depth;
    ptrdiff_t row, column;      // of C
    int first;                  // block of depth
} FN(gemm_block);

INLINE void FN(gemm_rows)(const int rows, const int vectors, const FN(gemm_block) *s, ptrdiff_t offset) {
    const rk_gemm *g = s->args;
    const ptrdiff_t used = g->columns - s->column;
    vec sum[RK_GEMM_ROWS * 4];
    const REAL *a[RK_GEMM_ROWS];
    REAL *to = (REAL *)g->c + (s->row + offset) * g->ldc + s->column;
    // The first chain goes on from the bias; to what C holds every chain is added.
    const int adds = !s->first || g->accumulate, has_bias = g->bias != NULL;
#pragma clang loop unroll(full)
    for (int r = 0; r < rows; r++) {
        a[r] = s->packed ? s->a + offset * s->depth + r : s->a + (offset + r) * g->lda;
#pragma clang loop unroll(full)
        for (int v = 0; v < vectors; v++) {
            const ptrdiff_t part = v + 1 < vectors ? LANES : used - v * LANES;
            sum[r * vectors + v] = adds ? FN(load_part)(to + r * g->ldc + v * LANES, part)
                : has_bias              ? FN(load_part)((const REAL *)g->bias + s->column + v * LANES, part)
                                        : (vec){0};
        }
    }
    if (s->packed)
        FN(tile)(rows, vectors, s->depth, a, RK_GEMM_ROWS, s->b, s->b_step, sum, !adds);
    else
        FN(tile)(rows, vectors, s->depth, a, 1, s->b, s->b_step, sum, !adds);
#pragma clang loop unroll(full)
    for (int r = 0; r < rows; r++)
#pragma clang loop unroll(full)
        for (int v = 0; v < vectors; v++) {
            const ptrdiff_t part = v + 1 < vectors ? LANES : used - v * LANES;
            FN(store_part)(to + r * g->ldc + v * LANES, sum[r * vectors + v], part);
        }
}

INLINE void FN(gemm_panel)(const int vectors, const FN(gemm_block) *s, ptrdiff_t rows) {
    // Packed groups have their places; rows that lie as stored may be cut evenly.
    const FN(pieces) pieces = FN(pieces_of)(0, rows, RK_GEMM_ROWS);
    for (ptrdiff_t p = 0, at = 0; at < rows; p++) {
        const ptrdiff_t piece = s->packed ? FN(smaller)(rows - at, RK_GEMM_ROWS) : FN(piece_width)(&pieces, p);
        switch (piece) {
        case 6: FN(gemm_rows)(6, vectors, s, at); break;
        case 5: FN(gemm_rows)(5, vectors, s, at); break;
        case 4: FN(gemm_rows)(4, vectors, s, at); break;
        case 3: FN(gemm_rows)(3, vectors, s, at); break;
        case 2: FN(gemm_rows)(2, vectors, s, at); break;
        default: FN(gemm_rows)(1, vectors, s, at); break;
        }
        at += piece;
    }
}

static void FN(gemm_panel_of)(int vectors, const FN(gemm_block) *s, ptrdiff_t rows) {
    switch (vectors) {
#if RK_GEMM_VECTORS > 2
    case 4: FN(gemm_panel)(4, s, rows); break;
    case 3: FN(gemm_panel)(3, s, rows); break;
#endif
    case 2: FN(gemm_panel)(2, s, rows); break;
    default: FN(gemm_panel)(1, s, rows); break;
    }
}

/// B[k .. k+depth, n .. n+used] as [depth][vectors·L], zeros past `used`.
static void FN(gemm_pack_b)(const rk_gemm *g, ptrdiff_t k, ptrdiff_t depth, ptrdiff_t n, ptrdiff_t used, REAL *to) {
    const REAL *b = g->b;
    const ptrdiff_t width = (used + LANES - 1) / LANES * LANES;
    if (!g->transpose_b) {
        for (ptrdiff_t d = 0; d < depth; d++)
            for (ptrdiff_t v = 0; v < width; v += LANES)
                FN(store)(to + d * width + v, FN(load_part)(b + (k + d) * g->ldb + n + v, used - v));
        return;
    }
    FN(transpose)(b + n * g->ldb + k, g->ldb, to, width, used, width, depth);
}

/// Rows [m, m+rows) of A^T as groups [depth][RK_GEMM_ROWS]; what lies past the rows is left alone.
static void FN(gemm_pack_a)(const rk_gemm *g, ptrdiff_t m, ptrdiff_t rows, ptrdiff_t k, ptrdiff_t depth, REAL *to) {
    const REAL *a = (const REAL *)g->a + k * g->lda + m;
    for (ptrdiff_t r0 = 0; r0 < rows; r0 += RK_GEMM_ROWS, to += depth * RK_GEMM_ROWS) {
        if (r0 + RK_GEMM_ROWS <= rows) {
            for (ptrdiff_t d = 0; d < depth; d++) FN(copy)(a + d * g->lda + r0, to + d * RK_GEMM_ROWS, RK_GEMM_ROWS);
            continue;
        }
        for (ptrdiff_t d = 0; d < depth; d++)
            for (ptrdiff_t r = 0; r0 + r < rows; r++) to[d * RK_GEMM_ROWS + r] = a[d * g->lda + r0 + r];
    }
}

static ptrdiff_t FN(gemm_workspace)(ptrdiff_t rows, ptrdiff_t columns, ptrdiff_t depth) {
    const ptrdiff_t width = FN(smaller)((columns + LANES - 1) / LANES * LANES, RK_GEMM_COLUMN_BLOCK);
    const ptrdiff_t height = FN(smaller)((rows + RK_GEMM_ROWS - 1) / RK_GEMM_ROWS * RK_GEMM_ROWS, RK_GEMM_ROW_BLOCK);
    return FN(smaller)(depth, RK_GEMM_DEPTH) * (width + height);
}

static ptrdiff_t FN(gemm_packed_size)(ptrdiff_t columns, ptrdiff_t depth) {
    return (columns + LANES - 1) / LANES * LANES * depth;
}

/// Blocks of depth, in each the column panels one after another: the order in which `gemm` reads them.
static void FN(gemm_pack)(const rk_gemm *g, void *packed) {
    const ptrdiff_t panel = RK_GEMM_VECTORS * LANES;
    REAL *to = packed;
    for (ptrdiff_t k = 0; k < g->depth; k += RK_GEMM_DEPTH) {
        const ptrdiff_t depth = FN(smaller)(g->depth - k, RK_GEMM_DEPTH);
        for (ptrdiff_t n = 0; n < g->columns; n += panel) {
            const ptrdiff_t used = FN(smaller)(g->columns - n, panel);
            FN(gemm_pack_b)(g, k, depth, n, used, to);
            to += depth * ((used + LANES - 1) / LANES * LANES);
        }
    }
}

static void FN(gemm)(const rk_gemm *g) {
    const ptrdiff_t M = g->rows, N = g->columns, K = g->depth;
    const ptrdiff_t panel = RK_GEMM_VECTORS * LANES, padded = (N + LANES - 1) / LANES * LANES;
    REAL *packed_b = g->workspace;
    REAL *packed_a = !g->transpose_a ? NULL : packed_b
        + FN(smaller)(K, RK_GEMM_DEPTH) * FN(smaller)((N + LANES - 1) / LANES * LANES, RK_GEMM_COLUMN_BLOCK);
    if (M <= 0 || N <= 0) return;
    for (ptrdiff_t k = 0; k < K || k == 0; k += RK_GEMM_DEPTH) {
        const ptrdiff_t depth = FN(smaller)(K - k, RK_GEMM_DEPTH);
        for (ptrdiff_t n0 = 0; n0 < N; n0 += RK_GEMM_COLUMN_BLOCK) {
            const ptrdiff_t n1 = FN(smaller)(n0 + RK_GEMM_COLUMN_BLOCK, N);
            // With few rows a panel is used once or twice: reading B where it lies is cheaper than packing it.
            const int direct = !g->packed && !g->transpose_b && M <= 2 * RK_GEMM_ROWS;
            const REAL *panels = g->packed ? (const REAL *)g->packed + k * padded + n0 * depth : packed_b;
            REAL *next = packed_b;
            for (ptrdiff_t n = n0; n < n1 && !g->packed; n += panel) {
                const ptrdiff_t used = FN(smaller)(n1 - n, panel);
                if (!direct || used % LANES) FN(gemm_pack_b)(g, k, depth, n, used, next);
                next += depth * ((used + LANES - 1) / LANES * LANES);
            }
            for (ptrdiff_t m = 0; m < M; m += RK_GEMM_ROW_BLOCK) {
                const ptrdiff_t rows = FN(smaller)(M - m, RK_GEMM_ROW_BLOCK);
                FN(gemm_block) block = {.args = g, .depth = depth, .row = m, .first = k == 0};
                if (g->transpose_a) {
                    FN(gemm_pack_a)(g, m, rows, k, depth, packed_a);
                    block.a = packed_a;
                    block.packed = 1;
                } else
                    block.a = (const REAL *)g->a + m * g->lda + k;
                const REAL *right = panels;
                for (ptrdiff_t n = n0; n < n1; n += panel) {
                    const ptrdiff_t used = FN(smaller)(n1 - n, panel);
                    const int vectors = (int)((used + LANES - 1) / LANES);
                    const int in_place = direct && used % LANES == 0;
                    block.column = n;
                    block.b = in_place ? (const REAL *)g->b + k * g->ldb + n : right;
                    block.b_step = in_place ? g->ldb : vectors * LANES;
                    FN(gemm_panel_of)(vectors, &block, rows);
                    right += depth * vectors * LANES;
                }
            }
        }
    }
}
