#include "prelude.h"

#if defined(__x86_64__)
#include <immintrin.h>

#pragma clang attribute push(__attribute__((target("avx512f,avx512vl,avx512bw,avx512dq,avx2,fma"))), apply_to = function)

#define RK_SET avx512
#define RK_SET_ID rk_isa_avx512
#define RK_BYTES 64
#define RK_TILE_ROWS 6
#define RK_GEMM_VECTORS 4
#define RK_REGISTERS 32

#define RK_IS_FLOAT 1
#define RK_LOAD_PART(p, count) _mm512_maskz_loadu_ps((__mmask16)((1u << (count)) - 1), p)
#define RK_STORE_PART(p, v, count) _mm512_mask_storeu_ps(p, (__mmask16)((1u << (count)) - 1), (__m512)(v))
#define RK_LOAD_HALF(p) _mm512_cvtph_ps(_mm256_loadu_si256((const __m256i *)(p)))
// The operand's signs go over to the weights: |a| <= 127 and |w| <= 127, so that two products fit 16 bits.
#define RK_BYTE_DOT(sum, a, w)                                                                                     \
    _mm512_add_epi32(                                                                                              \
        (__m512i)(sum),                                                                                            \
        _mm512_madd_epi16(                                                                                         \
            _mm512_maddubs_epi16(                                                                                  \
                _mm512_abs_epi8((__m512i)(a)),                                                                     \
                _mm512_mask_sub_epi8(                                                                              \
                    (__m512i)(w), _mm512_movepi8_mask((__m512i)(a)), _mm512_setzero_si512(), (__m512i)(w))),       \
            _mm512_set1_epi16(1)))
#include "instantiate.h"

#define RK_IS_FLOAT 0
#define RK_LOAD_PART(p, count) _mm512_maskz_loadu_pd((__mmask8)((1u << (count)) - 1), p)
#define RK_STORE_PART(p, v, count) _mm512_mask_storeu_pd(p, (__mmask8)((1u << (count)) - 1), (__m512d)(v))
#include "instantiate.h"

#pragma clang attribute pop
#endif
