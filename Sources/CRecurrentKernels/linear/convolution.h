// A convolution of one frame as a product with a lowered matrix that is never built.
//
// Frames are channels-last and zero-padded, so that all that one output position sees lies in a few long runs of the
// frame: the frame is its own lowered matrix, and the tiles of the general product read their rows where they lie.

#define RK_LOWERED_ROWS 6

static ptrdiff_t FN(convolution_panels)(ptrdiff_t depth, ptrdiff_t columns) {
    return depth * ((columns + LANES - 1) / LANES * LANES);
}

static void FN(convolution_pack)(ptrdiff_t depth, ptrdiff_t columns, const void *weight, void *panels) {
    const ptrdiff_t panel = RK_GEMM_VECTORS * LANES;
    REAL *to = panels;
    for (ptrdiff_t n = 0; n < columns; n += panel) {
        const ptrdiff_t used = FN(smaller)(columns - n, panel);
        const ptrdiff_t width = (used + LANES - 1) / LANES * LANES;
        for (ptrdiff_t k = 0; k < depth; k++, to += width)
            for (ptrdiff_t v = 0; v < width; v += LANES)
                FN(store)(to + v, FN(load_part)((const REAL *)weight + k * columns + n + v, used - v));
    }
}

typedef struct {
    const rk_convolution *args;
    const REAL *panel;            // of this block of depth
    ptrdiff_t depth;
    ptrdiff_t offset;             // of the block within the lowered row of a position
    ptrdiff_t column, used;       // of the output
    int first;                    // block of depth
} FN(lowered_block);

INLINE void FN(lowered_rows)(
    const int rows, const int vectors, const FN(lowered_block) *s, const REAL *const *a, REAL *const *c) {
    const rk_convolution *g = s->args;
    vec sum[RK_LOWERED_ROWS * 4];
    const int zero = s->first && !g->accumulate && !g->bias, from_bias = s->first && !g->accumulate && g->bias;
#pragma clang loop unroll(full)
    for (int r = 0; r < rows; r++) {
        const REAL *from = from_bias ? (const REAL *)g->bias + s->column : c[r];
#pragma clang loop unroll(full)
        for (int v = 0; v < vectors; v++)
            sum[r * vectors + v] = zero ? (vec){0}
                : v + 1 < vectors       ? FN(load)(from + v * LANES)
                                        : FN(load_part)(from + v * LANES, s->used - v * LANES);
    }
    FN(tile_chain)(rows, vectors, 0, s->depth, a, 1, s->panel, vectors * LANES, sum, 0, NULL);
#pragma clang loop unroll(full)
    for (int r = 0; r < rows; r++)
#pragma clang loop unroll(full)
        for (int v = 0; v < vectors; v++) {
            if (v + 1 < vectors)
                FN(store)(c[r] + v * LANES, sum[r * vectors + v]);
            else
                FN(store_part)(c[r] + v * LANES, sum[r * vectors + v], s->used - v * LANES);
        }
}

INLINE void FN(lowered_positions)(const int vectors, const FN(lowered_block) *s) {
    const rk_convolution *g = s->args;
    const REAL *a[RK_LOWERED_ROWS];
    REAL *c[RK_LOWERED_ROWS];
    int waiting = 0;
    for (ptrdiff_t y = 0; y < g->height; y++) {
        const REAL *from = (const REAL *)g->a + y * g->a_row + s->offset;
        REAL *to = (REAL *)g->c + y * g->c_row + s->column;
        for (ptrdiff_t x = 0; x < g->width; x++, from += g->a_column, to += g->c_column) {
            a[waiting] = from;
            c[waiting] = to;
            if (++waiting < RK_LOWERED_ROWS) continue;
            FN(lowered_rows)(6, vectors, s, a, c);
            waiting = 0;
        }
    }
    switch (waiting) {
    case 5: FN(lowered_rows)(5, vectors, s, a, c); break;
    case 4: FN(lowered_rows)(4, vectors, s, a, c); break;
    case 3: FN(lowered_rows)(3, vectors, s, a, c); break;
    case 2: FN(lowered_rows)(2, vectors, s, a, c); break;
    case 1: FN(lowered_rows)(1, vectors, s, a, c); break;
    default: break;
    }
}

static void FN(lowered_positions_of)(int vectors, const FN(lowered_block) *s) {
    switch (vectors) {
#if RK_GEMM_VECTORS > 2
    case 4: FN(lowered_positions)(4, s); break;
    case 3: FN(lowered_positions)(3, s); break;
#endif
    case 2: FN(lowered_positions)(2, s); break;
    default: FN(lowered_positions)(1, s); break;
    }
}

static void FN(convolution)(const rk_convolution *g) {
    const ptrdiff_t panel = RK_GEMM_VECTORS * LANES, whole = g->runs * g->depth;
    // Equal blocks of a run, none above the depth that keeps a panel in the first cache.
    const ptrdiff_t blocks = (g->depth + RK_DEPTH_BLOCK - 1) / RK_DEPTH_BLOCK;
    const REAL *panels = g->panels;
    for (ptrdiff_t n = 0; n < g->columns; n += panel) {
        const ptrdiff_t used = FN(smaller)(g->columns - n, panel);
        const int vectors = (int)((used + LANES - 1) / LANES);
        FN(lowered_block) block = {.args = g, .column = n, .used = used, .first = 1};
        for (ptrdiff_t run = 0; run < g->runs; run++)
            for (ptrdiff_t b = 0; b < blocks; b++) {
                const ptrdiff_t start = g->depth * b / blocks;
                block.depth = g->depth * (b + 1) / blocks - start;
                block.offset = run * g->a_run + start;
                block.panel = panels + (run * g->depth + start) * vectors * LANES;
                FN(lowered_positions_of)(vectors, &block);
                block.first = 0;
            }
        if (block.first && !g->accumulate) FN(lowered_positions_of)(vectors, &block);
        panels += whole * vectors * LANES;
    }
}

typedef struct {
    const rk_convolution_gradient *args;
    const REAL *packed;           // [positions][RK_LOWERED_ROWS] upstream gradients of this group of filters
    ptrdiff_t offset;             // of the columns within the lowered row of a position
    REAL *to;
    ptrdiff_t used;
} FN(weight_block);

INLINE void FN(weight_columns)(const int rows, const int vectors, const FN(weight_block) *s) {
    const rk_convolution_gradient *g = s->args;
    const ptrdiff_t stride = g->runs * g->depth;
    vec sum[RK_LOWERED_ROWS * 4];
    const REAL *a[RK_LOWERED_ROWS];
#pragma clang loop unroll(full)
    for (int r = 0; r < rows; r++) {
        a[r] = s->packed + r;
#pragma clang loop unroll(full)
        for (int v = 0; v < vectors; v++)
            sum[r * vectors + v] = v + 1 < vectors
                ? FN(load)(s->to + r * stride + v * LANES)
                : FN(load_part)(s->to + r * stride + v * LANES, s->used - v * LANES);
    }
    for (ptrdiff_t y = 0; y < g->height; y++) {
        FN(tile_chain)(
            rows, vectors, 0, g->width, a, RK_LOWERED_ROWS, (const REAL *)g->a + y * g->a_row + s->offset, g->a_column, sum,
            0, NULL);
#pragma clang loop unroll(full)
        for (int r = 0; r < rows; r++) a[r] += g->width * RK_LOWERED_ROWS;
    }
#pragma clang loop unroll(full)
    for (int r = 0; r < rows; r++)
#pragma clang loop unroll(full)
        for (int v = 0; v < vectors; v++) {
            if (v + 1 < vectors)
                FN(store)(s->to + r * stride + v * LANES, sum[r * vectors + v]);
            else
                FN(store_part)(s->to + r * stride + v * LANES, sum[r * vectors + v], s->used - v * LANES);
        }
}

INLINE void FN(weight_rows)(const int rows, FN(weight_block) *s, REAL *to) {
    const rk_convolution_gradient *g = s->args;
    for (ptrdiff_t run = 0; run < g->runs; run++)
        for (ptrdiff_t d = 0; d < g->depth; d += RK_GEMM_VECTORS * LANES) {
            s->offset = run * g->a_run + d;
            s->to = to + run * g->depth + d;
            s->used = FN(smaller)(g->depth - d, RK_GEMM_VECTORS * LANES);
            switch ((s->used + LANES - 1) / LANES) {
#if RK_GEMM_VECTORS > 2
            case 4: FN(weight_columns)(rows, 4, s); break;
            case 3: FN(weight_columns)(rows, 3, s); break;
#endif
            case 2: FN(weight_columns)(rows, 2, s); break;
            default: FN(weight_columns)(rows, 1, s); break;
            }
        }
}

static void FN(weight_rows_of)(ptrdiff_t rows, FN(weight_block) *s, REAL *to) {
    switch (rows) {
    case 6: FN(weight_rows)(6, s, to); break;
    case 5: FN(weight_rows)(5, s, to); break;
    case 4: FN(weight_rows)(4, s, to); break;
    case 3: FN(weight_rows)(3, s, to); break;
    case 2: FN(weight_rows)(2, s, to); break;
    default: FN(weight_rows)(1, s, to); break;
    }
}

static void FN(convolution_gradient)(const rk_convolution_gradient *g) {
    for (ptrdiff_t m = g->begin; m < g->end; m += RK_LOWERED_ROWS) {
        const ptrdiff_t rows = FN(smaller)(g->end - m, RK_LOWERED_ROWS);
        REAL *packed = g->workspace;
        for (ptrdiff_t y = 0; y < g->height; y++)
            for (ptrdiff_t x = 0; x < g->width; x++, packed += RK_LOWERED_ROWS) {
                const REAL *from = (const REAL *)g->upstream + y * g->upstream_row + x * g->upstream_column + m;
                for (ptrdiff_t r = 0; r < rows; r++) packed[r] = from[r];
            }
        if (g->d_bias) {
            REAL *to = (REAL *)g->d_bias + m;
            const REAL *from = g->workspace;
            for (ptrdiff_t p = 0; p < g->height * g->width; p++, from += RK_LOWERED_ROWS)
                for (ptrdiff_t r = 0; r < rows; r++) to[r] += from[r];
        }
        FN(weight_block) block = {.args = g, .packed = g->workspace};
        FN(weight_rows_of)(rows, &block, (REAL *)g->d_weight + m * g->runs * g->depth);
    }
}

static void FN(transpose_matrix)(
    ptrdiff_t rows, ptrdiff_t columns, const void *from, ptrdiff_t from_stride, void *to, ptrdiff_t to_stride) {
    FN(transpose)(from, from_stride, to, to_stride, rows, rows, columns);
}
