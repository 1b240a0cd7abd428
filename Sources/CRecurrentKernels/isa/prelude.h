// What every file of kernels begins with.

#ifndef RK_PRELUDE_H
#define RK_PRELUDE_H

// One unknown feature makes the compiler drop a whole target attribute: better no build than a silent baseline.
#pragma clang diagnostic error "-Wignored-attributes"
#pragma clang diagnostic error "-Wpsabi"
// Vector bodies and scalar ends must round alike: fused multiply-adds are spelled out, never inferred.
#pragma clang fp contract(off)

#include "recurrent_kernels.h"

#include "barrier.h"

extern const rk_table rk_table_portable_f32, rk_table_portable_f64;
#if defined(__x86_64__)
extern const rk_table rk_table_avx2_f32, rk_table_avx2_f64, rk_table_avx512_f32, rk_table_avx512_f64;
void rk_lstm_step_s8_avxvnni(const rk_lstm_step *args);
void rk_affine_step_s8_avxvnni(const rk_affine_step *args);
void rk_lstm_step_s8_avx512vnni(const rk_lstm_step *args);
void rk_affine_step_s8_avx512vnni(const rk_affine_step *args);
#endif
#if defined(__aarch64__)
extern const rk_table rk_table_neon_f32, rk_table_neon_f64;
#endif

#endif
