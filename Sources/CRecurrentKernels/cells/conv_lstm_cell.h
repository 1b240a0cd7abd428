// The arithmetic of a ConvLSTM on one frame, channels-last: forward above, its derivative below.
//
//     i = σ(zᵢ + pᵢ ⊙ c)  f = σ(z_f + p_f ⊙ c)  g = tanh(z_g)      c′ = f ⊙ c + i ⊙ g
//     o = σ(zₒ + pₒ ⊙ c′)  h′ = o ⊙ tanh(c′)

static void FN(conv_lstm_forward)(const rk_conv_lstm_forward *s) {
    const ptrdiff_t C = s->channels;
    for (ptrdiff_t y = 0; y < s->height; y++)
        for (ptrdiff_t x = 0; x < s->width; x++) {
            const ptrdiff_t at = y * s->width + x;
            REAL *gate = (REAL *)s->gates + at * 4 * C;
            const REAL *peephole = s->peephole ? (const REAL *)s->peephole + at * 3 * C : NULL;
            const REAL *before = (const REAL *)s->c_before + at * C;
            REAL *after = (REAL *)s->c_after + at * C;
            REAL *h = (REAL *)s->h + y * s->h_row + x * C;
            for (ptrdiff_t k = 0; k < C; k += LANES) {
                const ptrdiff_t part = FN(smaller)(C - k, LANES);
                vec c = FN(load_part)(before + k, part);
                vec z[4];  // i, f, g, o
#pragma clang loop unroll(full)
                for (int v = 0; v < 4; v++) z[v] = FN(load_part)(gate + v * C + k, part);
                if (peephole) {
                    z[0] = FN(fma)(FN(load_part)(peephole + k, part), c, z[0]);
                    z[1] = FN(fma)(FN(load_part)(peephole + C + k, part), c, z[1]);
                }
                FN(squash)(3, z, 1u << 2);
                c = FN(fma)(z[1], c, z[0] * z[2]);
                if (peephole) z[3] = FN(fma)(FN(load_part)(peephole + 2 * C + k, part), c, z[3]);
                vec last[2] = {z[3], c};
                FN(squash)(2, last, 1u << 1);
                z[3] = last[0];
#pragma clang loop unroll(full)
                for (int v = 0; v < 4; v++) FN(store_part)(gate + v * C + k, z[v], part);
                FN(store_part)(after + k, c, part);
                FN(store_part)(h + k, last[0] * last[1], part);
            }
        }
}

static void FN(conv_lstm_backward)(const rk_conv_lstm_backward *s) {
    const ptrdiff_t C = s->channels;
    const vec one = FN(set)(1);
    for (ptrdiff_t y = 0; y < s->height; y++)
        for (ptrdiff_t x = 0; x < s->width; x++) {
            const ptrdiff_t at = y * s->width + x;
            REAL *gate = (REAL *)s->gates + at * 4 * C;
            REAL *copy = (REAL *)s->d_gates + y * s->d_gates_row + x * 4 * C;
            const REAL *peephole = s->peephole ? (const REAL *)s->peephole + at * 3 * C : NULL;
            for (ptrdiff_t k = 0; k < C; k += LANES) {
                const ptrdiff_t part = FN(smaller)(C - k, LANES), own = at * C + k;
                const vec i = FN(load_part)(gate + k, part), f = FN(load_part)(gate + C + k, part);
                const vec g = FN(load_part)(gate + 2 * C + k, part), o = FN(load_part)(gate + 3 * C + k, part);
                const vec before = FN(load_part)((const REAL *)s->c_before + own, part);
                const vec squashed = FN(tanh_of)(FN(load_part)((const REAL *)s->c_after + own, part));
                vec d_h = FN(load_part)((const REAL *)s->d_h + own, part);
                vec d_cell = FN(load_part)((const REAL *)s->d_c + own, part);
                if (s->more_d_h) d_h += FN(load_part)((const REAL *)s->more_d_h + own, part);
                if (s->more_d_c) d_cell += FN(load_part)((const REAL *)s->more_d_c + own, part);
                const vec d_o = d_h * squashed * (o * (one - o));
                d_cell = FN(fma)(d_h * o, FN(fma)(-squashed, squashed, one), d_cell);
                if (peephole) d_cell = FN(fma)(FN(load_part)(peephole + 2 * C + k, part), d_o, d_cell);
                const vec d_i = d_cell * g * (i * (one - i)), d_f = d_cell * before * (f * (one - f));
                const vec d_g = d_cell * i * FN(fma)(-g, g, one);
                vec d_before = d_cell * f;
                if (peephole) {
                    d_before = FN(fma)(FN(load_part)(peephole + k, part), d_i, d_before);
                    d_before = FN(fma)(FN(load_part)(peephole + C + k, part), d_f, d_before);
                }
                FN(store_part)((REAL *)s->d_c + own, d_before, part);
                FN(store_part)(gate + k, d_i, part);
                FN(store_part)(gate + C + k, d_f, part);
                FN(store_part)(gate + 2 * C + k, d_g, part);
                FN(store_part)(gate + 3 * C + k, d_o, part);
                FN(store_part)(copy + k, d_i, part);
                FN(store_part)(copy + C + k, d_f, part);
                FN(store_part)(copy + 2 * C + k, d_g, part);
                FN(store_part)(copy + 3 * C + k, d_o, part);
            }
        }
}

static void FN(conv_lstm_peephole_gradient)(
    ptrdiff_t positions, ptrdiff_t channels, const void *d_gates, const void *c_before, const void *c_after,
    void *d_peephole) {
    const ptrdiff_t C = channels;
    const ptrdiff_t from[3] = {0, C, 3 * C};
    for (ptrdiff_t p = 0; p < positions; p++)
        for (int gate = 0; gate < 3; gate++)
            for (ptrdiff_t k = 0; k < C; k += LANES) {
                const ptrdiff_t part = FN(smaller)(C - k, LANES);
                const REAL *c = (const REAL *)(gate == 2 ? c_after : c_before) + p * C + k;
                REAL *to = (REAL *)d_peephole + (p * 3 + gate) * C + k;
                const vec d = FN(load_part)((const REAL *)d_gates + p * 4 * C + from[gate] + k, part);
                FN(store_part)(to, FN(fma)(d, FN(load_part)(c, part), FN(load_part)(to, part)), part);
            }
}
