// One vector register of REAL, written with compiler vectors so that every instruction set runs the same operations.
//
// Included once for each instruction set and element type by isa/instantiate.h, between definitions of
// RK_BYTES (register size), RK_SUFFIX (of all names), REAL, BITS (signed integer as wide as REAL).
// isa/<set>.h may define V_LOAD_PART and friends before; what it leaves out is written here in plain C.

#define RK_JOIN2(a, b) a##_##b
#define RK_JOIN(a, b) RK_JOIN2(a, b)
#define FN(name) RK_JOIN(name, RK_SUFFIX)
#define INLINE static inline __attribute__((always_inline, unused))

#define LANES ((ptrdiff_t)(RK_BYTES / sizeof(REAL)))
#define PANEL (4 * LANES)
// Saved gates come in blocks of 16 units whatever the register, so that sums over gates have one order everywhere.
#define UNITS ((ptrdiff_t)16)
#define BLOCK (4 * UNITS)

typedef REAL FN(vec_t) __attribute__((vector_size(RK_BYTES)));
typedef BITS FN(bits_t) __attribute__((vector_size(RK_BYTES)));
typedef REAL FN(loose_t) __attribute__((vector_size(RK_BYTES), aligned(sizeof(REAL)), may_alias));
#define vec FN(vec_t)
#define bits FN(bits_t)

INLINE vec FN(load)(const REAL *p) { return *(const FN(loose_t) *)p; }
INLINE void FN(store)(REAL *p, vec v) { *(FN(loose_t) *)p = v; }
INLINE vec FN(set)(REAL x) { return x - (vec){0}; }
INLINE bits FN(set_bits)(BITS x) { return x - (bits){0}; }
INLINE vec FN(fma)(vec a, vec b, vec c) { return __builtin_elementwise_fma(a, b, c); }
/// mask ? a : b, where a lane of mask is all ones or all zeros.
INLINE vec FN(choose)(bits mask, vec a, vec b) { return (vec)((mask & (bits)a) | (~mask & (bits)b)); }
/// NaN in x stays NaN: the comparison fails and x is taken.
INLINE vec FN(at_least)(vec x, REAL bound) {
    vec b = FN(set)(bound);
    return FN(choose)((bits)(b > x), b, x);
}
INLINE vec FN(at_most)(vec x, REAL bound) {
    vec b = FN(set)(bound);
    return FN(choose)((bits)(b < x), b, x);
}

/// The first `count` lanes from memory, zero above; 0 <= count <= LANES.
INLINE vec FN(load_part)(const REAL *p, ptrdiff_t count) {
    if (count >= LANES) return FN(load)(p);
#ifdef RK_LOAD_PART
    return (vec)RK_LOAD_PART(p, count);
#else
    union { vec v; REAL x[RK_BYTES / sizeof(REAL)]; } u;
    u.v = (vec){0};
    for (ptrdiff_t i = 0; i < count; i++) u.x[i] = p[i];
    return u.v;
#endif
}
INLINE void FN(store_part)(REAL *p, vec v, ptrdiff_t count) {
    if (count >= LANES) {
        FN(store)(p, v);
        return;
    }
#ifdef RK_STORE_PART
    RK_STORE_PART(p, v, count);
#else
    union { vec v; REAL x[RK_BYTES / sizeof(REAL)]; } u;
    u.v = v;
    for (ptrdiff_t i = 0; i < count; i++) p[i] = u.x[i];
#endif
}
INLINE void FN(copy)(const REAL *from, REAL *to, ptrdiff_t count) {
    __builtin_memcpy(to, from, (size_t)count * sizeof(REAL));
}
INLINE ptrdiff_t FN(smaller)(ptrdiff_t a, ptrdiff_t b) { return a < b ? a : b; }

typedef REAL FN(four_t) __attribute__((vector_size(4 * sizeof(REAL)), aligned(sizeof(REAL)), may_alias));

/// to[k·to_stride + j] = from[j·from_stride + k] for j and k in 0..<4.
INLINE void FN(transpose_four)(const REAL *from, ptrdiff_t from_stride, REAL *to, ptrdiff_t to_stride) {
    FN(four_t) a = *(const FN(four_t) *)from, b = *(const FN(four_t) *)(from + from_stride);
    FN(four_t) c = *(const FN(four_t) *)(from + 2 * from_stride), d = *(const FN(four_t) *)(from + 3 * from_stride);
    FN(four_t) ab_low = __builtin_shufflevector(a, b, 0, 4, 1, 5), ab_high = __builtin_shufflevector(a, b, 2, 6, 3, 7);
    FN(four_t) cd_low = __builtin_shufflevector(c, d, 0, 4, 1, 5), cd_high = __builtin_shufflevector(c, d, 2, 6, 3, 7);
    *(FN(four_t) *)to = __builtin_shufflevector(ab_low, cd_low, 0, 1, 4, 5);
    *(FN(four_t) *)(to + to_stride) = __builtin_shufflevector(ab_low, cd_low, 2, 3, 6, 7);
    *(FN(four_t) *)(to + 2 * to_stride) = __builtin_shufflevector(ab_high, cd_high, 0, 1, 4, 5);
    *(FN(four_t) *)(to + 3 * to_stride) = __builtin_shufflevector(ab_high, cd_high, 2, 3, 6, 7);
}

/// to[k·to_stride + j] = from[j·from_stride + k] for j in 0..<width, k in 0..<depth; zeros for j in width..<padded.
/// On the way the rows from `ahead` on, if there are any, are fetched into the second cache: those of the next call.
INLINE void FN(transpose_ahead)(
    const REAL *from, ptrdiff_t from_stride, REAL *to, ptrdiff_t to_stride, ptrdiff_t width, ptrdiff_t padded,
    ptrdiff_t depth, const REAL *ahead) {
    // Sixteen columns at a time: a line of each row read, a line of each row written. They lie too far apart for the
    // processor to guess what comes next.
    for (ptrdiff_t k0 = 0; k0 < depth; k0 += 16) {
        const ptrdiff_t k1 = FN(smaller)(k0 + 16, depth);
        for (ptrdiff_t j = 0; ahead && j < width; j++) __builtin_prefetch(ahead + j * from_stride + k0, 0, 2);
        for (ptrdiff_t k = k0 + 32; k < FN(smaller)(k0 + 48, depth); k++) __builtin_prefetch(to + k * to_stride, 1, 3);
        ptrdiff_t j = 0;
        for (; j + 4 <= width; j += 4) {
            ptrdiff_t k = k0;
            for (; k + 4 <= k1; k += 4)
                FN(transpose_four)(from + j * from_stride + k, from_stride, to + k * to_stride + j, to_stride);
            for (; k < k1; k++)
                for (ptrdiff_t i = j; i < j + 4; i++) to[k * to_stride + i] = from[i * from_stride + k];
        }
        for (; j < padded; j++)
            for (ptrdiff_t k = k0; k < k1; k++) to[k * to_stride + j] = j < width ? from[j * from_stride + k] : 0;
    }
}
INLINE void FN(transpose)(
    const REAL *from, ptrdiff_t from_stride, REAL *to, ptrdiff_t to_stride, ptrdiff_t width, ptrdiff_t padded,
    ptrdiff_t depth) {
    FN(transpose_ahead)(from, from_stride, to, to_stride, width, padded, depth, NULL);
}
