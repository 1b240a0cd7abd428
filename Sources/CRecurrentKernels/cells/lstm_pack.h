// Weights in the order in which the sequence kernels read them.

static void FN(lstm_pack_forward)(ptrdiff_t H, ptrdiff_t depth, const void *weight, void *out) {
    const REAL *w = weight;
    REAL *to = out;
    const ptrdiff_t panels = (H + LANES - 1) / LANES;
    for (ptrdiff_t p = 0; p < panels; p++, to += depth * PANEL)
        for (ptrdiff_t gate = 0; gate < 4; gate++) {
            const ptrdiff_t unit = p * LANES;
            const REAL *own = w + (gate * H + unit) * depth;
            const REAL *next = gate < 3 ? own + H * depth : p + 1 < panels ? w + (unit + LANES) * depth : NULL;
            FN(transpose_ahead)(
                own, depth, to + gate * LANES, PANEL, FN(smaller)(H - unit, LANES), LANES, depth, next);
        }
}

static void FN(lstm_pack_bias)(ptrdiff_t H, const void *first, const void *second, void *out) {
    const REAL *a = first, *b = second;
    REAL *to = out;
    const ptrdiff_t panels = (H + LANES - 1) / LANES;
    for (ptrdiff_t p = 0; p < panels; p++)
        for (ptrdiff_t gate = 0; gate < 4; gate++)
            for (ptrdiff_t lane = 0; lane < LANES; lane++) {
                const ptrdiff_t unit = p * LANES + lane, at = gate * H + unit;
                *to++ = unit < H ? (a ? a[at] : 0) + (b ? b[at] : 0) : 0;
            }
}

/// Panels of RK_GEMM_VECTORS registers of columns, the last one as narrow as it can be; its 4H rows stand in the order of
/// saved gates: block by block, gate by gate, unit by unit, without padding.
static void FN(lstm_pack_columns)(ptrdiff_t H, ptrdiff_t columns, const void *weight, void *out) {
    REAL *to = out;
    for (ptrdiff_t n = 0; n < columns; n += RK_GEMM_VECTORS * LANES) {
        const ptrdiff_t used = FN(smaller)(columns - n, RK_GEMM_VECTORS * LANES);
        const ptrdiff_t width = (used + LANES - 1) / LANES * LANES;
        for (ptrdiff_t first = 0; first < H; first += UNITS)
            for (ptrdiff_t gate = 0; gate < 4; gate++)
                for (ptrdiff_t unit = first; unit < FN(smaller)(H, first + UNITS); unit++, to += width) {
                    const REAL *row = (const REAL *)weight + (gate * H + unit) * columns + n;
                    for (ptrdiff_t v = 0; v < width; v += LANES) {
                        __builtin_prefetch(row + 8 * columns + v, 0, 2);
                        FN(store)(to + v, FN(load_part)(row + v, FN(smaller)(used - v, LANES)));
                    }
                }
    }
}
