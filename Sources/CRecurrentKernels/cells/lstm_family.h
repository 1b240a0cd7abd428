// One step of any LSTM that a description can name, for a run of rows whose gate sums are complete but for the
// peepholes: forward above, its derivative below. See `rk_lstm_family` for the equations.
//
// A row passes through four stages, each a loop over registers of a row that lies in the first cache: the gates that see
// the cell before, the cells, the output gate, the output. The description is read at run time: its branches are the
// same for every register and cost nothing beside the exponentials.

INLINE int FN(learns)(const rk_lstm_family *s, int gate) { return s->column[gate] >= 0; }

/// Gate `gate` of the units [unit, unit + L) from the row's activations; blocks share one.
INLINE vec FN(gate_of)(const rk_lstm_family *s, const REAL *row, int gate, ptrdiff_t unit) {
    const REAL *from = row + s->column[gate];
    if (s->block == 1) return FN(load_part)(from + unit, FN(smaller)(s->hidden_size - unit, LANES));
    union { vec v; REAL x[RK_BYTES / sizeof(REAL)]; } u = {.v = {0}};
    for (ptrdiff_t k = 0; k < FN(smaller)(s->hidden_size - unit, LANES); k++) u.x[k] = from[(unit + k) / s->block];
    return u.v;
}

/// The input and forget gates of the units [unit, unit + L), whichever way they come about.
INLINE void FN(input_and_forget)(const rk_lstm_family *s, const REAL *row, ptrdiff_t unit, vec *i, vec *f) {
    const vec one = FN(set)(1);
    *i = FN(learns)(s, rk_input_gate) ? FN(gate_of)(s, row, rk_input_gate, unit) : one;
    *f = FN(learns)(s, rk_forget_gate) ? FN(gate_of)(s, row, rk_forget_gate, unit) : one;
    if (s->coupled == rk_coupled_forget) *f = one - *i;
    if (s->coupled == rk_coupled_input) *i = one - *f;
}

/// Peephole weights against cell states, one sum for each of the gates [at, at + L).
INLINE vec FN(peephole_sum)(const rk_lstm_family *s, const REAL *weight, const REAL *c, ptrdiff_t at, vec sum) {
    if (s->block == 1) {
        const ptrdiff_t part = FN(smaller)(s->hidden_size - at, LANES);
        return FN(fma)(FN(load_part)(weight + at, part), FN(load_part)(c + at, part), sum);
    }
    union { vec v; REAL x[RK_BYTES / sizeof(REAL)]; } u = {.v = sum};
    const ptrdiff_t gates = FN(smaller)(s->hidden_size / s->block - at, LANES);
    for (ptrdiff_t k = 0; k < gates; k++)
        for (ptrdiff_t v = (at + k) * s->block; v < (at + k + 1) * s->block; v++)
            u.x[k] = RK_SCALAR_FMA(weight[v], c[v], u.x[k]);
    return u.v;
}

/// Pre-activations of the gates [at, at + registers·L) of a row, replaced by their activations. Of each L gates the first
/// `part` are there.
INLINE void FN(open_gates)(
    const rk_lstm_family *s, const int registers, const rk_activation *function, REAL *own, REAL *raw, const REAL *peephole,
    const REAL *c, ptrdiff_t at, const ptrdiff_t part) {
    vec z[4];
#pragma clang loop unroll(full)
    for (int k = 0; k < registers; k++) {
        const ptrdiff_t gate = at + k * LANES;
        z[k] = FN(load_part)(own + gate, part);
        if (peephole) z[k] = FN(peephole_sum)(s, peephole, c, gate, z[k]);
        if (s->sum_clip > 0) {
            if (raw) FN(store_part)(raw + gate, z[k], part);
            z[k] = FN(clamped)(z[k], -(REAL)s->sum_clip, (REAL)s->sum_clip);
        }
    }
    FN(activate_all)(registers, function, z);
#pragma clang loop unroll(full)
    for (int k = 0; k < registers; k++) FN(store_part)(own + at + k * LANES, z[k], part);
}

/// Pre-activations of one gate of a row, replaced by its activations.
INLINE void FN(open_gate)(const rk_lstm_family *s, int gate, REAL *row, REAL *raw, const REAL *peephole, const REAL *c) {
    if (!FN(learns)(s, gate)) return;
    const ptrdiff_t count = gate == rk_candidate ? s->hidden_size : s->hidden_size / s->block;
    const rk_activation *function = gate == rk_candidate ? &s->candidate : &s->gate;
    REAL *own = row + s->column[gate];
    if (raw) raw += s->column[gate];
    ptrdiff_t at = 0;
    for (; count - at >= 4 * LANES; at += 4 * LANES) FN(open_gates)(s, 4, function, own, raw, peephole, c, at, LANES);
    for (; at < count; at += LANES)
        FN(open_gates)(s, 1, function, own, raw, peephole, c, at, FN(smaller)(count - at, LANES));
}

/// Mean and inverse deviation of a row, then (x - mean)·inverse in place of x.
INLINE REAL FN(normalize_row)(ptrdiff_t count, double epsilon, REAL *x) {
    const double mean = FN(sum)(count, x, 0) / (double)count;
    const vec shift = FN(set)((REAL)mean);
    for (ptrdiff_t k = 0; k < count; k += LANES) {
        const ptrdiff_t part = FN(smaller)(count - k, LANES);
        FN(store_part)(x + k, FN(load_part)(x + k, part) - shift, part);
    }
    const REAL inverse = (REAL)(1 / __builtin_sqrt(FN(sum)(count, x, 1) / (double)count + epsilon));
    for (ptrdiff_t k = 0; k < count; k += LANES) {
        const ptrdiff_t part = FN(smaller)(count - k, LANES);
        FN(store_part)(x + k, FN(load_part)(x + k, part) * FN(set)(inverse), part);
    }
    return inverse;
}

/// d of a normalised row -> d of the row before: inverse·(d - mean(d) - n·mean(d·n)). `product` is scratch.
INLINE void FN(normalize_row_backward)(ptrdiff_t count, const REAL *normal, REAL inverse, REAL *d, REAL *product) {
    for (ptrdiff_t k = 0; k < count; k += LANES) {
        const ptrdiff_t part = FN(smaller)(count - k, LANES);
        FN(store_part)(product + k, FN(load_part)(d + k, part) * FN(load_part)(normal + k, part), part);
    }
    const vec mean = FN(set)((REAL)(FN(sum)(count, d, 0) / (double)count));
    const vec along = FN(set)((REAL)(FN(sum)(count, product, 0) / (double)count));
    for (ptrdiff_t k = 0; k < count; k += LANES) {
        const ptrdiff_t part = FN(smaller)(count - k, LANES);
        vec rest = FN(fma)(-FN(load_part)(normal + k, part), along, FN(load_part)(d + k, part) - mean);
        FN(store_part)(d + k, rest * FN(set)(inverse), part);
    }
}

static void FN(normalize_rows)(const rk_normalize *s) {
    for (ptrdiff_t r = 0; r < s->rows; r++) {
        REAL *x = (REAL *)s->x + r * s->width, *sums = (REAL *)s->sums + r * s->width;
        const REAL *gain = s->gain;
        ((REAL *)s->inverse)[r] = FN(normalize_row)(s->width, s->epsilon, x);
        for (ptrdiff_t k = 0; k < s->width; k += LANES) {
            const ptrdiff_t part = FN(smaller)(s->width - k, LANES);
            vec y = FN(fma)(FN(load_part)(gain + k, part), FN(load_part)(x + k, part), FN(load_part)(sums + k, part));
            FN(store_part)(sums + k, y, part);
        }
    }
}

static void FN(normalize_rows_backward)(const rk_normalize *s) {
    for (ptrdiff_t r = 0; r < s->rows; r++) {
        const REAL *normal = (const REAL *)s->x + r * s->width, *gain = s->gain;
        REAL *d = (REAL *)s->sums + r * s->width;
        REAL *out = (REAL *)s->d_x + r * s->width;
        for (ptrdiff_t k = 0; k < s->width; k += LANES) {
            const ptrdiff_t part = FN(smaller)(s->width - k, LANES);
            FN(store_part)(out + k, FN(load_part)(d + k, part) * FN(load_part)(gain + k, part), part);
        }
        FN(normalize_row_backward)(s->width, normal, ((const REAL *)s->inverse)[r], out, s->workspace);
    }
}

static ptrdiff_t FN(lstm_family_workspace)(ptrdiff_t hidden_size) { return 6 * (hidden_size + LANES); }

/// The outputs of the units [unit, unit + registers·L) from the cells that are shown; of each L units the first `part` are
/// there.
INLINE void FN(show_cells)(
    const rk_lstm_family *s, const int registers, const REAL *row, const REAL *shown, REAL *out, ptrdiff_t unit,
    const ptrdiff_t part) {
    vec y[4];
#pragma clang loop unroll(full)
    for (int k = 0; k < registers; k++) {
        const ptrdiff_t at = unit + k * LANES;
        y[k] = FN(load_part)(shown + at, part);
        if (s->cell_gain)
            y[k] = FN(fma)(
                FN(load_part)((const REAL *)s->cell_gain + at, part), y[k],
                FN(load_part)((const REAL *)s->cell_shift + at, part));
    }
    FN(activate_all)(registers, &s->shown, y);
#pragma clang loop unroll(full)
    for (int k = 0; k < registers; k++) {
        const ptrdiff_t at = unit + k * LANES;
        if (FN(learns)(s, rk_output_gate)) y[k] = FN(gate_of)(s, row, rk_output_gate, at) * y[k];
        FN(store_part)(out + at, y[k], part);
    }
}

static void FN(lstm_family_forward)(const rk_lstm_family *s) {
    const ptrdiff_t H = s->hidden_size;
    const REAL *p_input = s->peephole[rk_input_gate], *p_forget = s->peephole[rk_forget_gate];
    const REAL *p_output = s->peephole[rk_output_gate];
    REAL *scratch = s->workspace;
    for (ptrdiff_t r = 0; r < s->rows; r++) {
        REAL *row = (REAL *)s->gates + r * s->gate_columns;
        REAL *raw = s->raw ? (REAL *)s->raw + r * s->gate_columns : NULL;
        const REAL *c_before = (const REAL *)s->c_before + r * H;
        REAL *c_after = (REAL *)s->c_after + r * H;
        // The new cells before zoneout; the state itself where there is none.
        REAL *c_new = s->c_new ? (REAL *)s->c_new + r * H : c_after;
        const REAL *thin = s->candidate_mask ? (const REAL *)s->candidate_mask + r * H : NULL;
        const REAL *keep = s->cell_zone ? (const REAL *)s->cell_zone + r * H : NULL;
        REAL *out = (REAL *)s->output + r * s->output_stride;

        FN(open_gate)(s, rk_input_gate, row, raw, p_input, c_before);
        FN(open_gate)(s, rk_forget_gate, row, raw, p_forget, c_before);
        FN(open_gate)(s, rk_candidate, row, raw, NULL, NULL);
        if (s->output_sees_before) FN(open_gate)(s, rk_output_gate, row, raw, p_output, c_before);
        for (ptrdiff_t unit = 0; unit < H; unit += LANES) {
            const ptrdiff_t part = FN(smaller)(H - unit, LANES);
            vec i, f, g = FN(load_part)(row + s->column[rk_candidate] + unit, part);
            vec before = FN(load_part)(c_before + unit, part);
            FN(input_and_forget)(s, row, unit, &i, &f);
            vec update = i * g;
            if (thin) update *= FN(load_part)(thin + unit, part);
            vec c = FN(fma)(f, before, update);
            if (s->cell_clip > 0) c = FN(clamped)(c, -(REAL)s->cell_clip, (REAL)s->cell_clip);
            FN(store_part)(c_new + unit, c, part);
        }
        if (!s->output_sees_before) FN(open_gate)(s, rk_output_gate, row, raw, p_output, c_new);
        const REAL *shown = c_new;
        REAL *normal = s->cell_normal ? (REAL *)s->cell_normal + r * H : scratch;
        if (s->cell_gain) {
            FN(copy)(c_new, normal, H);
            REAL inverse = FN(normalize_row)(H, s->epsilon, normal);
            if (s->cell_inverse) ((REAL *)s->cell_inverse)[r] = inverse;
            shown = normal;
        }
        ptrdiff_t unit = 0;
        for (; H - unit >= 4 * LANES; unit += 4 * LANES) FN(show_cells)(s, 4, row, shown, out, unit, LANES);
        for (; unit < H; unit += LANES) FN(show_cells)(s, 1, row, shown, out, unit, FN(smaller)(H - unit, LANES));
        if (s->c_new) FN(zone_row)(H, keep, s->cell_zone_rate, c_before, c_new, c_after);
    }
}

/// The gradient of one gate's activations, replaced by that of its pre-activations in the row; `d` is by gate.
INLINE void FN(close_gate)(
    const rk_lstm_family *s, int gate, REAL *row, const REAL *raw, const REAL *d, const REAL *further) {
    if (!FN(learns)(s, gate)) return;
    const ptrdiff_t count = gate == rk_candidate ? s->hidden_size : s->hidden_size / s->block;
    const ptrdiff_t share = gate == rk_candidate ? 1 : s->block;
    const rk_activation *function = gate == rk_candidate ? &s->candidate : &s->gate;
    REAL *own = row + s->column[gate];
    // The gates stand there without the candidate between them.
    const ptrdiff_t skipped = gate == rk_output_gate ? s->hidden_size : 0;
    const REAL *later = further && gate != rk_candidate ? further + s->column[gate] - skipped : NULL;
    for (ptrdiff_t at = 0; at < count; at += LANES) {
        const ptrdiff_t part = FN(smaller)(count - at, LANES);
        vec gradient = FN(load_part)(d + at, part);
        if (share > 1) {
            union { vec v; REAL x[RK_BYTES / sizeof(REAL)]; } u = {.v = {0}};
            for (ptrdiff_t k = 0; k < part; k++)
                for (ptrdiff_t v = (at + k) * share; v < (at + k + 1) * share; v++) u.x[k] += d[v];
            gradient = u.v;
        }
        if (later) gradient += FN(load_part)(later + at, part);
        gradient *= FN(activation_slope)(function, FN(load_part)(own + at, part));
        if (s->sum_clip > 0) {
            vec z = FN(load_part)(raw + s->column[gate] + at, part);
            const vec bound = FN(set)((REAL)s->sum_clip);
            gradient = FN(choose)((bits)(z > bound) | (bits)(z < -bound), (vec){0}, gradient);
        }
        if (s->gradient_clip > 0)
            gradient = FN(clamped)(gradient, -(REAL)s->gradient_clip, (REAL)s->gradient_clip);
        FN(store_part)(own + at, gradient, part);
    }
}

/// d_c += peephole weights times the gradients of the gates that saw the cells.
INLINE void FN(peephole_backward)(const rk_lstm_family *s, int gate, const REAL *row, REAL *d_c) {
    const REAL *weight = s->peephole[gate];
    if (!weight || s->truncated || !FN(learns)(s, gate)) return;
    for (ptrdiff_t unit = 0; unit < s->hidden_size; unit += LANES) {
        const ptrdiff_t part = FN(smaller)(s->hidden_size - unit, LANES);
        vec sum = FN(fma)(
            FN(load_part)(weight + unit, part), FN(gate_of)(s, row, gate, unit), FN(load_part)(d_c + unit, part));
        FN(store_part)(d_c + unit, sum, part);
    }
}

static void FN(lstm_family_backward)(const rk_lstm_family *s) {
    const ptrdiff_t H = s->hidden_size, width = H + LANES;
    REAL *d_input = s->workspace, *d_forget = d_input + width, *d_candidate = d_forget + width;
    REAL *d_output = d_candidate + width, *d_cell = d_output + width, *scratch = d_cell + width;
    for (ptrdiff_t r = 0; r < s->rows; r++) {
        REAL *row = (REAL *)s->gates + r * s->gate_columns;
        const REAL *raw = s->raw ? (const REAL *)s->raw + r * s->gate_columns : NULL;
        // Gradients of i, f, o one after another, without the candidate's columns.
        const REAL *further = s->d_gates ? (const REAL *)s->d_gates + r * (s->gate_columns - H) : NULL;
        const REAL *c_before = (const REAL *)s->c_before + r * H;
        const REAL *c_new = s->c_new ? (const REAL *)s->c_new + r * H : (const REAL *)s->c_after + r * H;
        const REAL *thin = s->candidate_mask ? (const REAL *)s->candidate_mask + r * H : NULL;
        const REAL *keep = s->cell_zone ? (const REAL *)s->cell_zone + r * H : NULL;
        const REAL *normal = s->cell_gain ? (const REAL *)s->cell_normal + r * H : c_new;
        REAL *d_normal = s->cell_gain ? (REAL *)s->d_cell_shown + r * H : NULL;
        const REAL *d_out = (const REAL *)s->output + r * s->output_stride;
        REAL *d_c = (REAL *)s->d_c + r * H;

        // The output: y = o ⊙ h(shown).
        for (ptrdiff_t unit = 0; unit < H; unit += LANES) {
            const ptrdiff_t part = FN(smaller)(H - unit, LANES);
            vec c = FN(load_part)(normal + unit, part), d = FN(load_part)(d_out + unit, part);
            if (s->cell_gain)
                c = FN(fma)(
                    FN(load_part)((const REAL *)s->cell_gain + unit, part), c,
                    FN(load_part)((const REAL *)s->cell_shift + unit, part));
            vec y = FN(activate)(&s->shown, c);
            FN(store_part)(d_output + unit, d * y, part);
            if (FN(learns)(s, rk_output_gate)) d *= FN(gate_of)(s, row, rk_output_gate, unit);
            d *= FN(activation_slope)(&s->shown, y);
            if (s->cell_gain) {
                FN(store_part)(d_normal + unit, d, part);
                d *= FN(load_part)((const REAL *)s->cell_gain + unit, part);
            }
            FN(store_part)(d_cell + unit, d, part);
        }
        if (s->cell_gain)
            FN(normalize_row_backward)(H, normal, ((const REAL *)s->cell_inverse)[r], d_cell, scratch);
        // Zoneout: what of the state after is this step's own, and what was handed through (left in d_c).
        for (ptrdiff_t unit = 0; unit < H; unit += LANES) {
            const ptrdiff_t part = FN(smaller)(H - unit, LANES);
            vec own = FN(load_part)(d_c + unit, part), through = {0};
            if (keep) {
                const bits kept = (bits)(FN(load_part)(keep + unit, part) != (vec){0});
                through = FN(choose)(kept, own, (vec){0});
                own = FN(choose)(kept, (vec){0}, own);
            } else if (s->cell_zone_rate > 0) {
                through = own * FN(set)((REAL)s->cell_zone_rate);
                own *= FN(set)((REAL)(1 - s->cell_zone_rate));
            }
            FN(store_part)(d_cell + unit, FN(load_part)(d_cell + unit, part) + own, part);
            FN(store_part)(d_c + unit, through, part);
        }
        FN(close_gate)(s, rk_output_gate, row, raw, d_output, further);
        FN(peephole_backward)(s, rk_output_gate, row, s->output_sees_before ? d_c : d_cell);
        // The cells: c = f ⊙ c_before + i ⊙ g.
        for (ptrdiff_t unit = 0; unit < H; unit += LANES) {
            const ptrdiff_t part = FN(smaller)(H - unit, LANES);
            vec i, f, g = FN(load_part)(row + s->column[rk_candidate] + unit, part);
            vec before = FN(load_part)(c_before + unit, part), d = FN(load_part)(d_cell + unit, part);
            FN(input_and_forget)(s, row, unit, &i, &f);
            vec mask = thin ? FN(load_part)(thin + unit, part) : FN(set)(1);
            if (s->cell_clip > 0) {
                const vec bound = FN(set)((REAL)s->cell_clip);
                vec update = i * g;
                if (thin) update *= mask;
                vec c = FN(fma)(f, before, update);
                d = FN(choose)((bits)(c > bound) | (bits)(c < -bound), (vec){0}, d);
            }
            vec di = d * g, df = d * before, dg = d * i;
            if (thin) {
                di *= mask;
                dg *= mask;
            }
            if (s->coupled == rk_coupled_forget) di -= df;
            if (s->coupled == rk_coupled_input) df -= di;
            FN(store_part)(d_input + unit, di, part);
            FN(store_part)(d_forget + unit, df, part);
            FN(store_part)(d_candidate + unit, dg, part);
            FN(store_part)(d_c + unit, FN(fma)(d, f, FN(load_part)(d_c + unit, part)), part);
        }
        FN(close_gate)(s, rk_input_gate, row, raw, d_input, further);
        FN(close_gate)(s, rk_forget_gate, row, raw, d_forget, further);
        FN(close_gate)(s, rk_candidate, row, raw, d_candidate, NULL);
        FN(peephole_backward)(s, rk_input_gate, row, d_c);
        FN(peephole_backward)(s, rk_forget_gate, row, d_c);
    }
}
