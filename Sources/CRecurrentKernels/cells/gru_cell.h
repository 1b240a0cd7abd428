// One step of a gated recurrent unit for a run of rows: forward above, its derivative below. See `rk_gru` for the
// equations of both forms.
//
// A row of gates has four parts of H columns, [n r z q]: the parts n, r, z belong to the input weights and lie together, the
// parts r, z, q to the recurrent ones, so that each product over all steps is one or two of whole rows.

/// Whether step `s->step` of a row is no padding.
INLINE int FN(gru_runs)(const rk_gru *s, ptrdiff_t row) { return !s->lengths || s->step < s->lengths[row]; }

INLINE void FN(fill_zero)(REAL *to, ptrdiff_t count) { __builtin_memset(to, 0, (size_t)count * sizeof(REAL)); }

/// The units [u, u + registers·L) of one row, of each L the first `part`; see gru_after_forward. n: the row's gates.
INLINE void FN(gru_after_units)(
    const int registers, ptrdiff_t H, REAL *n, const REAL *sums, const REAL *before, REAL *after, ptrdiff_t u,
    const ptrdiff_t part, int keeps) {
    REAL *r = n + H, *z = r + H, *q = z + H;
    vec reset[4], keep[4], product[4], new[4];
#pragma clang loop unroll(full)
    for (int k = 0; k < registers; k++) {
        const ptrdiff_t at = u + k * LANES;
        reset[k] = FN(load_part)(r + at, part) + FN(load_part)(sums + at, part);
        keep[k] = FN(load_part)(z + at, part) + FN(load_part)(sums + H + at, part);
    }
    FN(squash)(registers, reset, 0);
    FN(squash)(registers, keep, 0);
#pragma clang loop unroll(full)
    for (int k = 0; k < registers; k++) {
        const ptrdiff_t at = u + k * LANES;
        product[k] = FN(load_part)(sums + 2 * H + at, part);
        new[k] = FN(fma)(reset[k], product[k], FN(load_part)(n + at, part));
    }
    FN(squash)(registers, new, ~0u);
#pragma clang loop unroll(full)
    for (int k = 0; k < registers; k++) {
        const ptrdiff_t at = u + k * LANES;
        FN(store_part)(after + at, FN(fma)(keep[k], FN(load_part)(before + at, part) - new[k], new[k]), part);
        if (!keeps) continue;
        FN(store_part)(n + at, new[k], part);
        FN(store_part)(r + at, reset[k], part);
        FN(store_part)(z + at, keep[k], part);
        FN(store_part)(q + at, product[k], part);
    }
}

/// r, z, n and h′ where the reset gate scales the product: `sums` holds R_r h, R_z h, Rₙh with their biases.
static void FN(gru_after_forward)(const rk_gru *s) {
    const ptrdiff_t H = s->hidden_size;
    for (ptrdiff_t row = 0; row < s->rows; row++) {
        REAL *n = (REAL *)s->gates + row * s->gate_stride;
        const REAL *sums = (const REAL *)s->sums + row * 3 * H, *before = (const REAL *)s->h_before + row * H;
        REAL *after = (REAL *)s->h_after + row * H;
        if (!FN(gru_runs)(s, row)) {
            FN(copy)(before, after, H);
            continue;
        }
        ptrdiff_t u = 0;
        for (; H - u >= 4 * LANES; u += 4 * LANES) FN(gru_after_units)(4, H, n, sums, before, after, u, LANES, s->keeps);
        for (; u < H; u += LANES)
            FN(gru_after_units)(1, H, n, sums, before, after, u, FN(smaller)(H - u, LANES), s->keeps);
    }
}

/// The gradients of n, r, z and of Rₙh + dₙ in place of the activations; d_h of h′ -> its direct share of h.
static void FN(gru_after_backward)(const rk_gru *s) {
    const ptrdiff_t H = s->hidden_size;
    const vec one = FN(set)(1);
    for (ptrdiff_t row = 0; row < s->rows; row++) {
        REAL *n = (REAL *)s->gates + row * s->gate_stride, *r = n + H, *z = r + H, *q = z + H;
        const REAL *before = (const REAL *)s->h_before + row * H;
        const REAL *upstream = s->d_output ? (const REAL *)s->d_output + row * H : NULL;
        REAL *d_h = (REAL *)s->d_h + row * H;
        if (!FN(gru_runs)(s, row)) {
            FN(fill_zero)(n, 4 * H);
            continue;
        }
        for (ptrdiff_t u = 0; u < H; u += LANES) {
            const ptrdiff_t part = FN(smaller)(H - u, LANES);
            vec d = FN(load_part)(d_h + u, part);
            if (upstream) d += FN(load_part)(upstream + u, part);
            vec new = FN(load_part)(n + u, part), reset = FN(load_part)(r + u, part), keep = FN(load_part)(z + u, part);
            vec d_new = d * (one - keep) * FN(fma)(-new, new, one);
            FN(store_part)(n + u, d_new, part);
            FN(store_part)(r + u, d_new * FN(load_part)(q + u, part) * (reset * (one - reset)), part);
            FN(store_part)(z + u, d * (FN(load_part)(before + u, part) - new) * (keep * (one - keep)), part);
            FN(store_part)(q + u, d_new * reset, part);
            FN(store_part)(d_h + u, d * keep, part);
        }
    }
}

/// r, z and q = r ⊙ h where the reset gate scales the state: `sums` holds R_r h, R_z h with their biases.
static void FN(gru_before_gates)(const rk_gru *s) {
    const ptrdiff_t H = s->hidden_size;
    for (ptrdiff_t row = 0; row < s->rows; row++) {
        REAL *r = (REAL *)s->gates + row * s->gate_stride + H, *z = r + H, *q = z + H;
        const REAL *sums = (const REAL *)s->sums + row * 2 * H, *before = (const REAL *)s->h_before + row * H;
        if (!FN(gru_runs)(s, row)) {
            FN(fill_zero)(q, H);
            continue;
        }
        for (ptrdiff_t u = 0; u < H; u += LANES) {
            const ptrdiff_t part = FN(smaller)(H - u, LANES);
            vec reset = FN(sigmoid_of)(FN(load_part)(r + u, part) + FN(load_part)(sums + u, part));
            vec keep = FN(sigmoid_of)(FN(load_part)(z + u, part) + FN(load_part)(sums + H + u, part));
            FN(store_part)(r + u, reset, part);
            FN(store_part)(z + u, keep, part);
            FN(store_part)(q + u, reset * FN(load_part)(before + u, part), part);
        }
    }
}

/// n and h′: `sums` holds Rₙq with its bias.
static void FN(gru_before_forward)(const rk_gru *s) {
    const ptrdiff_t H = s->hidden_size;
    for (ptrdiff_t row = 0; row < s->rows; row++) {
        REAL *n = (REAL *)s->gates + row * s->gate_stride;
        const REAL *z = n + 2 * H;
        const REAL *sums = (const REAL *)s->sums + row * H, *before = (const REAL *)s->h_before + row * H;
        REAL *after = (REAL *)s->h_after + row * H;
        if (!FN(gru_runs)(s, row)) {
            FN(copy)(before, after, H);
            continue;
        }
        for (ptrdiff_t u = 0; u < H; u += LANES) {
            const ptrdiff_t part = FN(smaller)(H - u, LANES);
            vec new = FN(tanh_of)(FN(load_part)(n + u, part) + FN(load_part)(sums + u, part));
            vec keep = FN(load_part)(z + u, part);
            FN(store_part)(after + u, FN(fma)(keep, FN(load_part)(before + u, part) - new, new), part);
            if (s->keeps) FN(store_part)(n + u, new, part);
        }
    }
}

/// The gradients of n and z in place of the activations; d_h of h′ -> its direct share of h.
static void FN(gru_before_backward)(const rk_gru *s) {
    const ptrdiff_t H = s->hidden_size;
    const vec one = FN(set)(1);
    for (ptrdiff_t row = 0; row < s->rows; row++) {
        REAL *n = (REAL *)s->gates + row * s->gate_stride, *z = n + 2 * H;
        const REAL *before = (const REAL *)s->h_before + row * H;
        const REAL *upstream = s->d_output ? (const REAL *)s->d_output + row * H : NULL;
        REAL *d_h = (REAL *)s->d_h + row * H;
        if (!FN(gru_runs)(s, row)) {
            FN(fill_zero)(n, 3 * H);
            continue;
        }
        for (ptrdiff_t u = 0; u < H; u += LANES) {
            const ptrdiff_t part = FN(smaller)(H - u, LANES);
            vec d = FN(load_part)(d_h + u, part);
            if (upstream) d += FN(load_part)(upstream + u, part);
            vec new = FN(load_part)(n + u, part), keep = FN(load_part)(z + u, part);
            FN(store_part)(n + u, d * (one - keep) * FN(fma)(-new, new, one), part);
            FN(store_part)(z + u, d * (FN(load_part)(before + u, part) - new) * (keep * (one - keep)), part);
            FN(store_part)(d_h + u, d * keep, part);
        }
    }
}

/// The gradient of r in place of the activation, from `sums`, that of q; d_h grows by its share through q.
static void FN(gru_before_gates_backward)(const rk_gru *s) {
    const ptrdiff_t H = s->hidden_size;
    const vec one = FN(set)(1);
    for (ptrdiff_t row = 0; row < s->rows; row++) {
        if (!FN(gru_runs)(s, row)) continue;
        REAL *r = (REAL *)s->gates + row * s->gate_stride + H;
        const REAL *sums = (const REAL *)s->sums + row * H, *before = (const REAL *)s->h_before + row * H;
        REAL *d_h = (REAL *)s->d_h + row * H;
        for (ptrdiff_t u = 0; u < H; u += LANES) {
            const ptrdiff_t part = FN(smaller)(H - u, LANES);
            vec d = FN(load_part)(sums + u, part), reset = FN(load_part)(r + u, part);
            FN(store_part)(d_h + u, FN(fma)(d, reset, FN(load_part)(d_h + u, part)), part);
            FN(store_part)(r + u, d * FN(load_part)(before + u, part) * (reset * (one - reset)), part);
        }
    }
}
