// All kernels for one instruction set and one element type. Included twice by each isa/<set>.c, between definitions of
// RK_SET (name), RK_SET_ID, RK_BYTES, RK_IS_FLOAT, RK_TILE_ROWS, RK_GEMM_VECTORS and RK_REGISTERS.

#if RK_IS_FLOAT
#define REAL float
#define BITS int32_t
#define RK_SUFFIX RK_JOIN(RK_SET, f32)
#define RK_ELEMENT rk_element_f32
#define RK_SCALAR_FMA __builtin_fmaf
#else
#define REAL double
#define BITS int64_t
#define RK_SUFFIX RK_JOIN(RK_SET, f64)
#define RK_ELEMENT rk_element_f64
#define RK_SCALAR_FMA __builtin_fma
#endif

// Additions that follow one another. A longer sum is cut into chains of this length, each from zero, which are added to one
// another in their order: n roundings become n / length of them, the others are those of small sums. Every way to the same
// sum (many rows or one, float or half, in one pass or several) cuts it alike, so that its bits are the same.
#ifndef RK_CHAIN
#define RK_CHAIN 64
#endif
// The same for sums over all gates on the way back, where there are four times as many.
#ifndef RK_GATE_CHAIN
#define RK_GATE_CHAIN 256
#endif
// Depth of a convolution's panels: a block of depth × 4L elements takes 32 KiB with 64-byte registers, 16 KiB with 32-byte ones.
#ifndef RK_DEPTH_BLOCK
#define RK_DEPTH_BLOCK 128
#endif
// Depth of the general product's panels: they stream from the second cache.
#ifndef RK_GEMM_DEPTH
#define RK_GEMM_DEPTH 512
#endif
// Depth of the LSTM's panels in one pass: they stream from the second cache, sums seldom leave the registers.
#ifndef RK_PANEL_DEPTH
#define RK_PANEL_DEPTH 1024
#endif
// Rows of a weight-gradient block at most: they stay in the first cache.
#ifndef RK_ROW_BLOCK
#define RK_ROW_BLOCK 128
#endif
// Rows whose input gradients are made together.
#ifndef RK_ROWS_TOGETHER
#define RK_ROWS_TOGETHER 48
#endif

#include "vector.h"

#include "../elementwise/elementary.h"
#include "../elementwise/activations.h"
#include "../elementwise/vectors.h"
#include "../linear/tile.h"
#include "../linear/gemm.h"
#include "../cells/lstm_cell.h"
#include "../cells/lstm_pack.h"
#include "../cells/lstm_forward.h"
#include "../cells/lstm_backward.h"
#include "../cells/lstm_weight_gradient.h"
#include "../cells/lstm_family.h"
#if RK_IS_FLOAT
#include "../cells/lstm_step_bytes.h"
#include "../cells/lstm_step.h"
#include "../linear/affine_step_bytes.h"
#include "../linear/affine_step.h"
#endif
#include "../linear/row_product.h"
#include "../cells/gru_cell.h"
#include "../cells/rnn_cell.h"
#include "../cells/linear_scan.h"
#include "peak.h"
#include "../linear/convolution.h"
#include "../cells/conv_lstm_cell.h"
#include "../elementwise/classes.h"
#include "../losses/ctc.h"

const rk_table FN(rk_table) = {
    .isa = RK_SET_ID,
    .element = RK_ELEMENT,
    .lanes = RK_BYTES / sizeof(REAL),
    .unit_share = RK_GEMM_VECTORS * RK_BYTES / sizeof(REAL) < 16 ? 16 : RK_GEMM_VECTORS * RK_BYTES / sizeof(REAL),
    .tile_rows = RK_TILE_ROWS,
    .exp = FN(map_exp),
    .log = FN(map_log),
    .softplus = FN(map_softplus),
    .tanh = FN(map_tanh),
    .sigmoid = FN(map_sigmoid),
    .softmax = FN(softmax),
    .log_softmax = FN(log_softmax),
    .sum_of_squares = FN(sum_of_squares),
    .axpy = FN(axpy),
    .adam = FN(adam),
    .sgd = FN(sgd),
    .gemm_workspace = FN(gemm_workspace),
    .gemm = FN(gemm),
    .gemm_packed_size = FN(gemm_packed_size),
    .gemm_pack = FN(gemm_pack),
    .lstm_pack_forward = FN(lstm_pack_forward),
    .lstm_pack_bias = FN(lstm_pack_bias),
    .lstm_pack_columns = FN(lstm_pack_columns),
    .lstm_forward_workspace = FN(lstm_forward_workspace),
    .lstm_forward = FN(lstm_forward),
    .lstm_backward_workspace = FN(lstm_backward_workspace),
    .lstm_backward = FN(lstm_backward),
    .lstm_weight_gradient_workspace = FN(lstm_weight_gradient_workspace),
    .lstm_weight_gradient = FN(lstm_weight_gradient),
    .lstm_family_workspace = FN(lstm_family_workspace),
    .lstm_family_forward = FN(lstm_family_forward),
    .lstm_family_backward = FN(lstm_family_backward),
    .normalize_rows = FN(normalize_rows),
    .normalize_rows_backward = FN(normalize_rows_backward),
    .column_products = FN(column_products),
    .zone = FN(zone),
    .zone_backward = FN(zone_backward),
    .gru_after_forward = FN(gru_after_forward),
    .gru_after_backward = FN(gru_after_backward),
    .gru_before_gates = FN(gru_before_gates),
    .gru_before_forward = FN(gru_before_forward),
    .gru_before_backward = FN(gru_before_backward),
    .gru_before_gates_backward = FN(gru_before_gates_backward),
    .row_product = FN(row_product),
    .rnn_forward = FN(rnn_forward),
    .rnn_backward = FN(rnn_backward),
    .linear_scan = FN(linear_scan),
    .multiply_add_peak = FN(multiply_add_peak),
    .read_peak = FN(read_peak),
    .transpose = FN(transpose_matrix),
    .convolution_panels = FN(convolution_panels),
    .convolution_pack = FN(convolution_pack),
    .convolution = FN(convolution),
    .convolution_gradient = FN(convolution_gradient),
    .conv_lstm_forward = FN(conv_lstm_forward),
    .conv_lstm_backward = FN(conv_lstm_backward),
    .conv_lstm_peephole_gradient = FN(conv_lstm_peephole_gradient),
    .class_exponentials = FN(class_exponentials),
    .class_slopes = FN(class_slopes),
    .class_totals = FN(class_totals),
    .ctc_workspace = FN(ctc_workspace),
    .ctc = FN(ctc),
#if RK_IS_FLOAT
    .lstm_step_size = FN(lstm_step_size),
    .lstm_step_pack = FN(lstm_step_pack),
    .lstm_step = FN(lstm_step),
    .affine_step_size = FN(affine_step_size),
    .affine_step_pack = FN(affine_step_pack),
    .affine_step = FN(affine_step),
#endif
};

#undef REAL
#undef BITS
#undef RK_SUFFIX
#undef RK_ELEMENT
#undef RK_SCALAR_FMA
#undef RK_IS_FLOAT
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
#undef RK_LOAD_PART
#undef RK_STORE_PART
#undef RK_LOAD_HALF
#undef RK_BYTE_DOT
#undef RK_GEMM_ROWS
#undef RK_GEMM_COLUMN_BLOCK
#undef RK_GEMM_ROW_BLOCK
#undef RK_LOWERED_ROWS
