// Plain C with compiler vectors of 16 bytes: the reference for every other set. Without a fused multiply-add in the
// baseline, each one is a call of the C library; the bits stay those of the other sets.

#include "prelude.h"

#define RK_SET portable
#define RK_SET_ID rk_isa_portable
#define RK_BYTES 16
#define RK_TILE_ROWS 3
#define RK_GEMM_VECTORS 2
#define RK_REGISTERS 16

#define RK_IS_FLOAT 1
#include "instantiate.h"

#define RK_IS_FLOAT 0
#include "instantiate.h"
