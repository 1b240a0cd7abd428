// One step of one layer for one row: every weight is read once and used once, so that nothing but the speed of the caches
// counts. The weights of both products lie behind one another in the order in which they are read, two unit panels side
// by side for enough independent sums; the cell is evaluated where the sums stand, in registers.
//
// Weights of 16 bits are widened as they are loaded, so that the arithmetic is that of 32 bits on rounded weights.

#ifndef RK_STEP_AHEAD
#define RK_STEP_AHEAD 2048
#endif

/// Numbers of one column that lie side by side.
INLINE ptrdiff_t FN(step_run)(rk_weight_format format) {
    return format == rk_weights_s8 ? 4 : format == rk_weights_bf16 ? 2 : 1;
}
INLINE ptrdiff_t FN(step_padded)(ptrdiff_t depth, ptrdiff_t run) { return (depth + run - 1) / run * run; }
INLINE ptrdiff_t FN(step_bytes)(rk_weight_format format) {
    return format == rk_weights_f32 ? 4 : format == rk_weights_s8 ? 1 : 2;
}

static ptrdiff_t FN(lstm_step_size)(ptrdiff_t H, ptrdiff_t I, rk_weight_format format) {
    const ptrdiff_t run = FN(step_run)(format), panels = (H + LANES - 1) / LANES;
    return panels * PANEL * (FN(step_padded)(I, run) + FN(step_padded)(H, run)) * FN(step_bytes)(format);
}

/// One element of a row-major matrix of any width to its place.
INLINE void FN(step_place)(const uint8_t *from, uint8_t *to, ptrdiff_t size) {
    __builtin_memcpy(to, from, (size_t)size);
}

/// Rows [4H, depth] of one of the two matrices into the groups of `panels`, from the `first` number of a column on.
INLINE void FN(step_pack_part)(
    ptrdiff_t H, ptrdiff_t depth, ptrdiff_t before, ptrdiff_t whole, const ptrdiff_t run, const ptrdiff_t size,
    const uint8_t *weight, uint8_t *panels) {
    const ptrdiff_t count = (H + LANES - 1) / LANES, padded = FN(step_padded)(depth, run);
    for (ptrdiff_t p = 0; p < count; p++) {
        const ptrdiff_t width = (p % 2 || p + 1 < count ? 2 : 1) * PANEL;
        uint8_t *group = panels + ((p - p % 2) * PANEL * whole + before * width) * size;
        for (ptrdiff_t column = 0; column < PANEL; column++) {
            const ptrdiff_t unit = p * LANES + column % LANES, gate = column / LANES;
            const uint8_t *row = weight + (gate * H + unit) * depth * size;
            uint8_t *to = group + (p % 2 * PANEL + column) * run * size;
            for (ptrdiff_t k = 0; k < padded; k++) {
                uint8_t *place = to + (k / run * width * run + k % run) * size;
                if (unit < H && k < depth)
                    FN(step_place)(row + k * size, place, size);
                else
                    __builtin_memset(place, 0, (size_t)size);
            }
        }
    }
}

static void FN(lstm_step_pack)(
    ptrdiff_t H, ptrdiff_t I, rk_weight_format format, const void *input_weight, const void *recurrent_weight,
    void *panels) {
    const ptrdiff_t run = FN(step_run)(format), input = FN(step_padded)(I, run);
    const ptrdiff_t whole = input + FN(step_padded)(H, run);
    switch (format) {
    case rk_weights_f32:
        FN(step_pack_part)(H, I, 0, whole, 1, 4, input_weight, panels);
        FN(step_pack_part)(H, H, input, whole, 1, 4, recurrent_weight, panels);
        break;
    case rk_weights_f16:
        FN(step_pack_part)(H, I, 0, whole, 1, 2, input_weight, panels);
        FN(step_pack_part)(H, H, input, whole, 1, 2, recurrent_weight, panels);
        break;
    case rk_weights_bf16:
        FN(step_pack_part)(H, I, 0, whole, 2, 2, input_weight, panels);
        FN(step_pack_part)(H, H, input, whole, 2, 2, recurrent_weight, panels);
        break;
    case rk_weights_s8:
        FN(step_pack_part)(H, I, 0, whole, 4, 1, input_weight, panels);
        FN(step_pack_part)(H, H, input, whole, 4, 1, recurrent_weight, panels);
        break;
    }
}

/// L binary16 numbers.
INLINE vec FN(load_half)(const uint16_t *p) {
#ifdef RK_LOAD_HALF
    return (vec)RK_LOAD_HALF(p);
#else
    typedef uint16_t half_t __attribute__((vector_size(RK_BYTES / 2), aligned(2), may_alias));
    const bits raw = __builtin_convertvector(*(const half_t *)p, bits);
    const bits sign = (raw & FN(set_bits)(0x8000)) << 16, size = raw & FN(set_bits)(0x7fff);
    // A subnormal is a count of 2^-24: no operand is a subnormal float, which the region would take for zero.
    const vec small = __builtin_convertvector(size, vec) * FN(set)(0x1p-24f);
    bits normal = (size << 13) + FN(set_bits)(112 << 23);
    normal += (bits)(size >= FN(set_bits)(0x7c00)) & FN(set_bits)(112 << 23);
    return (vec)((bits)FN(choose)((bits)(size < FN(set_bits)(0x400)), small, (vec)normal) | sign);
#endif
}

INLINE void FN(step_ahead)(const uint8_t *p, ptrdiff_t bytes) {
#pragma clang loop unroll(full)
    for (ptrdiff_t line = 0; line < bytes; line += 64) __builtin_prefetch(p + RK_STEP_AHEAD + line, 0, 3);
}

/// sum[v] += Σ_k a[k] · w[k][v]; returns the weights behind. `vectors` is 4 or 8.
INLINE const uint8_t *FN(step_sum)(
    const int vectors, const rk_weight_format format, ptrdiff_t depth, const float *a, const uint8_t *w, vec *sum) {
    const ptrdiff_t row = vectors * RK_BYTES;  // of 32-bit numbers
    if (format == rk_weights_f32) {
        for (ptrdiff_t k = 0; k < depth; k++, w += row) {
            const vec left = FN(set)(a[k]);
            FN(step_ahead)(w, row);
#pragma clang loop unroll(full)
            for (int v = 0; v < vectors; v++) sum[v] = FN(fma)(left, FN(load)((const REAL *)w + v * LANES), sum[v]);
        }
    } else if (format == rk_weights_f16) {
        for (ptrdiff_t k = 0; k < depth; k++, w += row / 2) {
            const vec left = FN(set)(a[k]);
            FN(step_ahead)(w, row / 2);
#pragma clang loop unroll(full)
            for (int v = 0; v < vectors; v++)
                sum[v] = FN(fma)(left, FN(load_half)((const uint16_t *)w + v * LANES), sum[v]);
        }
    } else {
        // Two numbers of a column share a lane: the lower half is the first.
        for (ptrdiff_t k = 0; k < depth; k += 2, w += row) {
            const vec left = FN(set)(a[k]);
            FN(step_ahead)(w, row);
            if (k + 1 == depth) {
#pragma clang loop unroll(full)
                for (int v = 0; v < vectors; v++)
                    sum[v] = FN(fma)(left, (vec)((bits)FN(load)((const REAL *)w + v * LANES) << 16), sum[v]);
                return w + row;
            }
            const vec next = FN(set)(a[k + 1]);
#pragma clang loop unroll(full)
            for (int v = 0; v < vectors; v++) {
                const bits pair = (bits)FN(load)((const REAL *)w + v * LANES);
                sum[v] = FN(fma)(left, (vec)(pair << 16), sum[v]);
                sum[v] = FN(fma)(next, (vec)(pair & FN(set_bits)((BITS)0xffff0000)), sum[v]);
            }
        }
    }
    return w;
}

/// z[v] += Σ_k a[k] · w[k][v] in the chains of `lstm_forward`: the first goes on from z where it `continues`.
INLINE const uint8_t *FN(step_chains)(
    const int vectors, const rk_weight_format format, ptrdiff_t depth, const float *a, const uint8_t *w, vec *z,
    const int continues) {
    for (ptrdiff_t begin = 0; begin < depth; begin += RK_CHAIN) {
        const ptrdiff_t count = FN(smaller)(depth - begin, RK_CHAIN);
        if (continues && begin == 0) {
            w = FN(step_sum)(vectors, format, count, a, w, z);
            continue;
        }
        vec sum[8];
#pragma clang loop unroll(full)
        for (int v = 0; v < vectors; v++) sum[v] = (vec){0};
        w = FN(step_sum)(vectors, format, count, a + begin, w, sum);
#pragma clang loop unroll(full)
        for (int v = 0; v < vectors; v++) z[v] += sum[v];
    }
    return w;
}

INLINE void FN(step_group)(
    const rk_lstm_step *args, const int panels, const rk_weight_format format, ptrdiff_t panel) {
    const ptrdiff_t run = FN(step_run)(format);
    const ptrdiff_t whole = FN(step_padded)(args->input_size, run) + FN(step_padded)(args->hidden_size, run);
    const uint8_t *w = (const uint8_t *)args->panels + panel * PANEL * whole * FN(step_bytes)(format);
    vec z[8];
#pragma clang loop unroll(full)
    for (int v = 0; v < 4 * panels; v++) z[v] = FN(load)(args->bias_panels + panel * PANEL + v * LANES);
    w = FN(step_chains)(4 * panels, format, args->input_size, args->x, w, z, 1);
    FN(step_chains)(4 * panels, format, args->hidden_size, args->h, w, z, 0);
    FN(step_finish)(args, panels, panel, z);
}

INLINE void FN(step_all)(const rk_lstm_step *args, const rk_weight_format format) {
    const ptrdiff_t panels = (args->hidden_size + LANES - 1) / LANES, groups = (panels + 1) / 2;
    for (ptrdiff_t index = 0; index < groups; index++) {
        // To and fro: what a step used last is what the next finds in the caches.
        const ptrdiff_t panel = 2 * (args->backwards ? groups - 1 - index : index);
        if (panel + 1 < panels)
            FN(step_group)(args, 2, format, panel);
        else
            FN(step_group)(args, 1, format, panel);
    }
}

static void FN(lstm_step_f32)(const rk_lstm_step *args) { FN(step_all)(args, rk_weights_f32); }
static void FN(lstm_step_f16)(const rk_lstm_step *args) { FN(step_all)(args, rk_weights_f16); }
static void FN(lstm_step_bf16)(const rk_lstm_step *args) { FN(step_all)(args, rk_weights_bf16); }

static void FN(lstm_step)(const rk_lstm_step *args) {
    switch (args->format) {
    case rk_weights_f32: FN(lstm_step_f32)(args); break;
    case rk_weights_f16: FN(lstm_step_f16)(args); break;
    case rk_weights_bf16: FN(lstm_step_bf16)(args); break;
    case rk_weights_s8: FN(lstm_step_s8)(args); break;
    }
}
