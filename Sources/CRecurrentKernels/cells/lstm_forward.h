// A whole sequence of one layer, forward. The cell is whatever `cell_forward` says.
//
// For every step, every unit panel and every group of rows: the four gates of L units are summed in registers over the
// input and the state before, and the cell is evaluated right there; a gate never travels through memory, except into
// the buffer that training keeps.

typedef struct {
    const REAL *source;       // row 0 of the left operand
    ptrdiff_t stride;         // between its rows
    const REAL *panel;        // [depth][4L]
    ptrdiff_t depth;
} FN(part);

typedef struct {
    const REAL *bias;         // [4L] of this panel
    FN(part) parts[2];        // one or two products, in this order
    int part_count;
    int starts, ends;         // sums start at the bias, end in the cell; otherwise they pass through `partial`
    REAL *partial;            // [rows][4L]
    const REAL *c_before;     // [B][H], at this panel's first unit, like the next two
    REAL *c_after, *h_after;
    REAL *gates;              // [B][4U] of this step and block, at this panel's first unit, or NULL
    ptrdiff_t hidden_size, units;
} FN(step);

INLINE void FN(forward_rows)(const int rows, const FN(step) *s, const int32_t *list, ptrdiff_t position) {
    vec sum[6 * 4];
    const REAL *a[6];
#pragma clang loop unroll(full)
    for (int r = 0; r < rows; r++) {
        const REAL *from = s->starts ? s->bias : s->partial + (position + r) * PANEL;
#pragma clang loop unroll(full)
        for (int v = 0; v < 4; v++) sum[r * 4 + v] = FN(load)(from + v * LANES);
    }
    for (int part = 0; part < s->part_count; part++) {
        const FN(part) *p = &s->parts[part];
#pragma clang loop unroll(full)
        for (int r = 0; r < rows; r++) a[r] = p->source + list[position + r] * p->stride;
        FN(tile)(rows, 4, p->depth, a, 1, p->panel, PANEL, sum);
    }
    if (!s->ends) {
#pragma clang loop unroll(full)
        for (int r = 0; r < rows; r++)
#pragma clang loop unroll(full)
            for (int v = 0; v < 4; v++) FN(store)(s->partial + (position + r) * PANEL + v * LANES, sum[r * 4 + v]);
        return;
    }
#pragma clang loop unroll(full)
    for (int r = 0; r < rows; r++) {
        ptrdiff_t row = list[position + r], at = row * s->hidden_size;
        vec c = FN(load_part)(s->c_before + at, s->units);
        vec h = FN(cell_forward)(sum + r * 4, &c);
        FN(store_part)(s->c_after + at, c, s->units);
        FN(store_part)(s->h_after + at, h, s->units);
        if (s->gates) {
#pragma clang loop unroll(full)
            for (int v = 0; v < 4; v++) FN(store)(s->gates + row * BLOCK + v * UNITS, sum[r * 4 + v]);
        }
    }
}

static void FN(forward_panel)(const FN(step) *s, const int32_t *list, ptrdiff_t begin, ptrdiff_t end) {
    ptrdiff_t at = begin;
    for (; at + RK_TILE_ROWS <= end; at += RK_TILE_ROWS) FN(forward_rows)(RK_TILE_ROWS, s, list, at);
    switch (end - at) {
#if RK_TILE_ROWS > 3
    case 5: FN(forward_rows)(5, s, list, at); break;
    case 4: FN(forward_rows)(4, s, list, at); break;
    case 3: FN(forward_rows)(3, s, list, at); break;
#endif
    case 2: FN(forward_rows)(2, s, list, at); break;
    case 1: FN(forward_rows)(1, s, list, at); break;
    default: break;
    }
}

/// Lists the rows of [begin, end) whose step t is no padding.
INLINE ptrdiff_t FN(active_rows)(
    const int32_t *lengths, ptrdiff_t begin, ptrdiff_t end, ptrdiff_t t, int32_t *list) {
    ptrdiff_t count = 0;
    for (ptrdiff_t row = begin; row < end; row++)
        if (!lengths || t < lengths[row]) list[count++] = (int32_t)row;
    return count;
}

INLINE void FN(copy)(const REAL *from, REAL *to, ptrdiff_t count) { __builtin_memcpy(to, from, (size_t)count * sizeof(REAL)); }

static ptrdiff_t FN(lstm_forward_workspace)(const rk_lstm_forward *args) {
    ptrdiff_t rows = args->row_end - args->row_begin;
    return rows * PANEL + rows + LANES;
}

static void FN(lstm_forward)(const rk_lstm_forward *args) {
    const ptrdiff_t T = args->time_steps, B = args->batch, I = args->input_size, H = args->hidden_size;
    const ptrdiff_t rows = args->row_end - args->row_begin, panels = (H + LANES - 1) / LANES;
    const REAL *input_panels = args->input_panels, *recurrent_panels = args->recurrent_panels;
    REAL *partial = args->workspace;
    int32_t *list = (int32_t *)(partial + rows * PANEL);
    const int whole = I + H <= RK_DEPTH_BLOCK + RK_DEPTH_BLOCK / 2;
    ptrdiff_t count = FN(active_rows)(NULL, args->row_begin, args->row_end, 0, list);
    if (rows <= 0) return;

    for (ptrdiff_t done = 0; done < T; done++) {
        const ptrdiff_t t = args->reverse ? T - 1 - done : done;
        const ptrdiff_t before = args->reverse ? t + 1 : t, after = args->reverse ? t : t + 1;
        const REAL *x = (const REAL *)args->x + t * B * I;
        const REAL *h_before = (const REAL *)args->h + before * B * H;
        REAL *h_after = (REAL *)args->h + after * B * H;
        const REAL *c_before = (const REAL *)args->c + (args->keeps_cell_states ? before * B * H : 0);
        REAL *c_after = (REAL *)args->c + (args->keeps_cell_states ? after * B * H : 0);

        if (args->lengths) {
            count = FN(active_rows)(args->lengths, args->row_begin, args->row_end, t, list);
            for (ptrdiff_t row = args->row_begin; count < rows && row < args->row_end; row++) {
                if (t < args->lengths[row]) continue;
                FN(copy)(h_before + row * H, h_after + row * H, H);
                if (args->keeps_cell_states) FN(copy)(c_before + row * H, c_after + row * H, H);
            }
        }
        for (ptrdiff_t p = 0; p < panels; p++) {
            const ptrdiff_t unit = p * LANES;
            FN(step) s = {
                .bias = (const REAL *)args->bias_panels + p * PANEL,
                .partial = partial,
                .c_before = c_before + unit, .c_after = c_after + unit, .h_after = h_after + unit,
                .gates = args->gates ? (REAL *)args->gates + (unit / UNITS * T + t) * B * BLOCK + unit % UNITS : NULL,
                .hidden_size = H, .units = FN(smaller)(H - unit, LANES),
            };
            const REAL *w = input_panels + p * I * PANEL, *r = recurrent_panels + p * H * PANEL;
            if (whole) {
                s.parts[0] = (FN(part)){x, I, w, I};
                s.parts[1] = (FN(part)){h_before, H, r, H};
                s.part_count = 2;
                s.starts = s.ends = 1;
                FN(forward_panel)(&s, list, 0, count);
                continue;
            }
            // A block of the panel stays in the first cache while the rows pass over it.
            s.part_count = 1;
            for (ptrdiff_t k = 0; k < I; k += RK_DEPTH_BLOCK) {
                s.parts[0] = (FN(part)){x + k, I, w + k * PANEL, FN(smaller)(I - k, RK_DEPTH_BLOCK)};
                s.starts = k == 0;
                FN(forward_panel)(&s, list, 0, count);
            }
            for (ptrdiff_t k = 0; k < H; k += RK_DEPTH_BLOCK) {
                s.parts[0] = (FN(part)){h_before + k, H, r + k * PANEL, FN(smaller)(H - k, RK_DEPTH_BLOCK)};
                s.starts = I == 0 && k == 0;
                s.ends = k + RK_DEPTH_BLOCK >= H;
                FN(forward_panel)(&s, list, 0, count);
            }
        }
    }
}
