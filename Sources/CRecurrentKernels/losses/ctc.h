// The loss of connectionist temporal classification and its gradient, for one utterance.
//
// The states of the alignment stand in two rows: blank[i] before label i (and blank[N] behind the last), label[i]. Then
//
//     blank'[i] = (blank[i] + label[i-1]) y_blank
//     label'[i] = (label[i] + blank[i] + may_skip[i] label[i-1]) y_label[i]
//
// and no gather, no exponential and no logarithm is left in the recursion. It runs in doubles scaled by powers of two, so
// that scaling rounds nothing: one power for all states of a frame; where that may have lost a path that counts, as it
// does when thousands of frames have few labels, one for each eight labels; where probabilities of single frames are out of
// reach, in logarithms.
// Eight lanes of doubles everywhere, sums in one fixed tree: the bits are the same on every instruction set.

typedef double FN(eight_t) __attribute__((vector_size(64), aligned(8), may_alias));
typedef int64_t FN(eight_bits_t) __attribute__((vector_size(64), aligned(8), may_alias));
#define EIGHT(p) (*(FN(eight_t) *)(p))
#define EIGHT_BITS(p) (*(const FN(eight_bits_t) *)(p))
#define CTC_TOTAL(total, v)                                                                  \
    do {                                                                                     \
        union { FN(eight_t) lanes; double x[8]; } u_;                                        \
        u_.lanes = (v);                                                                      \
        (total) = ((u_.x[0] + u_.x[4]) + (u_.x[2] + u_.x[6])) + ((u_.x[1] + u_.x[5]) + (u_.x[3] + u_.x[7])); \
    } while (0)

/// What the passes over one utterance share.
typedef struct FN(ctc_t) {
    const rk_ctc *args;
    ptrdiff_t padded;    // N + 1 rounded up to whole vectors
    double *alpha;       // [T + 1] of ctc_row: blank, eight zeros, label; slot 0 before the first frame
    double *beta;        // one such row, then eight zeros
    int64_t *exponent;   // [T + 2][padded / 8] powers of two of the blocks of alpha, then of beta
    double *label;       // [T][padded] probabilities of the labels, 0 behind them
    double *blank;       // [T] probabilities of the blank
    double *peak, *sum;  // [T] of the softmax
    int64_t *skip;       // [padded + 8]: all ones where a label may follow the one before without a blank
    double *share;       // [padded]
    REAL *row;           // [K]
} FN(ctc_t);

INLINE ptrdiff_t FN(ctc_row)(ptrdiff_t padded) { return 2 * padded + 8; }

INLINE ptrdiff_t FN(ctc_layout)(const rk_ctc *args, FN(ctc_t) *plan) {
    const ptrdiff_t T = args->frames, padded = (args->labels + 1 + 7) / 8 * 8, row = FN(ctc_row)(padded);
    char *base = args->workspace;
    ptrdiff_t used = 0;
    plan->args = args;
    plan->padded = padded;
#define CTC_TAKE(name, type, count)                                        \
    plan->name = (type *)(base + used);                                    \
    used += ((ptrdiff_t)(count) * (ptrdiff_t)sizeof(type) + 63) / 64 * 64;
    CTC_TAKE(alpha, double, (T + 1) * row)
    CTC_TAKE(beta, double, row + 8)
    CTC_TAKE(exponent, int64_t, (T + 2) * (padded / 8))
    CTC_TAKE(label, double, T * padded)
    CTC_TAKE(blank, double, T)
    CTC_TAKE(peak, double, T)
    CTC_TAKE(sum, double, T)
    CTC_TAKE(skip, int64_t, padded + 8)
    CTC_TAKE(share, double, padded)
    CTC_TAKE(row, REAL, args->classes)
#undef CTC_TAKE
    return used;
}

static ptrdiff_t FN(ctc_workspace)(const rk_ctc *args) {
    FN(ctc_t) plan;
    rk_ctc sized = *args;
    sized.workspace = NULL;
    return FN(ctc_layout)(&sized, &plan);
}

/// A probability whose single-precision form may have lost bits is taken again in double precision.
INLINE double FN(ctc_probability)(REAL exponential, REAL logit, double peak, double inverse) {
    const double least = sizeof(REAL) == 4 ? 0x1p-120 : 0x1p-1000;
    if (!(exponential < least)) return (double)exponential * inverse;
    return __builtin_exp((double)logit - peak) * inverse;
}

/// Softmax of every frame: probabilities of the labels, and the dense part of the gradient while its row is in the cache.
/// Returns whether every probability that is needed is zero or at least e^-230.
INLINE int FN(ctc_softmax)(const FN(ctc_t) *plan) {
    const rk_ctc *args = plan->args;
    const ptrdiff_t N = args->labels, K = args->classes;
    int is_near = 1;
    for (ptrdiff_t t = 0; t < args->frames; t++) {
        const REAL *x = (const REAL *)args->logits + t * args->stride;
        REAL *row = args->gradient ? (REAL *)args->gradient + t * args->stride : plan->row;
        const REAL peak = FN(largest)(K, x);
        const double sum = FN(exponentials)(K, peak, x, row), inverse = 1 / sum;
        double *label = plan->label + t * plan->padded;
        for (ptrdiff_t i = 0; i < N; i++) {
            const int32_t k = args->targets[i];
            label[i] = FN(ctc_probability)(row[k], x[k], peak, inverse);
            is_near &= label[i] > 1e-100 || x[k] == -(REAL)__builtin_inf();
        }
        for (ptrdiff_t i = N; i < plan->padded; i++) label[i] = 0;
        plan->blank[t] = FN(ctc_probability)(row[args->blank], x[args->blank], peak, inverse);
        is_near &= plan->blank[t] > 1e-100 || x[args->blank] == -(REAL)__builtin_inf();
        plan->peak[t] = peak;
        plan->sum[t] = sum;
        if (!args->gradient) continue;
        const vec scale = FN(set)((REAL)(args->scale * inverse));
        for (ptrdiff_t i = 0; i < K; i += LANES) {
            const ptrdiff_t part = FN(smaller)(K - i, LANES);
            FN(store_part)(row + i, FN(load_part)(row + i, part) * scale, part);
        }
    }
    return is_near;
}

/// Subtracts the share of every label in a frame, and of the blank.
INLINE void FN(ctc_subtract)(const FN(ctc_t) *plan, ptrdiff_t t, double blank_share, double scale) {
    const rk_ctc *args = plan->args;
    REAL *row = (REAL *)args->gradient + t * args->stride;
    for (ptrdiff_t i = 0; i < args->labels; i++) {
        REAL *slope = row + args->targets[i];
        *slope = (REAL)((double)*slope - plan->share[i] * scale);
    }
    row[args->blank] = (REAL)((double)row[args->blank] - blank_share * scale);
}

/// 2^-e for a sum in [2^e, 2^(e+1)); e is added to `exponent`.
INLINE double FN(ctc_rescale)(double sum, ptrdiff_t *exponent) {
    union { double x; uint64_t raw; } u = {.x = sum};
    const int64_t e = (int64_t)(u.raw >> 52) - 1023;
    *exponent += e;
    u.raw = (uint64_t)(1023 - e) << 52;
    return u.x;
}

/// -ln P by the scaled recursion; NaN where the total is no positive number.
INLINE double FN(ctc_forward)(const FN(ctc_t) *plan) {
    const ptrdiff_t N = plan->args->labels, padded = plan->padded, width = FN(ctc_row)(padded);
    double *first = plan->alpha;
    for (ptrdiff_t i = 0; i < width; i++) first[i] = 0;
    first[0] = 1;
    ptrdiff_t exponent = 0;
    double factor = 1;
    for (ptrdiff_t t = 0; t < plan->args->frames; t++) {
        const double *before = plan->alpha + t * width;
        double *after = plan->alpha + (t + 1) * width;
        const double *label = plan->label + t * padded;
        const double blank = plan->blank[t] * factor;
        FN(eight_t) total = {0};
        for (ptrdiff_t i = 0; i < padded; i += 8) {
            const FN(eight_t) b = EIGHT(before + i), here = EIGHT(before + padded + 8 + i);
            const FN(eight_t) last = EIGHT(before + padded + 7 + i), both = b + last;
            const FN(eight_bits_t) skip = EIGHT_BITS(plan->skip + i);
            const FN(eight_t) come = (FN(eight_t))((skip & (FN(eight_bits_t))both) | (~skip & (FN(eight_bits_t))b));
            const FN(eight_t) blanks = both * blank, labels = (here + come) * (EIGHT(label + i) * factor);
            EIGHT(after + i) = blanks;
            EIGHT(after + padded + 8 + i) = labels;
            total += blanks + labels;
        }
        EIGHT(after + padded) = (FN(eight_t)){0};
        double sum;
        CTC_TOTAL(sum, total);
        if (!(sum > 0x1p-1000)) return __builtin_nan("");
        factor = FN(ctc_rescale)(sum, &exponent);
    }
    const double *end = plan->alpha + plan->args->frames * width;
    const double p = end[N] * factor + (N > 0 ? end[padded + 8 + N - 1] * factor : 0);
    return -(__builtin_log(p) + (double)exponent * 0x1.62e42fefa39efp-1);
}

/// The way back: subtracts the share of every label from the gradient, if there is one. Returns 0 where a path that counts
/// may have been lost: a number below 2^-1000 dropped, beside a total of at least 2^-860.
INLINE int FN(ctc_backward)(const FN(ctc_t) *plan) {
    const rk_ctc *args = plan->args;
    const ptrdiff_t N = args->labels, padded = plan->padded, width = FN(ctc_row)(padded);
    // Here label and blank stand without the zeros between them, which follow behind both.
    double *blanks = plan->beta, *labels = plan->beta + padded + 8;
    for (ptrdiff_t i = 0; i < width + 8; i++) plan->beta[i] = 0;
    blanks[N] = 1;
    ptrdiff_t exponent = 0;
    for (ptrdiff_t t = args->frames - 1; t >= 0; t--) {
        const double *alpha = plan->alpha + (t + 1) * width, *label = plan->label + t * padded;
        FN(eight_t) total = {0}, on_blank = {0}, on_label = {0};
        for (ptrdiff_t i = 0; i < padded; i += 8) {
            // i ascends: what stands behind it has not been overwritten yet.
            const FN(eight_t) b = EIGHT(blanks + i), here = EIGHT(labels + i);
            const FN(eight_t) next_b = EIGHT(blanks + i + 1), next = EIGHT(labels + i + 1);
            const FN(eight_bits_t) skip = EIGHT_BITS(plan->skip + i + 1);
            const FN(eight_t) from_b = b + here;
            const FN(eight_t) from_l = here + next_b + (FN(eight_t))(skip & (FN(eight_bits_t))next);
            const FN(eight_t) at_b = EIGHT(alpha + i) * from_b, at_l = EIGHT(alpha + padded + 8 + i) * from_l;
            EIGHT(blanks + i) = from_b;
            EIGHT(labels + i) = from_l;
            EIGHT(plan->share + i) = at_l;
            on_blank += at_b;
            on_label += at_l;
            total += from_b + from_l;
        }
        double sum, blank_share, label_share;
        CTC_TOTAL(sum, total);
        CTC_TOTAL(blank_share, on_blank);
        CTC_TOTAL(label_share, on_label);
        const double whole = blank_share + label_share;
        if (!(whole > 0x1p-860)) return 0;
        if (args->gradient) FN(ctc_subtract)(plan, t, blank_share, args->scale / whole);
        const double factor = FN(ctc_rescale)(sum, &exponent), blank = plan->blank[t] * factor;
        for (ptrdiff_t i = 0; i < padded; i += 8) {
            EIGHT(blanks + i) *= blank;
            EIGHT(labels + i) *= EIGHT(label + i) * factor;
        }
    }
    return 1;
}

/// 2^e, 0 below the reach of doubles; e <= 0.
INLINE double FN(ctc_power)(int64_t e) {
    union { double x; uint64_t raw; } u = {.raw = e < -1000 ? 0 : (uint64_t)(1023 + e) << 52};
    return u.x;
}

// The exponent of a block without any path.
#define CTC_NOTHING (-((int64_t)1 << 40))

/// Scales a block to a sum in [1, 2); returns its exponent beside `common`.
INLINE int64_t FN(ctc_settle)(double *blanks, double *labels, int64_t common) {
    double sum;
    const FN(eight_t) both = EIGHT(blanks) + EIGHT(labels);
    CTC_TOTAL(sum, both);
    if (!(sum > 0)) return CTC_NOTHING;
    ptrdiff_t own = 0;
    const double factor = FN(ctc_rescale)(sum, &own);
    EIGHT(blanks) *= factor;
    EIGHT(labels) *= factor;
    return common + own;
}

/// The same loss and gradient with a power of two for each eight labels. Returns 0 where even this may have lost a path that
/// counts: what is dropped is less than 2^-1000 of a block over a probability of 1e-100 at most.
static int FN(ctc_in_blocks)(const FN(ctc_t) *plan, double *loss) {
    const rk_ctc *args = plan->args;
    const ptrdiff_t N = args->labels, padded = plan->padded, width = FN(ctc_row)(padded), T = args->frames;
    const ptrdiff_t blocks = padded / 8, behind = padded + 8;
    double *first = plan->alpha;
    for (ptrdiff_t i = 0; i < width; i++) first[i] = 0;
    first[0] = 1;
    for (ptrdiff_t k = 0; k < blocks; k++) plan->exponent[k] = k == 0 ? 0 : CTC_NOTHING;
    for (ptrdiff_t t = 0; t < T; t++) {
        const double *before = plan->alpha + t * width, *label = plan->label + t * padded;
        double *after = plan->alpha + (t + 1) * width;
        const int64_t *was = plan->exponent + t * blocks;
        int64_t *now = plan->exponent + (t + 1) * blocks;
        const double blank = plan->blank[t];
        for (ptrdiff_t k = 0; k < blocks; k++) {
            const ptrdiff_t i = 8 * k;
            // The last label of the block before comes in.
            const int64_t common = k > 0 && was[k - 1] > was[k] ? was[k - 1] : was[k];
            if (common == CTC_NOTHING) {
                now[k] = CTC_NOTHING;
                EIGHT(after + i) = EIGHT(after + behind + i) = (FN(eight_t)){0};
                continue;
            }
            const double own = FN(ctc_power)(was[k] - common);
            const FN(eight_t) b = EIGHT(before + i) * own, here = EIGHT(before + behind + i) * own;
            FN(eight_t) last = EIGHT(before + behind + i - 1) * own;
            last[0] = k > 0 ? before[behind + i - 1] * FN(ctc_power)(was[k - 1] - common) : 0;
            const FN(eight_t) both = b + last;
            const FN(eight_bits_t) skip = EIGHT_BITS(plan->skip + i);
            const FN(eight_t) come = (FN(eight_t))((skip & (FN(eight_bits_t))both) | (~skip & (FN(eight_bits_t))b));
            EIGHT(after + i) = both * blank;
            EIGHT(after + behind + i) = (here + come) * EIGHT(label + i);
            now[k] = FN(ctc_settle)(after + i, after + behind + i, common);
        }
        EIGHT(after + padded) = (FN(eight_t)){0};
    }
    const double *end = plan->alpha + T * width;
    const int64_t *reached = plan->exponent + T * blocks;
    const ptrdiff_t last_blank = N / 8, last_label = N > 0 ? (N - 1) / 8 : 0;
    const int64_t top = reached[last_blank] > reached[last_label] ? reached[last_blank] : reached[last_label];
    const double p = end[N] * FN(ctc_power)(reached[last_blank] - top)
        + (N > 0 ? end[behind + N - 1] * FN(ctc_power)(reached[last_label] - top) : 0);
    if (top == CTC_NOTHING || !(p > 0x1p-600)) return 0;
    *loss = -(__builtin_log(p) + (double)top * 0x1.62e42fefa39efp-1);

    double *blanks = plan->beta, *labels = plan->beta + behind;
    int64_t *at = plan->exponent + (T + 1) * blocks;
    for (ptrdiff_t i = 0; i < width + 8; i++) plan->beta[i] = 0;
    for (ptrdiff_t k = 0; k < blocks; k++) at[k] = CTC_NOTHING;
    blanks[N] = 1;
    at[last_blank] = 0;
    for (ptrdiff_t t = T - 1; t >= 0; t--) {
        const double *alpha = plan->alpha + (t + 1) * width, *label = plan->label + t * padded;
        const int64_t *forth = plan->exponent + (t + 1) * blocks;
        int64_t most = 2 * CTC_NOTHING;
        for (ptrdiff_t k = 0; k < blocks; k++) {
            const ptrdiff_t i = 8 * k;
            const int64_t next_at = k + 1 < blocks ? at[k + 1] : CTC_NOTHING;
            const int64_t common = next_at > at[k] ? next_at : at[k];
            if (common == CTC_NOTHING) continue;
            const double own = FN(ctc_power)(at[k] - common), other = FN(ctc_power)(next_at - common);
            const FN(eight_t) b = EIGHT(blanks + i) * own, here = EIGHT(labels + i) * own;
            FN(eight_t) next_b = EIGHT(blanks + i + 1) * own, next = EIGHT(labels + i + 1) * own;
            next_b[7] = blanks[i + 8] * other;
            next[7] = labels[i + 8] * other;
            const FN(eight_bits_t) skip = EIGHT_BITS(plan->skip + i + 1);
            EIGHT(blanks + i) = b + here;
            EIGHT(labels + i) = here + next_b + (FN(eight_t))(skip & (FN(eight_bits_t))next);
            at[k] = FN(ctc_settle)(blanks + i, labels + i, common);
            if (at[k] != CTC_NOTHING && forth[k] != CTC_NOTHING && at[k] + forth[k] > most) most = at[k] + forth[k];
        }
        FN(eight_t) on_blank = {0}, on_label = {0};
        for (ptrdiff_t k = 0; k < blocks; k++) {
            const ptrdiff_t i = 8 * k;
            const double weight = FN(ctc_power)(at[k] + forth[k] - most);
            const FN(eight_t) at_l = EIGHT(alpha + behind + i) * EIGHT(labels + i) * weight;
            on_blank += EIGHT(alpha + i) * EIGHT(blanks + i) * weight;
            on_label += at_l;
            EIGHT(plan->share + i) = at_l;
        }
        double blank_share, label_share;
        CTC_TOTAL(blank_share, on_blank);
        CTC_TOTAL(label_share, on_label);
        const double whole = blank_share + label_share;
        if (!(whole > 0x1p-600)) return 0;
        if (args->gradient) FN(ctc_subtract)(plan, t, blank_share, args->scale / whole);
        for (ptrdiff_t k = 0; k < blocks; k++) {
            const ptrdiff_t i = 8 * k;
            if (at[k] == CTC_NOTHING) continue;
            EIGHT(blanks + i) *= plan->blank[t];
            EIGHT(labels + i) *= EIGHT(label + i);
            at[k] = FN(ctc_settle)(blanks + i, labels + i, at[k]);
        }
    }
    return 1;
}

INLINE double FN(ctc_log_sum)(double a, double b, double c) {
    double most = a > b ? a : b;
    most = most > c ? most : c;
    if (most == -__builtin_inf()) return most;
    return most + __builtin_log(__builtin_exp(a - most) + __builtin_exp(b - most) + __builtin_exp(c - most));
}

/// The same in logarithms, for paths further apart than doubles reach: slower by an order of magnitude.
static double FN(ctc_in_logs)(const FN(ctc_t) *plan) {
    const rk_ctc *args = plan->args;
    const ptrdiff_t N = args->labels, padded = plan->padded, width = FN(ctc_row)(padded), T = args->frames;
    const double none = -__builtin_inf();
    double *first = plan->alpha;
    for (ptrdiff_t i = 0; i < width; i++) first[i] = none;
    first[0] = 0;
    for (ptrdiff_t t = 0; t < T; t++) {
        const REAL *x = (const REAL *)args->logits + t * args->stride;
        const double shift = plan->peak[t] + __builtin_log(plan->sum[t]);
        const double *before = plan->alpha + t * width;
        double *after = plan->alpha + (t + 1) * width;
        plan->blank[t] = (double)x[args->blank] - shift;
        for (ptrdiff_t i = 0; i < N; i++) plan->label[t * padded + i] = (double)x[args->targets[i]] - shift;
        for (ptrdiff_t i = 0; i < width; i++) after[i] = none;
        for (ptrdiff_t i = 0; i <= N; i++) {
            const double last = i > 0 ? before[padded + 8 + i - 1] : none;
            after[i] = FN(ctc_log_sum)(before[i], last, none) + plan->blank[t];
            if (i == N) break;
            const double skipped = plan->skip[i] ? last : none;
            after[padded + 8 + i] =
                FN(ctc_log_sum)(before[padded + 8 + i], before[i], skipped) + plan->label[t * padded + i];
        }
    }
    const double *end = plan->alpha + T * width;
    const double total = FN(ctc_log_sum)(end[N], N > 0 ? end[padded + 8 + N - 1] : none, none);
    if (!args->gradient || total == none || total != total) return -total;
    double *blanks = plan->beta, *labels = plan->beta + padded + 8;
    for (ptrdiff_t i = 0; i < width + 8; i++) plan->beta[i] = none;
    blanks[N] = 0;
    for (ptrdiff_t t = T - 1; t >= 0; t--) {
        const double *alpha = plan->alpha + (t + 1) * width;
        REAL *row = (REAL *)args->gradient + t * args->stride;
        double blank_share = 0;
        for (ptrdiff_t i = 0; i <= N; i++) {
            const double from_b = FN(ctc_log_sum)(blanks[i], labels[i], none);
            const double next = i < N && plan->skip[i + 1] ? labels[i + 1] : none;
            const double from_l = i < N ? FN(ctc_log_sum)(labels[i], blanks[i + 1], next) : none;
            blank_share += __builtin_exp(alpha[i] + from_b - total);
            if (i < N) {
                REAL *slope = row + args->targets[i];
                *slope = (REAL)((double)*slope - args->scale * __builtin_exp(alpha[padded + 8 + i] + from_l - total));
            }
            blanks[i] = from_b + plan->blank[t];
            if (i < N) labels[i] = from_l + plan->label[t * padded + i];
        }
        row[args->blank] = (REAL)((double)row[args->blank] - args->scale * blank_share);
    }
    return -total;
}

static double FN(ctc)(const rk_ctc *args) {
    const ptrdiff_t N = args->labels, K = args->classes, T = args->frames;
    FN(ctc_t) plan;
    (void)FN(ctc_layout)(args, &plan);
    ptrdiff_t needed = N;
    for (ptrdiff_t i = 0; i < plan.padded + 8; i++) {
        plan.skip[i] = i > 0 && i < N && args->targets[i] != args->targets[i - 1] ? -1 : 0;
        needed += i > 0 && i < N && args->targets[i] == args->targets[i - 1];
    }
    double loss = needed > T ? __builtin_inf() : 0;
    if (T > 0 && needed <= T) {
        int is_near = FN(ctc_softmax)(&plan), is_sure = 0;
        if (args->way == rk_ctc_any) {
            loss = FN(ctc_forward)(&plan);
            // Without the way back: nothing that was dropped can count beside a total above 2^-860.
            is_sure = loss == loss && ((!args->gradient && loss < 590) || FN(ctc_backward)(&plan));
        }
        if (!is_sure && is_near && args->way != rk_ctc_logs) {
            // An attempt that failed may have left the gradient half done.
            if (args->gradient && args->way == rk_ctc_any) FN(ctc_softmax)(&plan);
            is_sure = FN(ctc_in_blocks)(&plan, &loss);
        }
        if (!is_sure) {
            if (args->gradient && args->way != rk_ctc_logs) FN(ctc_softmax)(&plan);
            loss = FN(ctc_in_logs)(&plan);
        }
    }
    if (args->gradient) {
        const ptrdiff_t kept = loss < __builtin_inf() || loss != loss ? T : 0;
        for (ptrdiff_t t = kept; t < T + args->padding; t++)
            __builtin_memset((REAL *)args->gradient + t * args->stride, 0, (size_t)K * sizeof(REAL));
    }
    return loss;
}

#undef EIGHT
#undef EIGHT_BITS
#undef CTC_TOTAL
#undef CTC_NOTHING
