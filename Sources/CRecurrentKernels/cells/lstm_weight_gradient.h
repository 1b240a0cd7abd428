// The weight gradients of a sequence: the columns of [x | h before the step | 1] against the rows of dG.
//
// The gate gradients lie in blocks of 16 units, rows of 4U: just what a tile takes as its right operand. The left operand
// is packed a few columns at a time. Sums stand as [column][4U] until all rows are through, then they are turned into the
// rows of the weights. Each block of rows is a chain of its own, added to the others': short chains round less.

static ptrdiff_t FN(lstm_weight_gradient_workspace)(const rk_lstm_weight_gradient *args) {
    const ptrdiff_t columns = args->column_end - args->column_begin, blocks = args->block_end - args->block_begin;
    const ptrdiff_t pieces = (columns + RK_TILE_ROWS - 1) / RK_TILE_ROWS;
    const ptrdiff_t gathered = args->lengths ? RK_ROW_BLOCK * (BLOCK + 1) : 0;
    return pieces * RK_TILE_ROWS * RK_ROW_BLOCK + blocks * columns * BLOCK + gathered;
}

/// Rows that a block of the sums runs over: neighbours from `first` on, or those listed.
typedef struct {
    ptrdiff_t first;
    const int32_t *list;
} FN(chosen_rows);

INLINE ptrdiff_t FN(chosen_row)(const FN(chosen_rows) *rows, ptrdiff_t k) {
    return rows->list ? rows->list[k] : rows->first + k;
}

/// Columns [column, column + width) of the rows [begin, end) as [row][RK_TILE_ROWS].
static void FN(weight_pack)(
    const rk_lstm_weight_gradient *args, const FN(chosen_rows) *rows, ptrdiff_t begin, ptrdiff_t end, ptrdiff_t column,
    ptrdiff_t width, REAL *to) {
    const ptrdiff_t I = args->input_size, H = args->hidden_size;
    const int of_x = column + width <= I, of_h = column >= I && column + width <= I + H;
    const REAL *x = args->x, *h = args->h_before;
    if (of_x || of_h) {
        const REAL *from = of_x ? x + column : h + (column - I);
        const ptrdiff_t stride = of_x ? I : H;
        if ((of_x ? I - column : I + H - column) >= RK_TILE_ROWS) {
            for (ptrdiff_t k = begin; k < end; k++)
                FN(copy)(from + FN(chosen_row)(rows, k) * stride, to + k * RK_TILE_ROWS, RK_TILE_ROWS);
            return;
        }
        for (ptrdiff_t k = begin; k < end; k++)
            for (ptrdiff_t c = 0; c < width; c++) to[k * RK_TILE_ROWS + c] = from[FN(chosen_row)(rows, k) * stride + c];
        return;
    }
    for (ptrdiff_t k = begin; k < end; k++) {
        const ptrdiff_t row = FN(chosen_row)(rows, k);
        for (ptrdiff_t c = 0; c < width; c++) {
            const ptrdiff_t at = column + c;
            to[k * RK_TILE_ROWS + c] = at < I ? x[row * I + at] : at < I + H ? h[row * H + at - I] : 1;
        }
    }
}

/// While it runs it fetches a quarter as many bytes from `ahead` on as `gates` takes.
INLINE void FN(weight_tile)(
    const int rows, const REAL *packed, const REAL *gates, ptrdiff_t depth, REAL *sums, int fresh,
    const REAL *ahead) {
    const REAL *a[6];
#pragma clang loop unroll(full)
    for (int r = 0; r < rows; r++) a[r] = packed + r;
#pragma clang loop unroll(full)
    for (int line = 0; line < rows * 4; line++) __builtin_prefetch(sums + (rows * 4 + line) * (64 / sizeof(REAL)), 1, 3);
    for (ptrdiff_t lane = 0; lane < BLOCK; lane += 4 * LANES) {
        vec sum[6 * 4];
#pragma clang loop unroll(full)
        for (int i = 0; i < rows * 4; i++)
            sum[i] = (vec){0};
        FN(tile_ahead)(rows, 4, depth, a, RK_TILE_ROWS, gates + lane, BLOCK, sum, 1, 1, ahead + lane / 4 * depth);
#pragma clang loop unroll(full)
        for (int i = 0; i < rows * 4; i++) {
            REAL *to = sums + i / 4 * BLOCK + lane + i % 4 * LANES;
            FN(store)(to, fresh ? sum[i] : sum[i] + FN(load)(to));
        }
    }
}

static void FN(weight_tile_of)(
    ptrdiff_t rows, const REAL *packed, const REAL *gates, ptrdiff_t depth, REAL *sums, int fresh, const REAL *ahead) {
    switch (rows) {
#if RK_TILE_ROWS > 3
    case 6: FN(weight_tile)(6, packed, gates, depth, sums, fresh, ahead); break;
    case 5: FN(weight_tile)(5, packed, gates, depth, sums, fresh, ahead); break;
    case 4: FN(weight_tile)(4, packed, gates, depth, sums, fresh, ahead); break;
#endif
    case 3: FN(weight_tile)(3, packed, gates, depth, sums, fresh, ahead); break;
    case 2: FN(weight_tile)(2, packed, gates, depth, sums, fresh, ahead); break;
    default: FN(weight_tile)(1, packed, gates, depth, sums, fresh, ahead); break;
    }
}

/// The sums of one block, [column][4U], into rows of the gradients.
static void FN(weight_unpack)(const rk_lstm_weight_gradient *args, ptrdiff_t block, const REAL *sums) {
    const ptrdiff_t I = args->input_size, H = args->hidden_size, begin = args->column_begin, end = args->column_end;
    const ptrdiff_t units = FN(smaller)(H - block * UNITS, UNITS);
    const ptrdiff_t x_end = FN(smaller)(end, I), h_begin = begin > I ? begin : I, h_end = FN(smaller)(end, I + H);
    for (ptrdiff_t gate = 0; gate < 4; gate++) {
        const ptrdiff_t row = gate * H + block * UNITS;
        const REAL *from = sums + gate * UNITS;
        if (begin < x_end)
            FN(transpose)(
                from, BLOCK, (REAL *)args->d_input_weight + row * I + begin, I, x_end - begin, x_end - begin, units);
        if (h_begin < h_end)
            FN(transpose)(
                from + (h_begin - begin) * BLOCK, BLOCK, (REAL *)args->d_recurrent_weight + row * H + h_begin - I, H,
                h_end - h_begin, h_end - h_begin, units);
        if (end > I + H) FN(copy)(from + (I + H - begin) * BLOCK, (REAL *)args->d_bias + row, units);
    }
}

static void FN(lstm_weight_gradient)(const rk_lstm_weight_gradient *args) {
    const ptrdiff_t all = args->time_steps * args->batch, columns = args->column_end - args->column_begin;
    const FN(pieces) pieces = FN(pieces_of)(args->column_begin, args->column_end, RK_TILE_ROWS);
    REAL *packed = args->workspace, *all_sums = packed + pieces.count * RK_TILE_ROWS * RK_ROW_BLOCK;
    REAL *gathered = all_sums + (args->block_end - args->block_begin) * columns * BLOCK;
    int32_t *list = (int32_t *)(gathered + RK_ROW_BLOCK * BLOCK);
    // Padding has no gradient: where there is any, the other rows are gathered.
    ptrdiff_t total = all, scanned = 0;
    for (ptrdiff_t row = 0; args->lengths && row < args->batch; row++) total -= args->time_steps - args->lengths[row];
    const int gathers = total < all;
    const ptrdiff_t turns = total > 0 ? (total + RK_ROW_BLOCK - 1) / RK_ROW_BLOCK : 1;
    for (ptrdiff_t turn = 0; turn < turns; turn++) {
        const FN(chosen_rows) rows = {.first = total * turn / turns, .list = gathers ? list : NULL};
        const ptrdiff_t depth = total * (turn + 1) / turns - rows.first, piece_size = depth * RK_TILE_ROWS;
        for (ptrdiff_t k = 0; gathers && k < depth; scanned++)
            if (scanned / args->batch < args->lengths[scanned % args->batch]) list[k++] = (int32_t)scanned;
        // A few rows at a time, all their columns: what has been fetched is used up.
        for (ptrdiff_t k = 0; k < depth; k += 16)
            for (ptrdiff_t p = 0, column = args->column_begin; p < pieces.count; p++) {
                const ptrdiff_t width = FN(piece_width)(&pieces, p);
                FN(weight_pack)(args, &rows, k, FN(smaller)(depth, k + 16), column, width, packed + p * piece_size);
                column += width;
            }
        for (ptrdiff_t block = args->block_begin; block < args->block_end; block++) {
            const REAL *gates = (const REAL *)args->gates + block * all * BLOCK;
            for (ptrdiff_t k = 0; gathers && k < depth; k++) FN(copy)(gates + list[k] * BLOCK, gathered + k * BLOCK, BLOCK);
            const REAL *right = gathers ? gathered : gates + rows.first * BLOCK;
            // The first pieces fetch the rows of the next block, or of the next turn's first.
            const REAL *next = gathers ? gathered
                : block + 1 < args->block_end ? right + all * BLOCK
                : (const REAL *)args->gates + (args->block_begin * all + rows.first + depth) * BLOCK;
            REAL *sums = all_sums + (turns > 1 ? block - args->block_begin : 0) * columns * BLOCK;
            for (ptrdiff_t p = 0; p < pieces.count; p++) {
                const ptrdiff_t width = FN(piece_width)(&pieces, p);
                FN(weight_tile_of)(width, packed + p * piece_size, right, depth, sums, turn == 0,
                    next + FN(smaller)(p, 3) * depth * UNITS);
                sums += width * BLOCK;
            }
            // At once, while they are near.
            if (turn + 1 == turns) FN(weight_unpack)(args, block, sums - columns * BLOCK);
        }
    }
}
