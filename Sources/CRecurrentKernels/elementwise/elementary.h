// exp, log, softplus, tanh and sigmoid. In single precision they are written here, as one sequence of operations for every
// instruction set (the bits are the same everywhere); in double precision they come lane by lane from the C library.

#if RK_IS_FLOAT

// e^r - 1 = r + r²·(the polynomial with these coefficients). Minimax over |r| <= 1.003·ln2/2 of (e^r - 1 - r) / r², relative to e^r - 1: 1.4e-8.
#define RK_EXPM1_0 0x1.fffffep-2f
#define RK_EXPM1_1 0x1.5554aep-3f
#define RK_EXPM1_2 0x1.555676p-5f
#define RK_EXPM1_3 0x1.122914p-7f
#define RK_EXPM1_4 0x1.6bebc2p-10f

// tanh x = x + x³·(the polynomial with these coefficients in x²). Minimax over |x| <= 0.65, relative to tanh x: 7.8e-9.
#define RK_TANH_0 -0x1.555524p-2f
#define RK_TANH_1 0x1.1103f2p-3f
#define RK_TANH_2 -0x1.b7cfe6p-5f
#define RK_TANH_3 0x1.4f5eaap-6f
#define RK_TANH_4 -0x1.696fc6p-8f

/// Each of `count` <= 8 registers of x becomes its tanh where its bit of `tanhs` is set, its sigmoid elsewhere. Both
/// numbers are constants at every call. All registers take each operation side by side: one alone would spend most of its
/// time waiting for its own results.
///
/// tanh: within 1.5 ulp for every float, odd, |tanh| <= 1. Up to 0.65 a polynomial, which an exact result is rounded from
/// but for a tenth of its last place; with q = e^(-2|x|) tanh|x| = 1 - 2q / (1 + q) elsewhere, where errors of q count little.
///
/// Sigmoid: within 7.5e-8 for every float and relatively exact to a few ulp for negative x. With w = e^(-|x|) / (1 + e^(-|x|)):
/// w for negative x, 1 - w for positive.
///
/// NaN stays NaN in both.
INLINE void FN(squash)(const int count, vec *x, const unsigned tanhs) {
    const bits sign = FN(set_bits)((BITS)0x80000000);
    // The sum with 1.5·2^23 rounds to an integer; 127 rides along so that a shift alone builds the exponent.
    const vec one = FN(set)(1.0f), magic = FN(set)(0x1.8000fep23f);
    vec z[8], n[8], scale[8], e[8], p[8], q[8], near[8];
#define RK_EACH _Pragma("clang loop unroll(full)") for (int k = 0; k < count; k++)
#define RK_IS_TANH (tanhs >> k & 1)
    RK_EACH z[k] = (vec)((bits)x[k] | sign);
    RK_EACH z[k] = RK_IS_TANH ? z[k] * FN(set)(2.0f) : z[k];
    RK_EACH z[k] = FN(at_least)(z[k], RK_IS_TANH ? -18.5f : -87.0f);
    // z = n·ln2 + r, the scale 2^n.
    RK_EACH n[k] = FN(fma)(z[k], FN(set)(0x1.715476p0f), magic);
    RK_EACH scale[k] = (vec)((bits)n[k] << 23);
    RK_EACH n[k] = n[k] - magic;
    RK_EACH e[k] = FN(fma)(n[k], FN(set)(-0x1.62e430p-1f), z[k]);
    RK_EACH p[k] = FN(fma)(FN(set)(RK_EXPM1_4), e[k], FN(set)(RK_EXPM1_3));
    RK_EACH p[k] = FN(fma)(p[k], e[k], FN(set)(RK_EXPM1_2));
    RK_EACH p[k] = FN(fma)(p[k], e[k], FN(set)(RK_EXPM1_1));
    RK_EACH p[k] = FN(fma)(p[k], e[k], FN(set)(RK_EXPM1_0));
    RK_EACH e[k] = FN(fma)(e[k] * e[k], p[k], e[k]);
    RK_EACH q[k] = FN(fma)(scale[k], e[k], scale[k]);
    RK_EACH p[k] = one + q[k];
    RK_EACH q[k] = q[k] / p[k];
    RK_EACH if (RK_IS_TANH) {
        const vec square = x[k] * x[k];
        near[k] = FN(fma)(FN(set)(RK_TANH_4), square, FN(set)(RK_TANH_3));
        near[k] = FN(fma)(near[k], square, FN(set)(RK_TANH_2));
        near[k] = FN(fma)(near[k], square, FN(set)(RK_TANH_1));
        near[k] = FN(fma)(near[k], square, FN(set)(RK_TANH_0));
        near[k] = FN(fma)(square * x[k], near[k], x[k]);
        // The sign is for the far ones and for -0.
        near[k] = FN(choose)((bits)(z[k] > FN(set)(-1.3f)), near[k], FN(fma)(FN(set)(-2.0f), q[k], one));
        x[k] = (vec)((bits)near[k] | ((bits)x[k] & sign));
    } else {
        x[k] = FN(choose)((bits)((bits)x[k] < 0), q[k], one - q[k]);
    }
#undef RK_EACH
#undef RK_IS_TANH
}

/// Within 1.5 ulp where the result is a normal number; 0 below, infinity above; NaN stays NaN.
INLINE vec FN(exp_of)(vec x) {
    vec z = FN(at_most)(FN(at_least)(x, -104.0f), 89.0f);
    const vec magic = FN(set)(0x1.8p23f);
    vec shifted = FN(fma)(z, FN(set)(0x1.715476p0f), magic);
    vec n = shifted - magic;
    vec r = FN(fma)(n, FN(set)(-0x1.62e400p-1f), z);
    r = FN(fma)(n, FN(set)(-0x1.7f7d1cp-20f), r);
    vec p = FN(fma)(FN(set)(RK_EXPM1_4), r, FN(set)(RK_EXPM1_3));
    p = FN(fma)(p, r, FN(set)(RK_EXPM1_2));
    p = FN(fma)(p, r, FN(set)(RK_EXPM1_1));
    p = FN(fma)(p, r, FN(set)(RK_EXPM1_0));
    vec e = FN(fma)(r * r, p, r) + FN(set)(1.0f);
    // 2^n in two factors, since 2^128 and 2^-150 are no floats.
    bits whole = (bits)shifted - (bits)magic;
    bits half = whole >> 1;
    vec first = (vec)((half + FN(set_bits)(127)) << 23);
    vec second = (vec)((whole - half + FN(set_bits)(127)) << 23);
    return e * first * second;
}

/// ln((1 + f)·2^exponent) for 1 + f in [sqrt(1/2), sqrt(2)].
INLINE vec FN(log_of_product)(vec f, vec exponent) {
    vec p = FN(fma)(FN(set)(-0x1.38b4ccp-4f), f, FN(set)(0x1.055b46p-3f));
    p = FN(fma)(p, f, FN(set)(-0x1.0d8552p-3f));
    p = FN(fma)(p, f, FN(set)(0x1.22da22p-3f));
    p = FN(fma)(p, f, FN(set)(-0x1.547244p-3f));
    p = FN(fma)(p, f, FN(set)(0x1.99a008p-3f));
    p = FN(fma)(p, f, FN(set)(-0x1.000228p-2f));
    p = FN(fma)(p, f, FN(set)(0x1.555554p-2f));
    vec square = f * f;
    vec tail = FN(fma)(f * square, p, exponent * FN(set)(0x1.7f7d1cp-20f));
    tail = FN(fma)(FN(set)(-0.5f), square, tail);
    return FN(fma)(exponent, FN(set)(0x1.62e400p-1f), f + tail);
}

/// Within 1.5 ulp for normal positive x; -infinity at 0, NaN below; infinity and NaN stay.
INLINE vec FN(log_of)(vec x) {
    // m in [sqrt(1/2), sqrt(2)) and x = m·2^k.
    const bits origin = FN(set_bits)(0x3f3504f3);
    bits raw = (bits)x;
    bits k = (raw - origin) >> 23;
    vec f = (vec)(raw - (k << 23)) - FN(set)(1.0f);
    vec result = FN(log_of_product)(f, __builtin_convertvector(k, vec));
    const vec infinity = FN(set)(__builtin_inff());
    result = FN(choose)((bits)(x == infinity), infinity, result);
    result = FN(choose)((bits)(x < FN(set)(0x1p-126f)), -infinity, result);
    result = FN(choose)((bits)(x < FN(set)(0.0f)) | (bits)(x != x), FN(set)(__builtin_nanf("")), result);
    return result;
}

/// ln(1 + e^x) within 2 ulp where the result is a normal number; 0 below; infinity and NaN stay.
INLINE vec FN(softplus_of)(vec x) {
    const vec one = FN(set)(1.0f);
    // With q = e^-|x| in [0, 1], both 1 + q and (1 + q) / 2 less one are exact.
    const vec q = FN(exp_of)((vec)((bits)x | FN(set_bits)((BITS)0x80000000)));
    const bits halved = (bits)(q > FN(set)(0x1.a8279ap-2f));
    const vec f = FN(choose)(halved, (q - one) * FN(set)(0.5f), q);
    return FN(at_least)(x, 0) + FN(log_of_product)(f, (vec)(halved & (bits)one));
}

#else

#define RK_LANEWISE(name, expression)                                            \
    INLINE vec FN(name)(vec v) {                                                 \
        union { vec v; REAL x[RK_BYTES / sizeof(REAL)]; } u;                     \
        u.v = v;                                                                 \
        for (ptrdiff_t i = 0; i < LANES; i++) {                                  \
            REAL x = u.x[i];                                                     \
            u.x[i] = (expression);                                               \
        }                                                                        \
        return u.v;                                                              \
    }
RK_LANEWISE(lanes_tanh, __builtin_tanh(x))
RK_LANEWISE(lanes_sigmoid, 1.0 / (1.0 + __builtin_exp(-x)))
RK_LANEWISE(exp_of, __builtin_exp(x))
RK_LANEWISE(log_of, __builtin_log(x))
RK_LANEWISE(softplus_of, (x > 0 ? x : 0) + __builtin_log1p(__builtin_exp(-__builtin_fabs(x))))
#undef RK_LANEWISE

/// Each of `count` registers of x becomes its tanh where its bit of `tanhs` is set, its sigmoid elsewhere.
INLINE void FN(squash)(const int count, vec *x, const unsigned tanhs) {
    for (int k = 0; k < count; k++) x[k] = tanhs >> k & 1 ? FN(lanes_tanh)(x[k]) : FN(lanes_sigmoid)(x[k]);
}

#endif

INLINE vec FN(tanh_of)(vec x) {
    FN(squash)(1, &x, 1);
    return x;
}
INLINE vec FN(sigmoid_of)(vec x) {
    FN(squash)(1, &x, 0);
    return x;
}

/// out[i] = tanh(x[i]) with `tanhs` 15, σ(x[i]) with 0; out may be x.
INLINE void FN(squash_run)(ptrdiff_t count, const REAL *x, REAL *out, const unsigned tanhs) {
    ptrdiff_t i = 0;
    for (; i + 4 * LANES <= count; i += 4 * LANES) {
        vec v[4];
#pragma clang loop unroll(full)
        for (int k = 0; k < 4; k++) v[k] = FN(load)(x + i + k * LANES);
        FN(squash)(4, v, tanhs);
#pragma clang loop unroll(full)
        for (int k = 0; k < 4; k++) FN(store)(out + i + k * LANES, v[k]);
    }
    for (; i < count; i += LANES) {
        const ptrdiff_t part = FN(smaller)(count - i, LANES);
        vec v = FN(load_part)(x + i, part);
        FN(squash)(1, &v, tanhs);
        FN(store_part)(out + i, v, part);
    }
}
static void FN(map_tanh)(ptrdiff_t count, const void *x, void *out) { FN(squash_run)(count, x, out, 15); }
static void FN(map_sigmoid)(ptrdiff_t count, const void *x, void *out) { FN(squash_run)(count, x, out, 0); }

#define RK_MAP(name, function)                                                       \
    static __attribute__((unused)) void FN(name)(ptrdiff_t count, const void *x, void *out) { \
        const REAL *from = x;                                                        \
        REAL *to = out;                                                              \
        for (ptrdiff_t i = 0; i < count; i += LANES) {                               \
            ptrdiff_t part = FN(smaller)(count - i, LANES);                          \
            FN(store_part)(to + i, FN(function)(FN(load_part)(from + i, part)), part); \
        }                                                                            \
    }
RK_MAP(map_exp, exp_of)
RK_MAP(map_log, log_of)
RK_MAP(map_softplus, softplus_of)
#undef RK_MAP
