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
#include "instantiate.h"

#define RK_IS_FLOAT 0
#define RK_LOAD_PART(p, count) _mm512_maskz_loadu_pd((__mmask8)((1u << (count)) - 1), p)
#define RK_STORE_PART(p, v, count) _mm512_mask_storeu_pd(p, (__mmask8)((1u << (count)) - 1), (__m512d)(v))
#include "instantiate.h"

#pragma clang attribute pop
#endif
