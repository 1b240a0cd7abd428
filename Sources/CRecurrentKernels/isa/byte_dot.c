// The step on bytes for processors that multiply and add four bytes a lane with one instruction: an extension of its own
// beside AVX2 and AVX-512. It takes unsigned operands, so that the operand is moved up by 128.

#include "prelude.h"

#if defined(__x86_64__)
#include <immintrin.h>

#define RK_IS_FLOAT 1
#define REAL float
#define BITS int32_t
#define RK_SCALAR_FMA __builtin_fmaf
#define RK_BYTE_OFFSET 128

#pragma clang attribute push(__attribute__((target("avx2,fma,f16c,avxvnni"))), apply_to = function)
static const int64_t rk_mask_window[8] = {-1, -1, -1, -1, 0, 0, 0, 0};
#define RK_MASK_F32(count) _mm256_loadu_si256((const __m256i *)((const int32_t *)rk_mask_window + 8 - (count)))
#define RK_SUFFIX avxvnni
#define RK_BYTES 32
#define RK_LOAD_PART(p, count) _mm256_maskload_ps(p, RK_MASK_F32(count))
#define RK_STORE_PART(p, v, count) _mm256_maskstore_ps(p, RK_MASK_F32(count), (__m256)(v))
#define RK_BYTE_DOT(sum, a, w) _mm256_dpbusd_avx_epi32((__m256i)(sum), (__m256i)(a), (__m256i)(w))
#include "byte_dot.h"
void rk_lstm_step_s8_avxvnni(const rk_lstm_step *args) { FN(lstm_step_s8)(args); }
void rk_affine_step_s8_avxvnni(const rk_affine_step *args) { FN(affine_step_s8)(args); }
#pragma clang attribute pop

#undef RK_SUFFIX
#undef RK_BYTES
#undef RK_LOAD_PART
#undef RK_STORE_PART
#undef RK_BYTE_DOT
#undef RK_JOIN
#undef RK_JOIN2
#undef FN
#undef INLINE
#undef LANES
#undef PANEL
#undef UNITS
#undef BLOCK
#undef vec
#undef bits

#pragma clang attribute push(                                                                                    \
    __attribute__((target("avx512f,avx512vl,avx512bw,avx512dq,avx2,fma,avx512vnni"))), apply_to = function)
#define RK_SUFFIX avx512vnni
#define RK_BYTES 64
#define RK_LOAD_PART(p, count) _mm512_maskz_loadu_ps((__mmask16)((1u << (count)) - 1), p)
#define RK_STORE_PART(p, v, count) _mm512_mask_storeu_ps(p, (__mmask16)((1u << (count)) - 1), (__m512)(v))
#define RK_BYTE_DOT(sum, a, w) _mm512_dpbusd_epi32((__m512i)(sum), (__m512i)(a), (__m512i)(w))
#include "byte_dot.h"
void rk_lstm_step_s8_avx512vnni(const rk_lstm_step *args) { FN(lstm_step_s8)(args); }
void rk_affine_step_s8_avx512vnni(const rk_affine_step *args) { FN(affine_step_s8)(args); }
#pragma clang attribute pop

#endif
