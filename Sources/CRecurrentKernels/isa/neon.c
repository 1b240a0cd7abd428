// 64-bit Arm: the portable code with its tiles cut for 32 registers; a fused multiply-add is part of the baseline.

#include "prelude.h"

#if defined(__aarch64__)
#define RK_SET neon
#define RK_SET_ID rk_isa_neon
#define RK_BYTES 16
#define RK_TILE_ROWS 6
#define RK_GEMM_VECTORS 4
#define RK_REGISTERS 32

#define RK_IS_FLOAT 1
#include "instantiate.h"

#define RK_IS_FLOAT 0
#include "instantiate.h"
#endif
