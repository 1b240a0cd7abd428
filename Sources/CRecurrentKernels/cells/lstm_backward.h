// The same sequence backward: gate gradients step by step, and the gradient of the input close behind.

typedef struct {
    const REAL *gates;        // gate gradients of row 0 in block 0, rows of 4U
    ptrdiff_t block_stride;   // between blocks
    ptrdiff_t hidden_size;
    const REAL *columns;      // packed right operand from lstm_pack_columns
    ptrdiff_t column_count;
    ptrdiff_t column_begin, column_end;  // those wanted; the first a multiple of a panel's width
    REAL *out;                // rows of `out_stride`
    ptrdiff_t out_stride;
    int pads;                 // out has room for whole registers past column_count
} FN(gate_product);

INLINE void FN(gate_product_rows)(
    const int rows, const int vectors, const FN(gate_product) *s, const REAL *right, ptrdiff_t column, ptrdiff_t first,
    ptrdiff_t last, const int32_t *list, ptrdiff_t position, const REAL *ahead) {
    vec sum[6 * 4], before[6 * 4];
    const REAL *a[12];
    REAL *to[12];
    const ptrdiff_t used = s->pads ? vectors * LANES : s->column_count - column;
#pragma clang loop unroll(full)
    for (int r = 0; r < rows; r++) {
        const ptrdiff_t row = list[position + r];
        a[r] = s->gates + first * s->block_stride + row * BLOCK;
        to[r] = s->out + row * s->out_stride + column;
#pragma clang loop unroll(full)
        for (int v = 0; v < vectors; v++) {
            sum[r * vectors + v] = (vec){0};
            if (first > 0)
                before[r * vectors + v] = FN(load_part)(to[r] + v * LANES, v + 1 < vectors ? LANES : used - v * LANES);
        }
    }
    const ptrdiff_t width = vectors * LANES;
    const REAL *b = right + first * BLOCK * width;
    for (ptrdiff_t p = first; p < last; p++) {
        const ptrdiff_t units = FN(smaller)(s->hidden_size - p * UNITS, UNITS);
        // A chain is that of some whole blocks.
        if (p > first && p % (RK_GATE_CHAIN / BLOCK) == 0) {
#pragma clang loop unroll(full)
            for (int i = 0; i < rows * vectors; i++) {
                before[i] = p > RK_GATE_CHAIN / BLOCK ? before[i] + sum[i] : sum[i];
                sum[i] = (vec){0};
            }
        }
        if (units == UNITS) {
            FN(tile_ahead)(rows, vectors, BLOCK, a, 1, b, width, sum, 1, 1, ahead);
            b += BLOCK * width;
            ahead += BLOCK * LANES;
#pragma clang loop unroll(full)
            for (int r = 0; r < rows; r++) a[r] += s->block_stride;
            continue;
        }
        for (int gate = 0; gate < 4; gate++) {
            FN(tile)(rows, vectors, units, a, 1, b, width, sum, 1);
            b += units * width;
#pragma clang loop unroll(full)
            for (int r = 0; r < rows; r++) a[r] += UNITS;
        }
    }
#pragma clang loop unroll(full)
    for (int r = 0; r < rows; r++)
#pragma clang loop unroll(full)
        for (int v = 0; v < vectors; v++) {
            const ptrdiff_t part = v + 1 < vectors ? LANES : used - v * LANES;
            const vec own = sum[r * vectors + v];
            FN(store_part)(to[r] + v * LANES, last > RK_GATE_CHAIN / BLOCK ? before[r * vectors + v] + own : own, part);
        }
}

INLINE void FN(gate_product_panel)(
    const int vectors, const FN(gate_product) *s, const REAL *right, ptrdiff_t column, ptrdiff_t first, ptrdiff_t last,
    const int32_t *list, ptrdiff_t begin, ptrdiff_t end, const REAL *ahead) {
    // The first tiles fetch what comes next into the second cache, a line each step.
    const ptrdiff_t lines = (last - first) * BLOCK;
    // One register of columns needs more rows for as many independent sums.
    const FN(pieces) pieces = FN(pieces_of)(begin, end, vectors == 1 ? 12 : 6);
    for (ptrdiff_t p = 0, at = begin; p < pieces.count; p++) {
        const ptrdiff_t rows = FN(piece_width)(&pieces, p);
        const REAL *own = ahead + FN(smaller)(p, vectors - 1) * lines * LANES;
        if (vectors == 1 && rows > 6) {
            switch (rows) {
            case 12: FN(gate_product_rows)(12, 1, s, right, column, first, last, list, at, own); break;
            case 11: FN(gate_product_rows)(11, 1, s, right, column, first, last, list, at, own); break;
            case 10: FN(gate_product_rows)(10, 1, s, right, column, first, last, list, at, own); break;
            case 9: FN(gate_product_rows)(9, 1, s, right, column, first, last, list, at, own); break;
            case 8: FN(gate_product_rows)(8, 1, s, right, column, first, last, list, at, own); break;
            default: FN(gate_product_rows)(7, 1, s, right, column, first, last, list, at, own); break;
            }
            at += rows;
            continue;
        }
        switch (rows) {
        case 6: FN(gate_product_rows)(6, vectors, s, right, column, first, last, list, at, own); break;
        case 5: FN(gate_product_rows)(5, vectors, s, right, column, first, last, list, at, own); break;
        case 4: FN(gate_product_rows)(4, vectors, s, right, column, first, last, list, at, own); break;
        case 3: FN(gate_product_rows)(3, vectors, s, right, column, first, last, list, at, own); break;
        case 2: FN(gate_product_rows)(2, vectors, s, right, column, first, last, list, at, own); break;
        default: FN(gate_product_rows)(1, vectors, s, right, column, first, last, list, at, own); break;
        }
        at += rows;
    }
}

/// One row against two full column panels: a row alone has too few sums to keep the multipliers busy.
static void FN(gate_product_pair)(const FN(gate_product) *s, const REAL *right, ptrdiff_t column, ptrdiff_t row) {
    enum { vectors = RK_GEMM_VECTORS };
    const ptrdiff_t width = vectors * LANES;
    const REAL *gates = s->gates + row * BLOCK, *first = right, *second = right + 4 * s->hidden_size * width;
    REAL *to = s->out + row * s->out_stride + column;
    vec sum[2 * vectors] = {0}, before[2 * vectors];
    for (ptrdiff_t unit = 0; unit < s->hidden_size; unit += UNITS, gates += s->block_stride) {
        // The chains of more rows.
        const int fresh = unit > 0 && unit % (RK_GATE_CHAIN / 4) == 0;
#pragma clang loop unroll(full)
        for (int v = 0; v < 2 * vectors && fresh; v++) {
            before[v] = unit > RK_GATE_CHAIN / 4 ? before[v] + sum[v] : sum[v];
            sum[v] = (vec){0};
        }
        const ptrdiff_t units = FN(smaller)(s->hidden_size - unit, UNITS);
        for (int gate = 0; gate < 4; gate++)
            for (ptrdiff_t k = 0; k < units; k++, first += width, second += width) {
                const vec left = FN(set)(gates[gate * UNITS + k]);
#pragma clang loop unroll(full)
                for (int v = 0; v < vectors; v++) {
                    sum[v] = FN(fma)(left, FN(load)(first + v * LANES), sum[v]);
                    sum[vectors + v] = FN(fma)(left, FN(load)(second + v * LANES), sum[vectors + v]);
                }
            }
    }
#pragma clang loop unroll(full)
    for (int v = 0; v < 2 * vectors; v++) {
        const ptrdiff_t used = s->pads ? LANES : s->column_count - column - v * LANES;
        FN(store_part)(to + v * LANES, s->hidden_size > RK_GATE_CHAIN / 4 ? before[v] + sum[v] : sum[v], used);
    }
}

/// out[row] = gate gradients[row] · right, for the listed rows [begin, end). With `from_end` the panels come in reverse
/// order: what one step used last is what the next finds in the caches.
static void FN(gate_product_all)(
    const FN(gate_product) *s, const int32_t *list, ptrdiff_t begin, ptrdiff_t end, int from_end) {
    const ptrdiff_t blocks = (s->hidden_size + UNITS - 1) / UNITS, group = RK_PANEL_DEPTH / BLOCK;
    const ptrdiff_t width = RK_GEMM_VECTORS * LANES, panels = (s->column_end - s->column_begin + width - 1) / width;
    const ptrdiff_t together = end - begin == 1 ? 2 : 1, turns = (panels + together - 1) / together;
    for (ptrdiff_t turn = 0; turn < turns; turn++) {
        const ptrdiff_t panel = together * (from_end ? turns - 1 - turn : turn);
        const ptrdiff_t column = s->column_begin + panel * width;
        // Panels before this one are all of full width.
        const REAL *right = s->columns + column * 4 * s->hidden_size;
        if (together == 2 && s->column_end - column - width > width - LANES) {
            FN(gate_product_pair)(s, right, column, list[begin]);
            continue;
        }
        for (ptrdiff_t own = column; own < column + together * width && own < s->column_end; own += width) {
            const ptrdiff_t used = FN(smaller)(s->column_count - own, width);
            const int vectors = (int)((used + LANES - 1) / LANES);
            const REAL *next = right + (from_end ? -1 : 1) * together * width * 4 * s->hidden_size;
            for (ptrdiff_t first = 0; first < blocks; first += group) {
                const ptrdiff_t last = FN(smaller)(first + group, blocks);
                const REAL *ahead = last < blocks ? right + last * BLOCK * vectors * LANES : next;
                switch (vectors) {
#if RK_GEMM_VECTORS > 2
                case 4: FN(gate_product_panel)(4, s, right, own, first, last, list, begin, end, ahead); break;
                case 3: FN(gate_product_panel)(3, s, right, own, first, last, list, begin, end, ahead); break;
#endif
                case 2: FN(gate_product_panel)(2, s, right, own, first, last, list, begin, end, ahead); break;
                default: FN(gate_product_panel)(1, s, right, own, first, last, list, begin, end, ahead); break;
                }
            }
            right += 4 * s->hidden_size * vectors * LANES;
        }
    }
}

/// One step of one row: where its gates, states and gradients stand.
typedef struct {
    REAL *gates;              // activations, replaced by gradients
    ptrdiff_t block_stride;   // between the blocks of `gates`
    ptrdiff_t next_step;      // from there to the gates of the step that comes next; 0: none
    const REAL *c_before, *c_after;
    const REAL *more_d_h, *more_d_c;  // upstream gradients; or NULL
    REAL *d_h, *d_c;          // gradients from the step after; d_c is replaced by that of c before
} FN(cell_row);

/// The units [unit, unit + count·L), side by side; `units` <= L of each L are there.
INLINE void FN(cells_row_backward)(const int count, const FN(cell_row) *s, ptrdiff_t unit, const ptrdiff_t units) {
    vec squashed[4];
#pragma clang loop unroll(full)
    for (int k = 0; k < count; k++) squashed[k] = FN(load_part)(s->c_after + unit + k * LANES, units);
    FN(squash)(count, squashed, ~0u);
#pragma clang loop unroll(full)
    for (int k = 0; k < count; k++) {
        const ptrdiff_t at = unit + k * LANES;
        REAL *own = s->gates + at / UNITS * s->block_stride + at % UNITS;
        vec gate[4];
        // The same place of the step that comes next.
#pragma clang loop unroll(full)
        for (int v = 0; v < 4; v++) __builtin_prefetch(own + s->next_step + v * UNITS, 1, 2);
#pragma clang loop unroll(full)
        for (int v = 0; v < 4; v++) gate[v] = FN(load)(own + v * UNITS);
        vec dh = FN(load)(s->d_h + at), dc = FN(load)(s->d_c + at);
        if (s->more_d_h) dh += FN(load_part)(s->more_d_h + at, units);
        if (s->more_d_c) dc += FN(load_part)(s->more_d_c + at, units);
        FN(cell_backward)(gate, FN(load_part)(s->c_before + at, units), squashed[k], dh, &dc);
        FN(store)(s->d_c + at, dc);
#pragma clang loop unroll(full)
        for (int v = 0; v < 4; v++) FN(store)(own + v * UNITS, gate[v]);
    }
}

static ptrdiff_t FN(lstm_backward_workspace)(const rk_lstm_backward *args) {
    ptrdiff_t rows = args->row_end - args->row_begin;
    ptrdiff_t padded = (args->hidden_size + UNITS - 1) / UNITS * UNITS;
    return 2 * rows * padded + rows + (rows + RK_ROWS_TOGETHER) + LANES;
}

static void FN(lstm_backward)(const rk_lstm_backward *args) {
    const ptrdiff_t T = args->time_steps, B = args->batch, H = args->hidden_size;
    const ptrdiff_t rows = args->row_end - args->row_begin, padded = (H + UNITS - 1) / UNITS * UNITS;
    const ptrdiff_t block_stride = T * B * BLOCK, unit_begin = args->team.unit_begin, unit_end = args->team.unit_end;
    REAL *d_h = args->workspace, *d_c = d_h + rows * padded;
    int32_t *list = (int32_t *)(d_c + rows * padded), *all = list + rows;
    ptrdiff_t waiting = 0;  // rows of `all` whose input gradient is still to come
    REAL *d_h_state = args->d_h_state, *d_c_state = args->d_c_state;
    if (rows <= 0) return;
    for (ptrdiff_t row = 0; row < rows; row++) {
        const ptrdiff_t at = (args->row_begin + row) * H;
        for (ptrdiff_t unit = 0; unit < padded; unit++) {
            d_h[row * padded + unit] = unit < H ? d_h_state[at + unit] : 0;
            d_c[row * padded + unit] = unit < H ? d_c_state[at + unit] : 0;
        }
    }
    for (ptrdiff_t done = 0; done < T; done++) {
        const ptrdiff_t t = args->reverse ? done : T - 1 - done;
        const ptrdiff_t before = args->reverse ? t + 1 : t, after = args->reverse ? t : t + 1;
        const ptrdiff_t next_step = (args->reverse ? B : -B) * BLOCK;
        ptrdiff_t count = 0;
        for (ptrdiff_t row = 0; row < rows; row++) {
            const ptrdiff_t global = args->row_begin + row;
            REAL *gates = (REAL *)args->gates + (t * B + global) * BLOCK;
            if (args->lengths && t >= args->lengths[global]) {
                for (ptrdiff_t unit = unit_begin; unit < unit_end; unit += UNITS)
                    for (int v = 0; v < BLOCK / LANES; v++)
                        FN(store)(gates + unit / UNITS * block_stride + v * LANES, (vec){0});
                continue;
            }
            list[count++] = (int32_t)row;
            const ptrdiff_t at = (t * B + global) * H;
            const FN(cell_row) cells = {
                .gates = gates, .block_stride = block_stride, .next_step = done + 1 < T ? next_step : 0,
                .c_before = (const REAL *)args->c + (before * B + global) * H,
                .c_after = (const REAL *)args->c + (after * B + global) * H,
                .more_d_h = args->d_h ? (const REAL *)args->d_h + at : NULL,
                .more_d_c = args->d_c ? (const REAL *)args->d_c + at : NULL,
                .d_h = d_h + row * padded, .d_c = d_c + row * padded,
            };
            ptrdiff_t unit = unit_begin;
            for (; FN(smaller)(unit_end, H) - unit >= 4 * LANES; unit += 4 * LANES)
                FN(cells_row_backward)(4, &cells, unit, LANES);
            for (; unit < unit_end; unit += LANES) FN(cells_row_backward)(1, &cells, unit, FN(smaller)(H - unit, LANES));
        }
        // The product needs the gate gradients of every unit of this step.
        if (args->team.count > 1) {
            rk_meet(&args->team, (uint32_t)done + 1);
            // What the others wrote lies in their caches: all of it is asked for at once.
            const REAL *gates = (const REAL *)args->gates + (t * B + args->row_begin) * BLOCK;
            for (ptrdiff_t index = 0; index < count && count <= 2; index++)
                for (ptrdiff_t block = 0; block < padded / UNITS; block++)
                    for (ptrdiff_t v = 0; v < BLOCK; v += (ptrdiff_t)(64 / sizeof(REAL)))
                        __builtin_prefetch(gates + block * block_stride + list[index] * BLOCK + v, 0, 3);
        }
        const FN(gate_product) product = {
            .gates = (const REAL *)args->gates + (t * B + args->row_begin) * BLOCK,
            .block_stride = block_stride, .hidden_size = H,
            .columns = args->recurrent_columns, .column_count = H,
            .column_begin = args->team.unit_begin, .column_end = args->team.unit_end,
            .out = d_h, .out_stride = padded, .pads = 1,
        };
        FN(gate_product_all)(&product, list, 0, count, done % 2 == 1);
        if (!args->d_x) continue;
        // The input's gradient of some steps at once, while their gate gradients are near: its weights are read less often.
        for (ptrdiff_t row = args->row_begin; row < args->row_end; row++) {
            const ptrdiff_t at = t * B + row;
            if (!args->lengths || t < args->lengths[row])
                all[waiting++] = (int32_t)at;
            else if (args->team.own == 0)
                __builtin_memset((REAL *)args->d_x + at * args->input_size, 0, (size_t)args->input_size * sizeof(REAL));
        }
        if (waiting < RK_ROWS_TOGETHER && done + 1 < T) continue;
        const FN(gate_product) inputs = {
            .gates = args->gates, .block_stride = block_stride, .hidden_size = H,
            .columns = args->input_columns, .column_count = args->input_size, .column_end = args->input_size,
            .out = args->d_x, .out_stride = args->input_size, .pads = 0,
        };
        const ptrdiff_t own = args->team.own, team = args->team.count;
        FN(gate_product_all)(&inputs, all, waiting * own / team, waiting * (own + 1) / team, 0);
        waiting = 0;
    }
    for (ptrdiff_t row = 0; row < rows; row++) {
        const ptrdiff_t at = (args->row_begin + row) * H;
        FN(copy)(d_h + row * padded + unit_begin, d_h_state + at + unit_begin, unit_end - unit_begin);
        FN(copy)(d_c + row * padded + unit_begin, d_c_state + at + unit_begin, unit_end - unit_begin);
    }
}
