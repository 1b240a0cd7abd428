// The same sequence backward: gate gradients step by step, then the products that need them all.

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
    ptrdiff_t last, const int32_t *list, ptrdiff_t position) {
    vec sum[6 * 4];
    const REAL *a[6];
    REAL *to[6];
    const ptrdiff_t used = s->pads ? vectors * LANES : s->column_count - column;
#pragma clang loop unroll(full)
    for (int r = 0; r < rows; r++) {
        const ptrdiff_t row = list ? list[position + r] : position + r;
        a[r] = s->gates + first * s->block_stride + row * BLOCK;
        to[r] = s->out + row * s->out_stride + column;
#pragma clang loop unroll(full)
        for (int v = 0; v < vectors; v++)
            sum[r * vectors + v] = first == 0 ? (vec){0}
                : v + 1 < vectors             ? FN(load)(to[r] + v * LANES)
                                              : FN(load_part)(to[r] + v * LANES, used - v * LANES);
    }
    const ptrdiff_t width = vectors * LANES;
    const REAL *b = right + first * BLOCK * width;
    for (ptrdiff_t p = first; p < last; p++) {
        const ptrdiff_t units = FN(smaller)(s->hidden_size - p * UNITS, UNITS);
        if (units == UNITS) {
            FN(tile)(rows, vectors, BLOCK, a, 1, b, width, sum);
            b += BLOCK * width;
#pragma clang loop unroll(full)
            for (int r = 0; r < rows; r++) a[r] += s->block_stride;
            continue;
        }
        for (int gate = 0; gate < 4; gate++) {
            FN(tile)(rows, vectors, units, a, 1, b, width, sum);
            b += units * width;
#pragma clang loop unroll(full)
            for (int r = 0; r < rows; r++) a[r] += UNITS;
        }
    }
#pragma clang loop unroll(full)
    for (int r = 0; r < rows; r++)
#pragma clang loop unroll(full)
        for (int v = 0; v < vectors; v++) {
            if (v + 1 < vectors)
                FN(store)(to[r] + v * LANES, sum[r * vectors + v]);
            else
                FN(store_part)(to[r] + v * LANES, sum[r * vectors + v], used - v * LANES);
        }
}

INLINE void FN(gate_product_panel)(
    const int vectors, const FN(gate_product) *s, const REAL *right, ptrdiff_t column, ptrdiff_t first, ptrdiff_t last,
    const int32_t *list, ptrdiff_t begin, ptrdiff_t end) {
    ptrdiff_t at = begin;
    for (; at + 6 <= end; at += 6)
        FN(gate_product_rows)(6, vectors, s, right, column, first, last, list, at);
    switch (end - at) {
    case 5: FN(gate_product_rows)(5, vectors, s, right, column, first, last, list, at); break;
    case 4: FN(gate_product_rows)(4, vectors, s, right, column, first, last, list, at); break;
    case 3: FN(gate_product_rows)(3, vectors, s, right, column, first, last, list, at); break;
    case 2: FN(gate_product_rows)(2, vectors, s, right, column, first, last, list, at); break;
    case 1: FN(gate_product_rows)(1, vectors, s, right, column, first, last, list, at); break;
    default: break;
    }
}

/// One row against two full column panels: a row alone has too few sums to keep the multipliers busy.
static void FN(gate_product_pair)(const FN(gate_product) *s, const REAL *right, ptrdiff_t column, ptrdiff_t row) {
    enum { vectors = RK_GEMM_VECTORS };
    const ptrdiff_t width = vectors * LANES;
    const REAL *gates = s->gates + row * BLOCK, *first = right, *second = right + 4 * s->hidden_size * width;
    REAL *to = s->out + row * s->out_stride + column;
    vec sum[2 * vectors] = {0};
    for (ptrdiff_t unit = 0; unit < s->hidden_size; unit += UNITS, gates += s->block_stride) {
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
        FN(store_part)(to + v * LANES, sum[v], used);
    }
}

/// out[row] = gate gradients[row] · right, for the listed rows or, without a list, for rows [begin, end).
static void FN(gate_product_all)(
    const FN(gate_product) *s, const int32_t *list, ptrdiff_t begin, ptrdiff_t end) {
    const ptrdiff_t blocks = (s->hidden_size + UNITS - 1) / UNITS, group = RK_DEPTH_BLOCK / BLOCK;
    // Panels before the first are all of full width.
    const REAL *right = s->columns + s->column_begin * 4 * s->hidden_size;
    for (ptrdiff_t column = s->column_begin; column < s->column_end; column += RK_GEMM_VECTORS * LANES) {
        const ptrdiff_t used = FN(smaller)(s->column_count - column, RK_GEMM_VECTORS * LANES);
        const int vectors = (int)((used + LANES - 1) / LANES);
        const ptrdiff_t next = s->column_end - column - RK_GEMM_VECTORS * LANES;
        if (end - begin == 1 && next > (RK_GEMM_VECTORS - 1) * LANES) {
            FN(gate_product_pair)(s, right, column, list ? list[begin] : begin);
            column += RK_GEMM_VECTORS * LANES;
            right += 2 * 4 * s->hidden_size * RK_GEMM_VECTORS * LANES;
            continue;
        }
        for (ptrdiff_t first = 0; first < blocks; first += group) {
            const ptrdiff_t last = FN(smaller)(first + group, blocks);
            switch (vectors) {
#if RK_GEMM_VECTORS > 2
            case 4: FN(gate_product_panel)(4, s, right, column, first, last, list, begin, end); break;
            case 3: FN(gate_product_panel)(3, s, right, column, first, last, list, begin, end); break;
#endif
            case 2: FN(gate_product_panel)(2, s, right, column, first, last, list, begin, end); break;
            default: FN(gate_product_panel)(1, s, right, column, first, last, list, begin, end); break;
            }
        }
        right += 4 * s->hidden_size * vectors * LANES;
    }
}

static ptrdiff_t FN(lstm_backward_workspace)(const rk_lstm_backward *args) {
    ptrdiff_t rows = args->row_end - args->row_begin;
    ptrdiff_t padded = (args->hidden_size + UNITS - 1) / UNITS * UNITS;
    return 2 * rows * padded + rows + LANES;
}

static void FN(lstm_backward)(const rk_lstm_backward *args) {
    const ptrdiff_t T = args->time_steps, B = args->batch, H = args->hidden_size;
    const ptrdiff_t rows = args->row_end - args->row_begin, padded = (H + UNITS - 1) / UNITS * UNITS;
    const ptrdiff_t block_stride = T * B * BLOCK, unit_begin = args->team.unit_begin, unit_end = args->team.unit_end;
    REAL *d_h = args->workspace, *d_c = d_h + rows * padded;
    int32_t *list = (int32_t *)(d_c + rows * padded);
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
            const REAL *c_before = (const REAL *)args->c + (before * B + global) * H;
            const REAL *c_after = (const REAL *)args->c + (after * B + global) * H;
            for (ptrdiff_t unit = unit_begin; unit < unit_end; unit += LANES) {
                const ptrdiff_t units = FN(smaller)(H - unit, LANES);
                REAL *own = gates + unit / UNITS * block_stride + unit % UNITS;
                vec gate[4];
                for (int v = 0; v < 4; v++) gate[v] = FN(load)(own + v * UNITS);
                vec dh = FN(load)(d_h + row * padded + unit), dc = FN(load)(d_c + row * padded + unit);
                if (args->d_h) dh += FN(load_part)((const REAL *)args->d_h + at + unit, units);
                if (args->d_c) dc += FN(load_part)((const REAL *)args->d_c + at + unit, units);
                FN(cell_backward)(
                    gate, FN(load_part)(c_before + unit, units), FN(load_part)(c_after + unit, units), dh, &dc);
                FN(store)(d_c + row * padded + unit, dc);
                for (int v = 0; v < 4; v++) FN(store)(own + v * UNITS, gate[v]);
            }
        }
        // The product needs the gate gradients of every unit of this step.
        if (args->team.count > 1) rk_meet(args->team.flags, args->team.count, args->team.own, (uint32_t)done + 1);
        const FN(gate_product) product = {
            .gates = (const REAL *)args->gates + (t * B + args->row_begin) * BLOCK,
            .block_stride = block_stride, .hidden_size = H,
            .columns = args->recurrent_columns, .column_count = H,
            .column_begin = args->team.unit_begin, .column_end = args->team.unit_end,
            .out = d_h, .out_stride = padded, .pads = 1,
        };
        FN(gate_product_all)(&product, list, 0, count);
    }
    for (ptrdiff_t row = 0; row < rows; row++) {
        const ptrdiff_t at = (args->row_begin + row) * H;
        FN(copy)(d_h + row * padded + unit_begin, d_h_state + at + unit_begin, unit_end - unit_begin);
        FN(copy)(d_c + row * padded + unit_begin, d_c_state + at + unit_begin, unit_end - unit_begin);
    }
}

static void FN(lstm_input_gradient)(const rk_lstm_input_gradient *args) {
    const FN(gate_product) product = {
        .gates = args->gates, .block_stride = args->total_rows * BLOCK, .hidden_size = args->hidden_size,
        .columns = args->input_columns, .column_count = args->input_size, .column_end = args->input_size,
        .out = args->d_x, .out_stride = args->input_size, .pads = 0,
    };
    // Rows in blocks whose gate gradients stay in the second cache over all columns.
    for (ptrdiff_t row = args->row_begin; row < args->row_end; row += 48)
        FN(gate_product_all)(&product, NULL, row, FN(smaller)(row + 48, args->row_end));
}

// Weight gradients: the rows of dG^T against the columns of [x | h before the step], a block of rows at a time.

typedef struct {
    const REAL *rows;     // [T·B, columns]
    ptrdiff_t columns;
    REAL *gradient;       // [4H, columns]
    REAL *packed;         // column panels of the block
} FN(weight_operand);

static ptrdiff_t FN(lstm_weight_gradient_workspace)(ptrdiff_t hidden_size, ptrdiff_t input_size) {
    return RK_ROW_BLOCK * ((hidden_size + LANES - 1) / LANES + (input_size + LANES - 1) / LANES) * LANES;
}

/// Widths of column panels: as even as they can be, at most RK_WEIGHT_VECTORS registers.
INLINE int FN(weight_vectors)(ptrdiff_t columns_left) {
    const ptrdiff_t registers = (columns_left + LANES - 1) / LANES;
    const ptrdiff_t pieces = (registers + RK_WEIGHT_VECTORS - 1) / RK_WEIGHT_VECTORS;
    return (int)((registers + pieces - 1) / pieces);
}

INLINE void FN(weight_tile)(
    const int vectors, const FN(weight_operand) *y, ptrdiff_t H, const REAL *gates, const REAL *right, ptrdiff_t depth,
    ptrdiff_t block, ptrdiff_t group_begin, ptrdiff_t group_end, ptrdiff_t column, int fresh) {
    const ptrdiff_t N = y->columns, units = FN(smaller)(H - block * UNITS, UNITS);
    for (ptrdiff_t group = group_begin; group < group_end; group++)
        for (ptrdiff_t lane = 0; lane < units; lane += RK_WEIGHT_ROWS) {
            vec sum[RK_WEIGHT_ROWS * RK_WEIGHT_VECTORS];
            const REAL *a[RK_WEIGHT_ROWS];
            REAL *to[RK_WEIGHT_ROWS];
#pragma clang loop unroll(full)
            for (int r = 0; r < RK_WEIGHT_ROWS; r++) {
                // What lies past the last unit goes into sums that are dropped.
                a[r] = gates + group * UNITS + lane + r;
                to[r] = y->gradient + (group * H + block * UNITS + lane + r) * N + column;
#pragma clang loop unroll(full)
                for (int v = 0; v < vectors; v++)
                    sum[r * vectors + v] = fresh || lane + r >= units ? (vec){0}
                        : FN(load_part)(to[r] + v * LANES, N - column - v * LANES);
            }
            FN(tile)(RK_WEIGHT_ROWS, vectors, depth, a, BLOCK, right, vectors * LANES, sum);
#pragma clang loop unroll(full)
            for (int r = 0; r < RK_WEIGHT_ROWS; r++) {
                if (lane + r >= units) break;
#pragma clang loop unroll(full)
                for (int v = 0; v < vectors; v++)
                    FN(store_part)(to[r] + v * LANES, sum[r * vectors + v], N - column - v * LANES);
            }
        }
}

/// Rows [row, row + depth) as column panels; rows of padded steps become zeros, whatever they hold.
static void FN(weight_pack)(
    const FN(weight_operand) *y, const int32_t *lengths, ptrdiff_t batch, ptrdiff_t row, ptrdiff_t depth) {
    const ptrdiff_t N = y->columns;
    REAL *to = y->packed;
    for (ptrdiff_t column = 0; column < N;) {
        const int vectors = FN(weight_vectors)(N - column);
        for (ptrdiff_t k = 0; k < depth; k++) {
            const int padding = lengths && (row + k) / batch >= lengths[(row + k) % batch];
            for (int v = 0; v < vectors; v++, to += LANES) {
                const ptrdiff_t at = column + v * LANES;
                FN(store)(to, padding ? (vec){0} : FN(load_part)(y->rows + (row + k) * N + at, N - at));
            }
        }
        column += vectors * LANES;
    }
}

static void FN(bias_gradient)(
    const rk_lstm_weight_gradient *args, const REAL *gates, ptrdiff_t depth, ptrdiff_t block, ptrdiff_t group_begin,
    ptrdiff_t group_end, int fresh) {
    const ptrdiff_t H = args->hidden_size, units = FN(smaller)(H - block * UNITS, UNITS);
    for (ptrdiff_t lane = 0; lane < units; lane += LANES) {
        REAL *to = (REAL *)args->d_bias + block * UNITS + lane;
        vec sum[4];
        for (ptrdiff_t gate = group_begin; gate < group_end; gate++)
            sum[gate] = fresh ? (vec){0} : FN(load_part)(to + gate * H, FN(smaller)(units - lane, LANES));
        for (ptrdiff_t k = 0; k < depth; k++)
            for (ptrdiff_t gate = group_begin; gate < group_end; gate++)
                sum[gate] += FN(load)(gates + k * BLOCK + gate * UNITS + lane);
        for (ptrdiff_t gate = group_begin; gate < group_end; gate++)
            FN(store_part)(to + gate * H, sum[gate], FN(smaller)(units - lane, LANES));
    }
}

static void FN(lstm_weight_gradient)(const rk_lstm_weight_gradient *args) {
    const ptrdiff_t H = args->hidden_size, total = args->time_steps * args->batch;
    const FN(weight_operand) operands[2] = {
        {args->x, args->input_size, args->d_input_weight, args->workspace},
        {args->h_before, H, args->d_recurrent_weight,
         (REAL *)args->workspace + RK_ROW_BLOCK * ((args->input_size + LANES - 1) / LANES * LANES)},
    };
    for (ptrdiff_t row = 0; row < total || row == 0; row += RK_ROW_BLOCK) {
        const ptrdiff_t depth = FN(smaller)(total - row, RK_ROW_BLOCK);
        const int fresh = row == 0 && !args->accumulate;
        for (int k = 0; k < 2; k++) FN(weight_pack)(&operands[k], args->lengths, args->batch, row, depth);
        for (ptrdiff_t first = args->group_begin; first < args->group_end;) {
            const ptrdiff_t block = first / 4, begin = first % 4;
            const ptrdiff_t end = FN(smaller)(4, args->group_end - block * 4);
            const REAL *gates = (const REAL *)args->gates + (block * total + row) * BLOCK;
            for (const FN(weight_operand) *y = operands; y < operands + 2; y++) {
                const REAL *right = y->packed;
                for (ptrdiff_t column = 0; column < y->columns;) {
                    const int vectors = FN(weight_vectors)(y->columns - column);
                    switch (vectors) {
                    case 3: FN(weight_tile)(3, y, H, gates, right, depth, block, begin, end, column, fresh); break;
                    case 2: FN(weight_tile)(2, y, H, gates, right, depth, block, begin, end, column, fresh); break;
                    default: FN(weight_tile)(1, y, H, gates, right, depth, block, begin, end, column, fresh); break;
                    }
                    right += depth * vectors * LANES;
                    column += vectors * LANES;
                }
            }
            FN(bias_gradient)(args, gates, depth, block, begin, end, fresh);
            first = block * 4 + end;
        }
    }
}
