// Whole-vector work of a training step: softmax, optimizer updates, sums.

// Sums run in sixteen lanes of double precision on every instruction set and end in one fixed tree.
typedef double FN(sums_t) __attribute__((vector_size(128)));
typedef REAL FN(sixteen_t) __attribute__((vector_size(16 * sizeof(REAL)), aligned(sizeof(REAL)), may_alias));

INLINE double FN(sum)(ptrdiff_t count, const REAL *x, const int squares) {
    union { FN(sums_t) v; double x[16]; } u = {.v = {0}};
    ptrdiff_t i = 0;
    for (; i + 16 <= count; i += 16) {
        FN(sums_t) wide = __builtin_convertvector(*(const FN(sixteen_t) *)(x + i), FN(sums_t));
        u.v += squares ? wide * wide : wide;
    }
    for (int lane = 0; i < count; i++, lane++) u.x[lane] += squares ? (double)x[i] * (double)x[i] : (double)x[i];
    for (int width = 8; width > 0; width /= 2)
        for (int lane = 0; lane < width; lane++) u.x[lane] += u.x[lane + width];
    return u.x[0];
}

static double FN(sum_of_squares)(ptrdiff_t count, const void *x) { return FN(sum)(count, x, 1); }

static void FN(axpy)(ptrdiff_t count, double a, const void *x, void *y) {
    const vec factor = FN(set)((REAL)a);
    for (ptrdiff_t i = 0; i < count; i += LANES) {
        const ptrdiff_t part = FN(smaller)(count - i, LANES);
        REAL *to = (REAL *)y + i;
        FN(store_part)(to, FN(fma)(factor, FN(load_part)((const REAL *)x + i, part), FN(load_part)(to, part)), part);
    }
}

/// The largest element; a NaN is never the largest.
INLINE REAL FN(largest)(ptrdiff_t count, const REAL *x) {
    vec most = FN(set)(-(REAL)__builtin_inf());
    ptrdiff_t i = 0;
    for (; i + LANES <= count; i += LANES) {
        vec v = FN(load)(x + i);
        most = FN(choose)((bits)(v > most), v, most);
    }
    union { vec v; REAL x[RK_BYTES / sizeof(REAL)]; } u;
    u.v = most;
    REAL result = u.x[0];
    for (ptrdiff_t k = 1; k < LANES; k++) result = u.x[k] > result ? u.x[k] : result;
    for (; i < count; i++) result = x[i] > result ? x[i] : result;
    return result;
}

/// out = e^(x - peak); returns the sum of out.
INLINE double FN(exponentials)(ptrdiff_t width, REAL peak, const REAL *x, REAL *out) {
    for (ptrdiff_t i = 0; i < width; i += LANES) {
        const ptrdiff_t part = FN(smaller)(width - i, LANES);
        FN(store_part)(out + i, FN(exp_of)(FN(load_part)(x + i, part) - FN(set)(peak)), part);
    }
    return FN(sum)(width, out, 0);
}

static void FN(softmax)(ptrdiff_t rows, ptrdiff_t width, const void *x, void *out) {
    for (ptrdiff_t row = 0; row < rows; row++) {
        const REAL *from = (const REAL *)x + row * width;
        REAL *to = (REAL *)out + row * width;
        const double sum = FN(exponentials)(width, FN(largest)(width, from), from, to);
        const vec scale = FN(set)((REAL)(1 / sum));
        for (ptrdiff_t i = 0; i < width; i += LANES) {
            const ptrdiff_t part = FN(smaller)(width - i, LANES);
            FN(store_part)(to + i, FN(load_part)(to + i, part) * scale, part);
        }
    }
}

static void FN(log_softmax)(ptrdiff_t rows, ptrdiff_t width, const void *x, void *out) {
    for (ptrdiff_t row = 0; row < rows; row++) {
        const REAL *from = (const REAL *)x + row * width;
        REAL *to = (REAL *)out + row * width;
        const REAL peak = FN(largest)(width, from);
        const double sum = FN(exponentials)(width, peak, from, to);
        union { vec v; REAL x[RK_BYTES / sizeof(REAL)]; } log;
        log.v = FN(log_of)(FN(set)((REAL)sum));
        const vec shift = FN(set)(log.x[0]);
        for (ptrdiff_t i = 0; i < width; i += LANES) {
            const ptrdiff_t part = FN(smaller)(width - i, LANES);
            FN(store_part)(to + i, FN(load_part)(from + i, part) - FN(set)(peak) - shift, part);
        }
    }
}

static void FN(adam)(const rk_adam *args) {
    const vec b2 = FN(set)((REAL)args->beta2);
    const vec rest1 = FN(set)((REAL)(1 - args->beta1)), rest2 = FN(set)((REAL)(1 - args->beta2));
    const vec rate = FN(set)((REAL)args->rate), root = FN(set)((REAL)args->root), epsilon = FN(set)((REAL)args->epsilon);
    const vec shrink = FN(set)((REAL)args->shrink), lambda = FN(set)((REAL)args->lambda);
    const vec scale = FN(set)((REAL)args->scale);
    for (ptrdiff_t i = 0; i < args->count; i += LANES) {
        const ptrdiff_t part = FN(smaller)(args->count - i, LANES);
        REAL *mean = (REAL *)args->mean + i, *square = (REAL *)args->square + i, *weight = (REAL *)args->weight + i;
        vec w = FN(load_part)(weight, part);
        vec slope = FN(fma)(lambda, w, scale * FN(load_part)((const REAL *)args->gradient + i, part));
        // The order of roundings is that of PyTorch's single-tensor update, so that long runs stay together.
        const vec old = FN(load_part)(mean, part);
        vec m = FN(fma)(rest1, slope - old, old);
        vec v = b2 * FN(load_part)(square, part) + rest2 * slope * slope;
        vec step = rate * m / (__builtin_elementwise_sqrt(v) / root + epsilon);
        FN(store_part)(mean, m, part);
        FN(store_part)(square, v, part);
        FN(store_part)(weight, w * shrink - step, part);
    }
}

static void FN(sgd)(const rk_sgd *args) {
    const vec rate = FN(set)((REAL)args->rate), momentum = FN(set)((REAL)args->momentum);
    const vec lambda = FN(set)((REAL)args->lambda), scale = FN(set)((REAL)args->scale);
    for (ptrdiff_t i = 0; i < args->count; i += LANES) {
        const ptrdiff_t part = FN(smaller)(args->count - i, LANES);
        REAL *weight = (REAL *)args->weight + i;
        vec w = FN(load_part)(weight, part);
        vec step = FN(fma)(lambda, w, scale * FN(load_part)((const REAL *)args->gradient + i, part));
        if (args->velocity) {
            REAL *velocity = (REAL *)args->velocity + i;
            vec v = FN(fma)(momentum, FN(load_part)(velocity, part), step);
            FN(store_part)(velocity, v, part);
            step = args->nesterov ? FN(fma)(momentum, v, step) : v;
        }
        FN(store_part)(weight, w - rate * step, part);
    }
}

/// out = kept ? before : after, or rate·before + (1 - rate)·after without a mask.
INLINE void FN(zone_row)(
    ptrdiff_t count, const REAL *keep, double rate, const REAL *before, const REAL *after, REAL *out) {
    const vec stay = FN(set)((REAL)rate), move = FN(set)((REAL)(1 - rate));
    for (ptrdiff_t k = 0; k < count; k += LANES) {
        const ptrdiff_t part = FN(smaller)(count - k, LANES);
        vec old = FN(load_part)(before + k, part), new = FN(load_part)(after + k, part);
        vec mixed = keep ? FN(choose)((bits)(FN(load_part)(keep + k, part) != (vec){0}), old, new)
                         : FN(fma)(stay, old, move * new);
        FN(store_part)(out + k, mixed, part);
    }
}

static void FN(zone)(ptrdiff_t count, const void *keep, double rate, const void *before, void *after) {
    FN(zone_row)(count, keep, rate, before, after, after);
}

/// d -> the part of this step's own in place; through = what was handed on.
static void FN(zone_backward)(ptrdiff_t count, const void *keep, double rate, void *d, void *through) {
    for (ptrdiff_t k = 0; k < count; k += LANES) {
        const ptrdiff_t part = FN(smaller)(count - k, LANES);
        vec own = FN(load_part)((const REAL *)d + k, part), handed;
        if (keep) {
            const bits kept = (bits)(FN(load_part)((const REAL *)keep + k, part) != (vec){0});
            handed = FN(choose)(kept, own, (vec){0});
            own = FN(choose)(kept, (vec){0}, own);
        } else {
            handed = own * FN(set)((REAL)rate);
            own *= FN(set)((REAL)(1 - rate));
        }
        FN(store_part)((REAL *)d + k, own, part);
        FN(store_part)((REAL *)through + k, handed, part);
    }
}

/// few[j] = Σ a[r][column + j]·b[r][(column + j) / share] over rows [begin, end), r ascending, j < count <= 4L.
INLINE void FN(few_products)(
    const rk_column_products *s, ptrdiff_t begin, ptrdiff_t end, ptrdiff_t column, ptrdiff_t count, REAL *few) {
    vec sum[4] = {0};
    for (ptrdiff_t r = begin; r < end; r++) {
        const REAL *a = (const REAL *)s->a + r * s->a_stride + column;
        const REAL *b = s->b ? (const REAL *)s->b + r * s->b_stride : NULL;
#pragma clang loop unroll(full)
        for (int v = 0; v < 4; v++) {
            const ptrdiff_t part = FN(smaller)(count - v * LANES, LANES);
            if (part <= 0) break;
            vec right = FN(set)(1);
            if (b && s->share == 1) right = FN(load_part)(b + column + v * LANES, part);
            if (b && s->share > 1) {
                union { vec v; REAL x[RK_BYTES / sizeof(REAL)]; } u = {.v = {0}};
                for (ptrdiff_t i = 0; i < part; i++) u.x[i] = b[(column + v * LANES + i) / s->share];
                right = u.v;
            }
            sum[v] = FN(fma)(FN(load_part)(a + v * LANES, part), right, sum[v]);
        }
    }
#pragma clang loop unroll(full)
    for (int v = 0; v < 4; v++) FN(store)(few + v * LANES, sum[v]);
}

/// out[j] = Σ a[r][j]·b[r][j / share]; b NULL: ones. Each few rows are a chain of their own; their sums are added in double
/// precision.
static void FN(column_products)(const rk_column_products *s) {
    enum { strip = 512, chain = 32 };
    for (ptrdiff_t first = s->begin; first < s->end; first += strip) {
        const ptrdiff_t last = FN(smaller)(s->end, first + strip);
        double total[strip] = {0};
        for (ptrdiff_t r = 0; r < s->rows; r += chain)
            for (ptrdiff_t j = first; j < last; j += 4 * LANES) {
                const ptrdiff_t count = FN(smaller)(last - j, 4 * LANES);
                REAL few[4 * RK_BYTES / sizeof(REAL)];
                FN(few_products)(s, r, FN(smaller)(s->rows, r + chain), j, count, few);
                for (ptrdiff_t i = 0; i < count; i++) total[j - first + i] += (double)few[i];
            }
        for (ptrdiff_t j = first; j < last; j++) ((REAL *)s->out)[j] = (REAL)total[j - first];
    }
}
