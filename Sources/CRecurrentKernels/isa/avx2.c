#include "prelude.h"

#if defined(__x86_64__)
#include <immintrin.h>

#pragma clang attribute push(__attribute__((target("avx2,fma,f16c"))), apply_to = function)

// Sliding a window over this array gives a mask of the first `count` lanes.
static const int64_t rk_mask_window[8] = {-1, -1, -1, -1, 0, 0, 0, 0};
#define RK_MASK_F32(count) _mm256_loadu_si256((const __m256i *)((const int32_t *)rk_mask_window + 8 - (count)))
#define RK_MASK_F64(count) _mm256_loadu_si256((const __m256i *)(rk_mask_window + 4 - (count)))

#define RK_SET avx2
#define RK_SET_ID rk_isa_avx2
#define RK_BYTES 32
#define RK_TILE_ROWS 3
#define RK_GEMM_VECTORS 2
#define RK_REGISTERS 16

#define RK_IS_FLOAT 1
#define RK_LOAD_PART(p, count) _mm256_maskload_ps(p, RK_MASK_F32(count))
#define RK_STORE_PART(p, v, count) _mm256_maskstore_ps(p, RK_MASK_F32(count), (__m256)(v))
#define RK_LOAD_HALF(p) _mm256_cvtph_ps(_mm_loadu_si128((const __m128i *)(p)))
// The operand's signs go over to the weights: |a| <= 127 and |w| <= 127, so that two products fit 16 bits.
#define RK_BYTE_DOT(sum, a, w)                                                                        \
    _mm256_add_epi32(                                                                                 \
        (__m256i)(sum),                                                                               \
        _mm256_madd_epi16(                                                                            \
            _mm256_maddubs_epi16(_mm256_abs_epi8((__m256i)(a)), _mm256_sign_epi8((__m256i)(w), (__m256i)(a))), \
            _mm256_set1_epi16(1)))
#include "instantiate.h"

#define RK_IS_FLOAT 0
#define RK_LOAD_PART(p, count) _mm256_maskload_pd(p, RK_MASK_F64(count))
#define RK_STORE_PART(p, v, count) _mm256_maskstore_pd(p, RK_MASK_F64(count), (__m256d)(v))
#include "instantiate.h"

#pragma clang attribute pop
#endif
