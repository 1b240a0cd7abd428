// One step of a simple recurrent network for a run of rows: forward above, its derivative below.

static void FN(rnn_forward)(const rk_rnn *s) {
    const ptrdiff_t H = s->hidden_size;
    for (ptrdiff_t row = 0; row < s->rows; row++) {
        const REAL *sums = (const REAL *)s->sums + row * H;
        REAL *after = (REAL *)s->h_after + row * H;
        if (s->lengths && s->step >= s->lengths[row]) {
            FN(copy)((const REAL *)s->h_before + row * H, after, H);
            continue;
        }
        for (ptrdiff_t u = 0; u < H; u += LANES) {
            const ptrdiff_t part = FN(smaller)(H - u, LANES);
            FN(store_part)(after + u, FN(activate)(&s->activation, FN(load_part)(sums + u, part)), part);
        }
    }
}

static void FN(rnn_backward)(const rk_rnn *s) {
    const ptrdiff_t H = s->hidden_size;
    for (ptrdiff_t row = 0; row < s->rows; row++) {
        REAL *sums = (REAL *)s->sums + row * H, *d_h = (REAL *)s->d_h + row * H;
        const REAL *after = (const REAL *)s->h_after + row * H;
        const REAL *upstream = s->d_output ? (const REAL *)s->d_output + row * H : NULL;
        if (s->lengths && s->step >= s->lengths[row]) {
            FN(fill_zero)(sums, H);
            continue;
        }
        for (ptrdiff_t u = 0; u < H; u += LANES) {
            const ptrdiff_t part = FN(smaller)(H - u, LANES);
            vec d = FN(load_part)(d_h + u, part);
            if (upstream) d += FN(load_part)(upstream + u, part);
            d *= FN(activation_slope)(&s->activation, FN(load_part)(after + u, part));
            FN(store_part)(sums + u, d, part);
            FN(store_part)(d_h + u, (vec){0}, part);
        }
    }
}
