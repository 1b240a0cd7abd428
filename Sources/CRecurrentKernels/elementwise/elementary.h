// exp, log, tanh and sigmoid. In single precision they are written here, as one sequence of operations for every
// instruction set (the bits are the same everywhere); in double precision they come lane by lane from the C library.

#if RK_IS_FLOAT

// Minimax over |r| <= 1.003·ln2/2 of (e^r - 1 - r) / r², relative to e^r - 1: 1.4e-8.
#define RK_EXPM1_0 0x1.fffffep-2f
#define RK_EXPM1_1 0x1.5554aep-3f
#define RK_EXPM1_2 0x1.555676p-5f
#define RK_EXPM1_3 0x1.122914p-7f
#define RK_EXPM1_4 0x1.6bebc2p-10f

/// e^r - 1 for |r| <= ln2/2.
INLINE vec FN(expm1_reduced)(vec r) {
    vec p = FN(fma)(FN(set)(RK_EXPM1_4), r, FN(set)(RK_EXPM1_3));
    p = FN(fma)(p, r, FN(set)(RK_EXPM1_2));
    p = FN(fma)(p, r, FN(set)(RK_EXPM1_1));
    p = FN(fma)(p, r, FN(set)(RK_EXPM1_0));
    return FN(fma)(r * r, p, r);
}

/// z = n·ln2 + r for -126·ln2 <= z <= 0: 2^n in *scale, e^r - 1 returned.
/// The sum with 1.5·2^23 rounds to an integer; 127 rides along so that a shift alone builds the exponent.
INLINE vec FN(exp_parts)(vec z, vec *scale) {
    const vec magic = FN(set)(0x1.8000fep23f);
    vec shifted = FN(fma)(z, FN(set)(0x1.715476p0f), magic);
    *scale = (vec)((bits)shifted << 23);
    vec n = shifted - magic;
    vec r = FN(fma)(n, FN(set)(-0x1.62e430p-1f), z);
    return FN(expm1_reduced)(r);
}

/// Within 3 ulp for every float, odd, |tanh| <= 1, NaN stays NaN.
/// With q = e^(-2|x|), which is 1 + E: tanh|x| = -E / (1 + q) near 0, where nothing cancels, and 1 - 2q / (1 + q) elsewhere,
/// where errors of q count little.
INLINE vec FN(tanh_of)(vec x) {
    const bits sign = (bits)x & FN(set_bits)((BITS)0x80000000);
    vec z = (vec)((bits)x | FN(set_bits)((BITS)0x80000000)) * FN(set)(2.0f);
    z = FN(at_least)(z, -18.5f);
    vec scale;
    vec e = FN(exp_parts)(z, &scale);
    const vec one = FN(set)(1.0f), q = FN(fma)(scale, e, scale);
    const bits small = (bits)(z > FN(set)(-1.4f));
    vec magnitude = FN(choose)(small, FN(fma)(scale, e, scale - one), q) / (one + q);
    magnitude = FN(choose)(small, magnitude, FN(fma)(FN(set)(-2.0f), magnitude, one));
    return (vec)(((bits)magnitude & FN(set_bits)(0x7fffffff)) | sign);
}

/// Within 6e-8 for every float and relatively exact to a few ulp for negative x; NaN stays NaN.
/// With w = e^(-|x|) / (1 + e^(-|x|)): w for negative x, 1 - w for positive.
INLINE vec FN(sigmoid_of)(vec x) {
    vec z = (vec)((bits)x | FN(set_bits)((BITS)0x80000000));
    z = FN(at_least)(z, -87.0f);
    vec scale;
    vec e = FN(exp_parts)(z, &scale);
    e = FN(fma)(scale, e, scale);
    vec w = e / (FN(set)(1.0f) + e);
    return FN(choose)((bits)((bits)x < 0), w, FN(set)(1.0f) - w);
}

/// Within 1.5 ulp where the result is a normal number; 0 below, infinity above; NaN stays NaN.
INLINE vec FN(exp_of)(vec x) {
    vec z = FN(at_most)(FN(at_least)(x, -104.0f), 89.0f);
    const vec magic = FN(set)(0x1.8p23f);
    vec shifted = FN(fma)(z, FN(set)(0x1.715476p0f), magic);
    vec n = shifted - magic;
    vec r = FN(fma)(n, FN(set)(-0x1.62e400p-1f), z);
    r = FN(fma)(n, FN(set)(-0x1.7f7d1cp-20f), r);
    vec e = FN(expm1_reduced)(r) + FN(set)(1.0f);
    // 2^n in two factors, since 2^128 and 2^-150 are no floats.
    bits whole = (bits)shifted - (bits)magic;
    bits half = whole >> 1;
    vec first = (vec)((half + FN(set_bits)(127)) << 23);
    vec second = (vec)((whole - half + FN(set_bits)(127)) << 23);
    return e * first * second;
}

/// Within 1.5 ulp for normal positive x; -infinity at 0, NaN below; infinity and NaN stay.
INLINE vec FN(log_of)(vec x) {
    // m in [sqrt(1/2), sqrt(2)) and x = m·2^k.
    const bits origin = FN(set_bits)(0x3f3504f3);
    bits raw = (bits)x;
    bits k = (raw - origin) >> 23;
    vec f = (vec)(raw - (k << 23)) - FN(set)(1.0f);
    vec p = FN(fma)(FN(set)(-0x1.38b4ccp-4f), f, FN(set)(0x1.055b46p-3f));
    p = FN(fma)(p, f, FN(set)(-0x1.0d8552p-3f));
    p = FN(fma)(p, f, FN(set)(0x1.22da22p-3f));
    p = FN(fma)(p, f, FN(set)(-0x1.547244p-3f));
    p = FN(fma)(p, f, FN(set)(0x1.99a008p-3f));
    p = FN(fma)(p, f, FN(set)(-0x1.000228p-2f));
    p = FN(fma)(p, f, FN(set)(0x1.555554p-2f));
    vec exponent = __builtin_convertvector(k, vec);
    vec square = f * f;
    vec tail = FN(fma)(f * square, p, exponent * FN(set)(0x1.7f7d1cp-20f));
    tail = FN(fma)(FN(set)(-0.5f), square, tail);
    vec result = FN(fma)(exponent, FN(set)(0x1.62e400p-1f), f + tail);
    const vec infinity = FN(set)(__builtin_inff());
    result = FN(choose)((bits)(x == infinity), infinity, result);
    result = FN(choose)((bits)(x < FN(set)(0x1p-126f)), -infinity, result);
    result = FN(choose)((bits)(x < FN(set)(0.0f)) | (bits)(x != x), FN(set)(__builtin_nanf("")), result);
    return result;
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
RK_LANEWISE(tanh_of, __builtin_tanh(x))
RK_LANEWISE(sigmoid_of, 1.0 / (1.0 + __builtin_exp(-x)))
RK_LANEWISE(exp_of, __builtin_exp(x))
RK_LANEWISE(log_of, __builtin_log(x))
#undef RK_LANEWISE

#endif

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
RK_MAP(map_tanh, tanh_of)
RK_MAP(map_sigmoid, sigmoid_of)
#undef RK_MAP
