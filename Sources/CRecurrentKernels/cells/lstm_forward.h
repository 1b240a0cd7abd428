// A whole sequence of one layer, forward. The cell is whatever `cells_forward` says.
//
// For every step, every unit panel and every group of rows: the four gates of L units are summed in registers over the
// input and the state before, and the cell is evaluated right there; a gate never travels through memory, except into
// the buffer that training keeps. With few rows the product with the input is made for many steps at once, so that its
// weights are read once for all of them; the chain of additions is the same.

typedef struct {
    const REAL *source;       // row 0 of the left operand
    ptrdiff_t stride;         // between its rows
    const REAL *panel;        // [depth][4L]
    ptrdiff_t depth;
    const REAL *ahead;        // what the first rows fetch into the second cache on the way; or NULL
} FN(part);

/// Columns [k, k + most) of a left operand of `depth` columns against one of the panels. While the rows pass over it, the
/// panel `following` is fetched; -1: none.
INLINE FN(part) FN(part_of)(
    const REAL *source, ptrdiff_t depth, const void *panels, ptrdiff_t panel, ptrdiff_t following, ptrdiff_t k,
    ptrdiff_t most) {
    return (FN(part)){
        .source = source + k, .stride = depth, .panel = (const REAL *)panels + (panel * depth + k) * PANEL,
        .depth = FN(smaller)(depth - k, most),
        .ahead = following < 0 ? NULL : (const REAL *)panels + (following * depth + k) * PANEL,
    };
}

typedef struct {
    const REAL *bias;         // [4L] of this panel
    FN(part) parts[2];        // one or two products, in this order
    int part_count;
    int starts, ends;         // sums start at the bias, end in the cell; otherwise they pass through `partial`
    REAL *partial;            // [rows][4L], in the order of the list
    const REAL *c_before;     // [B][H], at this panel's first unit, like the next two
    REAL *c_after, *h_after;
    REAL *gates;              // [B][4U] of this step and block, at this panel's first unit, or NULL
    ptrdiff_t hidden_size, units;
} FN(step);

/// Cells side by side whose gates stand summed in `sum`: that of rows[k] in the panel of s[k].
INLINE void FN(finish)(const int count, const FN(step) *const *s, const ptrdiff_t *rows, vec *sum) {
    vec c[6];
#pragma clang loop unroll(full)
    for (int k = 0; k < count; k++) c[k] = FN(load_part)(s[k]->c_before + rows[k] * s[k]->hidden_size, s[k]->units);
    FN(cells_forward)(count, sum, c);
#pragma clang loop unroll(full)
    for (int k = 0; k < count; k++) {
        FN(store_part)(s[k]->c_after + rows[k] * s[k]->hidden_size, c[k], s[k]->units);
        if (!s[k]->gates) continue;
#pragma clang loop unroll(full)
        for (int v = 0; v < 4; v++) FN(store)(s[k]->gates + rows[k] * BLOCK + v * UNITS, sum[4 * k + v]);
    }
    FN(cells_output)(count, sum, c);
#pragma clang loop unroll(full)
    for (int k = 0; k < count; k++)
        FN(store_part)(s[k]->h_after + rows[k] * s[k]->hidden_size, c[k], s[k]->units);
}

/// `index`: how many pieces of the list came before.
///
/// The first chain goes on from the bias, all others are added to it in their order.
INLINE void FN(forward_rows)(
    const int rows, const FN(step) *s, const int32_t *list, ptrdiff_t position, ptrdiff_t index) {
    vec sum[6 * 4];
    const REAL *a[6];
#pragma clang loop unroll(full)
    for (int i = 0; i < rows * 4; i++)
        sum[i] = FN(load)((s->starts ? s->bias : s->partial + (position + i / 4) * PANEL) + i % 4 * LANES);
    for (int part = 0; part < s->part_count; part++) {
        const FN(part) *p = &s->parts[part];
        const int continues = part == 0 && s->starts;
#pragma clang loop unroll(full)
        for (int r = 0; r < rows; r++) a[r] = p->source + list[position + r] * p->stride;
        if (p->ahead && index < 4)
            FN(tile_ahead)(
                rows, 4, p->depth, a, 1, p->panel, PANEL, sum, continues, 1, p->ahead + index * p->depth * LANES);
        else
            FN(tile)(rows, 4, p->depth, a, 1, p->panel, PANEL, sum, continues);
    }
    if (!s->ends) {
#pragma clang loop unroll(full)
        for (int r = 0; r < rows; r++)
#pragma clang loop unroll(full)
            for (int v = 0; v < 4; v++) FN(store)(s->partial + (position + r) * PANEL + v * LANES, sum[r * 4 + v]);
        return;
    }
    const FN(step) *same[6];
    ptrdiff_t row[6];
#pragma clang loop unroll(full)
    for (int r = 0; r < rows; r++) same[r] = s, row[r] = list[position + r];
    FN(finish)(rows, same, row, sum);
}

/// One row against two panels: a row alone has too few sums to keep the multipliers busy.
INLINE void FN(forward_pair)(const FN(step) *s, ptrdiff_t row, ptrdiff_t position) {
    vec sum[8], before[8];
#pragma clang loop unroll(full)
    for (int v = 0; v < 8; v++) {
        const FN(step) *own = s + v / 4;
        before[v] = FN(load)((own->starts ? own->bias : own->partial + position * PANEL) + v % 4 * LANES);
    }
    for (int part = 0; part < s->part_count; part++) {
        const REAL *a = s->parts[part].source + row * s->parts[part].stride;
        const REAL *first = s[0].parts[part].panel, *second = s[1].parts[part].panel;
        const ptrdiff_t depth = s->parts[part].depth;
        for (ptrdiff_t begin = 0; begin < depth; begin += RK_CHAIN) {
            const int continues = part == 0 && begin == 0 && s->starts;
#pragma clang loop unroll(full)
            for (int v = 0; v < 8; v++) sum[v] = continues ? before[v] : (vec){0};
            for (ptrdiff_t k = begin; k < FN(smaller)(depth, begin + RK_CHAIN); k++) {
                const vec left = FN(set)(a[k]);
                const REAL *one = first + k * PANEL, *two = second + k * PANEL;
#pragma clang loop unroll(full)
                for (int v = 0; v < 4; v++) sum[v] = FN(fma)(left, FN(load)(one + v * LANES), sum[v]);
#pragma clang loop unroll(full)
                for (int v = 0; v < 4; v++) sum[4 + v] = FN(fma)(left, FN(load)(two + v * LANES), sum[4 + v]);
            }
#pragma clang loop unroll(full)
            for (int v = 0; v < 8; v++) before[v] = continues ? sum[v] : sum[v] + before[v];
        }
    }
    if (s->ends) {
        FN(finish)(2, (const FN(step) *const[]){s, s + 1}, (const ptrdiff_t[]){row, row}, before);
        return;
    }
#pragma clang loop unroll(full)
    for (int v = 0; v < 8; v++) FN(store)(s[v / 4].partial + position * PANEL + v % 4 * LANES, before[v]);
}

static void FN(forward_panel)(const FN(step) *s, const int32_t *list, ptrdiff_t count) {
    const FN(pieces) pieces = FN(pieces_of)(0, count, RK_TILE_ROWS);
    for (ptrdiff_t p = 0, at = 0; p < pieces.count; p++) {
        const ptrdiff_t rows = FN(piece_width)(&pieces, p);
        switch (rows) {
#if RK_TILE_ROWS > 3
        case 6: FN(forward_rows)(6, s, list, at, p); break;
        case 5: FN(forward_rows)(5, s, list, at, p); break;
        case 4: FN(forward_rows)(4, s, list, at, p); break;
#endif
        case 3: FN(forward_rows)(3, s, list, at, p); break;
        case 2: FN(forward_rows)(2, s, list, at, p); break;
        default: FN(forward_rows)(1, s, list, at, p); break;
        }
        at += rows;
    }
}

/// The listed rows against one panel, or against two at once where there is one row.
INLINE void FN(forward_panels)(const FN(step) *s, int panels, const int32_t *list, ptrdiff_t count) {
    if (panels == 2)
        FN(forward_pair)(s, list[0], 0);
    else
        FN(forward_panel)(s, list, count);
}

/// Lists the rows of [begin, end) whose step t is no padding, each plus `offset`.
INLINE ptrdiff_t FN(active_rows)(
    const int32_t *lengths, ptrdiff_t begin, ptrdiff_t end, ptrdiff_t t, ptrdiff_t offset, int32_t *list) {
    ptrdiff_t count = 0;
    for (ptrdiff_t row = begin; row < end; row++)
        if (!lengths || t < lengths[row]) list[count++] = (int32_t)(offset + row);
    return count;
}

/// Steps whose input products are made together: about 48 rows; 1 where the step makes its own.
INLINE ptrdiff_t FN(steps_ahead)(const rk_lstm_forward *args) {
    const ptrdiff_t rows = args->row_end - args->row_begin;
    if (rows <= 0 || rows > 24 || args->input_size < 16) return 1;
    return FN(smaller)(args->time_steps > 0 ? args->time_steps : 1, (48 + rows - 1) / rows);
}

static ptrdiff_t FN(lstm_forward_workspace)(const rk_lstm_forward *args) {
    const ptrdiff_t rows = args->row_end - args->row_begin, ahead = FN(steps_ahead)(args);
    const ptrdiff_t panels = ahead > 1 ? (args->team.unit_end - args->team.unit_begin + LANES - 1) / LANES : 1;
    return rows * ahead * PANEL * panels + rows * ahead + LANES;
}

/// Bias and input products of the steps [done, done + steps) into `ahead`, [P][position][4L] by position in the list.
static void FN(input_products)(
    const rk_lstm_forward *args, ptrdiff_t done, ptrdiff_t steps, ptrdiff_t panel_rows, REAL *ahead, int32_t *list) {
    const ptrdiff_t T = args->time_steps, B = args->batch, I = args->input_size;
    ptrdiff_t count = 0;
    for (ptrdiff_t step = done; step < done + steps; step++) {
        const ptrdiff_t t = args->reverse ? T - 1 - step : step, from = args->reverse ? T - done - steps : done;
        count += FN(active_rows)(args->lengths, args->row_begin, args->row_end, t, (t - from) * B, list + count);
    }
    const REAL *x = (const REAL *)args->x + (args->reverse ? T - done - steps : done) * B * I;
    const ptrdiff_t first = args->team.unit_begin / LANES;
    for (ptrdiff_t p = first; p * LANES < args->team.unit_end; p++)
        for (ptrdiff_t k = 0; k < I; k += RK_PANEL_DEPTH) {
            const ptrdiff_t following = (p + 1) * LANES < args->team.unit_end ? p + 1 : -1;
            const FN(step) s = {
                .bias = (const REAL *)args->bias_panels + p * PANEL, .partial = ahead + (p - first) * panel_rows * PANEL,
                .parts = {FN(part_of)(x, I, args->input_panels, p, following, k, RK_PANEL_DEPTH)}, .part_count = 1,
                .starts = k == 0,
            };
            FN(forward_panel)(&s, list, count);
        }
}

static void FN(lstm_forward)(const rk_lstm_forward *args) {
    const ptrdiff_t T = args->time_steps, B = args->batch, I = args->input_size, H = args->hidden_size;
    const ptrdiff_t rows = args->row_end - args->row_begin, ahead = FN(steps_ahead)(args), panel_rows = rows * ahead;
    const ptrdiff_t first_panel = args->team.unit_begin / LANES;
    const ptrdiff_t panels = (args->team.unit_end - args->team.unit_begin + LANES - 1) / LANES;
    REAL *partial = args->workspace;
    int32_t *list = (int32_t *)(partial + panel_rows * PANEL * (ahead > 1 ? panels : 1));
    ptrdiff_t position = 0;  // of this step within the products made ahead
    if (rows <= 0) return;

    for (ptrdiff_t done = 0; done < T; done++) {
        const ptrdiff_t t = args->reverse ? T - 1 - done : done;
        const ptrdiff_t before = args->reverse ? t + 1 : t, after = args->reverse ? t : t + 1;
        const REAL *x = (const REAL *)args->x + t * B * I;
        const REAL *h_before = (const REAL *)args->h + before * B * H;
        REAL *h_after = (REAL *)args->h + after * B * H;
        const REAL *c_before = (const REAL *)args->c + (args->keeps_cell_states ? before * B * H : 0);
        REAL *c_after = (REAL *)args->c + (args->keeps_cell_states ? after * B * H : 0);

        if (ahead > 1 && done % ahead == 0) {
            FN(input_products)(args, done, FN(smaller)(ahead, T - done), panel_rows, partial, list);
            position = 0;
        }
        const ptrdiff_t count = FN(active_rows)(args->lengths, args->row_begin, args->row_end, t, 0, list);
        for (ptrdiff_t row = args->row_begin; count < rows && row < args->row_end; row++) {
            if (t < args->lengths[row] || args->team.own > 0) continue;
            FN(copy)(h_before + row * H, h_after + row * H, H);
            if (args->keeps_cell_states) FN(copy)(c_before + row * H, c_after + row * H, H);
        }

        const int group = count == 1 ? 2 : 1;
        const ptrdiff_t groups = (panels + group - 1) / group;
        for (ptrdiff_t index = 0; index < groups && count > 0; index++) {
            // To and fro: what a step used last is what the next finds in the caches.
            const ptrdiff_t p = group * (done % 2 ? groups - 1 - index : index);
            const int wide = (int)FN(smaller)(group, panels - p);
            FN(step) s[2];
            ptrdiff_t following[2];
            for (int g = 0; g < wide; g++) {
                const ptrdiff_t panel = first_panel + p + g, unit = panel * LANES;
                s[g] = (FN(step)){
                    .bias = (const REAL *)args->bias_panels + panel * PANEL,
                    .partial = ahead > 1 ? partial + ((p + g) * panel_rows + position) * PANEL : partial + g * PANEL,
                    .c_before = c_before + unit, .c_after = c_after + unit, .h_after = h_after + unit,
                    .gates = args->gates ? (REAL *)args->gates + (unit / UNITS * T + t) * B * BLOCK + unit % UNITS : NULL,
                    .hidden_size = H, .units = FN(smaller)(H - unit, LANES),
                };
                following[g] = panel + (done % 2 ? -1 : 1);
                // With few rows there is no time to fetch anything.
                if (count <= 3 || following[g] < first_panel || following[g] >= first_panel + panels) following[g] = -1;
            }
            if (wide == 2 || (I <= RK_PANEL_DEPTH && H <= RK_PANEL_DEPTH)) {
                for (int g = 0; g < wide; g++) {
                    const ptrdiff_t panel = first_panel + p + g;
                    int parts = 0;
                    if (ahead == 1) s[g].parts[parts++] = FN(part_of)(x, I, args->input_panels, panel, following[g], 0, I);
                    s[g].parts[parts++] = FN(part_of)(h_before, H, args->recurrent_panels, panel, following[g], 0, H);
                    s[g].part_count = parts;
                    s[g].starts = ahead == 1;
                    s[g].ends = 1;
                }
                FN(forward_panels)(s, wide, list, count);
                continue;
            }
            // A part of the panel stays in the second cache while the rows pass over it.
            const ptrdiff_t panel = first_panel + p;
            s->part_count = 1;
            for (ptrdiff_t k = 0; k < I && ahead == 1; k += RK_PANEL_DEPTH) {
                s->parts[0] = FN(part_of)(x, I, args->input_panels, panel, *following, k, RK_PANEL_DEPTH);
                s->starts = k == 0;
                FN(forward_panel)(s, list, count);
            }
            for (ptrdiff_t k = 0; k < H; k += RK_PANEL_DEPTH) {
                s->parts[0] = FN(part_of)(h_before, H, args->recurrent_panels, panel, *following, k, RK_PANEL_DEPTH);
                s->starts = ahead == 1 && I == 0 && k == 0;
                s->ends = k + RK_PANEL_DEPTH >= H;
                FN(forward_panel)(s, list, count);
            }
        }
        position += count;
        // The next step needs every unit of this one.
        if (args->team.count > 1) {
            rk_meet(&args->team, (uint32_t)done + 1);
            // What the others wrote lies in their caches: all of it is asked for at once.
            for (ptrdiff_t index = 0; index < count && count <= 2; index++)
                for (ptrdiff_t unit = 0; unit < H; unit += (ptrdiff_t)(64 / sizeof(REAL)))
                    __builtin_prefetch(h_after + list[index] * H + unit, 0, 3);
        }
    }
}
