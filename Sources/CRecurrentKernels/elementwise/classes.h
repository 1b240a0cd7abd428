// The softmax over many classes, a few of them at a time: rows lie in the lanes, so that nothing is summed across a register
// and a block of classes comes straight from a product with the weights of those classes on its left.

/// values = e^(values - peak) and sum = Σ values, with the peak of each row over these classes.
static void FN(class_exponentials)(const rk_class_block *s) {
    for (ptrdiff_t r = 0; r < s->rows; r += LANES) {
        const ptrdiff_t part = FN(smaller)(s->rows - r, LANES);
        REAL *x = (REAL *)s->values + r;
        // Finite, so that a score of minus infinity in every one of these classes is a probability of 0 and not a NaN.
        vec peak = FN(set)(RK_IS_FLOAT ? (REAL)-0x1.fffffep127 : (REAL)-0x1.fffffffffffffp1023);
        union { vec v; REAL x[RK_BYTES / sizeof(REAL)]; } lanes;
        double tilt[RK_BYTES / sizeof(REAL)] = {0}, sum[RK_BYTES / sizeof(REAL)] = {0};
        for (ptrdiff_t k = 0; k < s->classes; k++) {
            const vec v = FN(load_part)(x + k * s->stride, part);
            peak = FN(choose)((bits)(v > peak), v, peak);
        }
        // Sixteen terms in one register, then double precision: as exact as a sum in double and nearly as fast as one in
        // single precision.
        for (ptrdiff_t first = 0; first < s->classes; first += 16) {
            const ptrdiff_t end = FN(smaller)(first + 16, s->classes);
            if (s->tilt) {
                lanes.v = (vec){0};
                for (ptrdiff_t k = first; k < end; k++) {
                    const REAL weight = s->weights ? ((const REAL *)s->weights)[k] : 1;
                    lanes.v = FN(fma)(FN(set)(weight), FN(load_part)(x + k * s->stride, part), lanes.v);
                }
                for (ptrdiff_t i = 0; i < part; i++) tilt[i] += (double)lanes.x[i];
            }
            lanes.v = (vec){0};
            for (ptrdiff_t k = first; k < end; k++) {
                const vec e = FN(exp_of)(FN(load_part)(x + k * s->stride, part) - peak);
                FN(store_part)(x + k * s->stride, e, part);
                lanes.v += e;
            }
            for (ptrdiff_t i = 0; i < part; i++) sum[i] += (double)lanes.x[i];
        }
        FN(store_part)((REAL *)s->peak + r, peak, part);
        for (ptrdiff_t i = 0; i < part; i++) {
            s->sum[r + i] = sum[i];
            if (s->tilt) s->tilt[r + i] = tilt[i];
        }
    }
}

/// values = factor ⊙ values - shift·weight.
static void FN(class_slopes)(const rk_class_block *s) {
    for (ptrdiff_t k = 0; k < s->classes; k++) {
        REAL *x = (REAL *)s->values + k * s->stride;
        const REAL weight = s->weights ? ((const REAL *)s->weights)[k] : 1;
        const vec shift = FN(set)(-(REAL)s->shift * weight);
        for (ptrdiff_t r = 0; r < s->rows; r += LANES) {
            const ptrdiff_t part = FN(smaller)(s->rows - r, LANES);
            const vec factor = FN(load_part)((const REAL *)s->peak + r, part);
            FN(store_part)(x + r, FN(fma)(factor, FN(load_part)(x + r, part), shift), part);
        }
    }
}

/// out[k] += Σ_r values[k][r], in sixteen lanes of double precision and a fixed tree.
static void FN(class_totals)(const rk_class_block *s, void *out) {
    for (ptrdiff_t k = 0; k < s->classes; k++)
        ((REAL *)out)[k] += (REAL)FN(sum)(s->rows, (const REAL *)s->values + k * s->stride, 0);
}
