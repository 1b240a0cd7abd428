// 64-bit Arm: the portable code with its tiles cut for 32 registers; a fused multiply-add is part of the baseline.

#include "prelude.h"

#if defined(__aarch64__)
#include <arm_neon.h>

#define RK_SET neon
#define RK_SET_ID rk_isa_neon
#define RK_BYTES 16
#define RK_TILE_ROWS 6
#define RK_GEMM_VECTORS 4
#define RK_REGISTERS 32

#define RK_IS_FLOAT 1
#define RK_LOAD_HALF(p) vcvt_f32_f16(vreinterpret_f16_u16(vld1_u16(p)))
#define RK_BYTE_DOT(sum, a, w)                                                                               \
    vaddq_s32(                                                                                               \
        (int32x4_t)(sum),                                                                                    \
        vpaddq_s32(                                                                                          \
            vpaddlq_s16(vmull_s8(vget_low_s8((int8x16_t)(a)), vget_low_s8((int8x16_t)(w)))),                 \
            vpaddlq_s16(vmull_high_s8((int8x16_t)(a), (int8x16_t)(w)))))
#include "instantiate.h"

#define RK_IS_FLOAT 0
#include "instantiate.h"
#endif
