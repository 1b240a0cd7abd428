// The same step with weights and operands of 8 bits. Sums of products are exact integers, so that every instruction set
// gives the same bits whatever its widest product is; gates and states are floats.
//
//     z = bias + (input scale · channel scale) · Σ q_x q_w + (channel scale / 127) · Σ q_h q_r
//
// RK_BYTE_DOT(sum, a, w): each 32-bit lane of sum plus the four products of the bytes of a and w in it. A set whose product
// takes unsigned bytes on one side defines RK_BYTE_OFFSET 128, which is added to the operand and whose share is taken off
// through the sums of the columns.

#ifndef RK_BYTE_OFFSET
#define RK_BYTE_OFFSET 0
#endif
#ifndef RK_STEP_AHEAD
#define RK_STEP_AHEAD 2048
#endif

/// The cells of the panels that stand summed in `z`.
INLINE void FN(step_finish)(const rk_lstm_step *args, const int panels, ptrdiff_t panel, vec *z) {
    const ptrdiff_t H = args->hidden_size;
    vec c[2];
#pragma clang loop unroll(full)
    for (int p = 0; p < panels; p++) {
        const ptrdiff_t unit = (panel + p) * LANES;
        c[p] = FN(load_part)(args->c + unit, FN(smaller)(H - unit, LANES));
    }
    FN(cells_forward)(panels, z, c);
#pragma clang loop unroll(full)
    for (int p = 0; p < panels; p++) {
        const ptrdiff_t unit = (panel + p) * LANES;
        FN(store_part)(args->c + unit, c[p], FN(smaller)(H - unit, LANES));
    }
    FN(cells_output)(panels, z, c);
#pragma clang loop unroll(full)
    for (int p = 0; p < panels; p++) {
        const ptrdiff_t unit = (panel + p) * LANES;
        FN(store_part)(args->h_after + unit, c[p], FN(smaller)(H - unit, LANES));
    }
}

/// Four products in each lane, from weights and an operand in -128...127, the operand not -128 with the weight -128.
INLINE bits FN(byte_dot)(bits sum, bits a, bits w) {
#ifdef RK_BYTE_DOT
    return (bits)RK_BYTE_DOT(sum, a, w);
#else
    // Arithmetic shifts take the bytes of a lane apart.
#pragma clang loop unroll(full)
    for (int byte = 0; byte < 4; byte++) {
        const int left = 24 - 8 * byte;
        sum += ((a << left) >> 24) * ((w << left) >> 24);
    }
    return sum;
#endif
}

/// Bytes of an operand: the nearest multiple of the scale, ties to even, at most 127 steps away. Zeros up to a multiple of
/// four. Returns the scale: NaN where a number is not finite, so that it reaches every gate as in float arithmetic.
///
/// range: the magnitude that 127 stands for; 0: the greatest magnitude of the numbers.
INLINE float FN(step_quantize)(ptrdiff_t count, const float *x, float range, uint8_t *out) {
    vec largest = {0}, poison = {0};
    for (ptrdiff_t i = 0; i < count; i += LANES) {
        const vec value = FN(load_part)(x + i, FN(smaller)(count - i, LANES));
        const vec size = (vec)((bits)value & FN(set_bits)(0x7fffffff));
        poison += value * (vec){0};
        largest = FN(choose)((bits)(size > largest), size, largest);
    }
    float sum = 0, most = range;
    for (ptrdiff_t lane = 0; lane < LANES; lane++) {
        sum += poison[lane];
        if (range == 0 && largest[lane] > most) most = largest[lane];
    }
    // Numbers as small as these change no gate.
    const int none = !(most > 0x1p-100f) || sum != sum;
    const float inverse = none ? 0 : 127.0f / most;
    const vec magic = FN(set)(0x1.8p23f);
    for (ptrdiff_t i = 0; i < count; i += LANES) {
        vec value = FN(load_part)(x + i, FN(smaller)(count - i, LANES)) * FN(set)(inverse);
        value = FN(at_most)(FN(at_least)(value, -127.0f), 127.0f);
        const bits whole = none ? (bits){0} : (bits)(value + magic) - (bits)magic;
        typedef uint8_t bytes_t __attribute__((vector_size(RK_BYTES / 4), aligned(1), may_alias));
        *(bytes_t *)(out + i) = __builtin_convertvector(whole + FN(set_bits)(RK_BYTE_OFFSET), bytes_t);
    }
    return sum != sum ? sum : none ? 0 : most / 127.0f;
}

/// sum[v] += Σ_k a[k] · w[k][v] in integers; returns the weights behind.
INLINE const uint8_t *FN(step_dots)(
    const int vectors, ptrdiff_t depth, const uint8_t *a, const uint8_t *w, bits *sum) {
    for (ptrdiff_t k = 0; k < depth; k += 4, w += vectors * RK_BYTES) {
        int32_t four;
        __builtin_memcpy(&four, a + k, 4);
        const bits left = FN(set_bits)(four);
#pragma clang loop unroll(full)
        for (ptrdiff_t line = 0; line < vectors * RK_BYTES; line += 64)
            __builtin_prefetch(w + RK_STEP_AHEAD + line, 0, 3);
#pragma clang loop unroll(full)
        for (int v = 0; v < vectors; v++)
            sum[v] = FN(byte_dot)(sum[v], left, (bits)FN(load)((const REAL *)w + v * LANES));
    }
    return w;
}

INLINE void FN(byte_group)(
    const rk_lstm_step *args, const int panels, ptrdiff_t panel, const uint8_t *x, float x_scale, const uint8_t *h,
    float h_scale) {
    const ptrdiff_t whole = (args->input_size + 3) / 4 * 4 + (args->hidden_size + 3) / 4 * 4;
    const ptrdiff_t count = (args->hidden_size + LANES - 1) / LANES * PANEL, at = panel * PANEL;
    const uint8_t *w = (const uint8_t *)args->panels + at * whole;
    vec z[8];
    bits sum[8];
#pragma clang loop unroll(full)
    for (int v = 0; v < 4 * panels; v++) sum[v] = -RK_BYTE_OFFSET * *(const bits *)(args->sums + at + v * LANES);
    w = FN(step_dots)(4 * panels, args->input_size, x, w, sum);
#pragma clang loop unroll(full)
    for (int v = 0; v < 4 * panels; v++) {
        const vec scale = FN(load)(args->scales + at + v * LANES) * FN(set)(x_scale);
        const vec bias = FN(load)(args->bias_panels + at + v * LANES);
        z[v] = FN(fma)(__builtin_convertvector(sum[v], vec), scale, bias);
        sum[v] = -RK_BYTE_OFFSET * *(const bits *)(args->sums + count + at + v * LANES);
    }
    FN(step_dots)(4 * panels, args->hidden_size, h, w, sum);
#pragma clang loop unroll(full)
    for (int v = 0; v < 4 * panels; v++) {
        const vec scale = FN(load)(args->scales + count + at + v * LANES) * FN(set)(h_scale);
        z[v] = FN(fma)(__builtin_convertvector(sum[v], vec), scale, z[v]);
    }
    FN(step_finish)(args, panels, panel, z);
}

static void FN(lstm_step_s8)(const rk_lstm_step *args) {
    const ptrdiff_t panels = (args->hidden_size + LANES - 1) / LANES, groups = (panels + 1) / 2;
    // A hidden state lies within -1...1.
    uint8_t *x = args->workspace, *h = x + (args->input_size + 63) / 64 * 64;
    const float x_scale = FN(step_quantize)(args->input_size, args->x, args->input_range, x);
    const float h_scale = FN(step_quantize)(args->hidden_size, args->h, 1, h);
    for (ptrdiff_t index = 0; index < groups; index++) {
        const ptrdiff_t panel = 2 * (args->backwards ? groups - 1 - index : index);
        if (panel + 1 < panels)
            FN(byte_group)(args, 2, panel, x, x_scale, h, h_scale);
        else
            FN(byte_group)(args, 1, panel, x, x_scale, h, h_scale);
    }
}
