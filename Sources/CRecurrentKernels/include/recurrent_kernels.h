#ifndef RECURRENT_KERNELS_H
#define RECURRENT_KERNELS_H

// The contracts of everything that a processor does for this package.
//
// No function here allocates, keeps state or decides a policy: memory, threads and the choice of an instruction set come
// from the caller. Every table holds the same functions, once for each instruction set and element type; pointers are
// untyped in the contracts because a table's element type is a property of the table.
//
// Words used below: T time steps, B batch rows, I input size, H hidden size, L the table's `lanes`, P = ceil(H / L) unit
// panels. A *unit panel* is the group of L hidden units whose four gates are computed together; its 4·L columns are
// ordered i[0..<L], f[0..<L], g[0..<L], o[0..<L]; units at or above H are padding and hold zeros. A *unit block* is the
// group of U = 16 units whose gates are saved together, Q = ceil(H / U) blocks of 4·U columns in the same order; what stands
// in its padding has no meaning. Arrays of a function never overlap unless its contract says so. A *workspace* may hold anything on entry, NaN included; it is 64-byte
// aligned and its size comes from the function named beside it.
//
// Every product sums over its index in ascending order, in chains of 64 fused multiply-adds (256 over all gates on the
// way back; a convolution in one) that are added one by one, whatever the tiling, the instruction set or the split between
// threads, so that the bits of a result depend on its operands alone.

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/// How the threads of one sequence share its units: each owns the units [unit_begin, unit_end) of the same rows and meets
/// the others once a step. All of them must run at the same time. Alone: {0, H, 1, 0, NULL, 0}.
typedef struct rk_team {
    ptrdiff_t unit_begin, unit_end;  // unit_begin a multiple of the table's `unit_share`, unit_end too or H
    ptrdiff_t count, own;            // threads, and which of them this is
    uint32_t *flags;                 // [count][32], zeros before, 128-byte aligned; overwritten: [own][1] counts the long waits
    uint32_t patience;               // looks at another's flag before a wait counts as long
} rk_team;

typedef enum rk_isa { rk_isa_portable = 0, rk_isa_neon = 1, rk_isa_avx2 = 2, rk_isa_avx512 = 3 } rk_isa;
typedef enum rk_element { rk_element_f32 = 0, rk_element_f64 = 1 } rk_element;

/// C[M,N] = (accumulate ? C : bias or 0) + op(A)[M,K] · op(B)[K,N], all row-major.
typedef struct rk_gemm {
    ptrdiff_t rows, columns, depth;  // M, N, K; any may be 0
    const void *a;                   // [M,K] with row stride lda, or [K,M] when transpose_a; read
    ptrdiff_t lda;
    int32_t transpose_a;
    const void *b;                   // [K,N] with row stride ldb, or [N,K] when transpose_b; read
    ptrdiff_t ldb;
    int32_t transpose_b;
    void *c;                         // [M,N] with row stride ldc; overwritten, or added to when accumulate
    ptrdiff_t ldc;
    int32_t accumulate;
    const void *bias;                // [N] or NULL; read; must be NULL when accumulate
    const void *packed;              // the whole of op(B) from gemm_pack, read in place of b; or NULL
    void *workspace;                 // gemm_workspace(M, N, K) elements; or NULL with `packed` and without transpose_a
} rk_gemm;

/// A whole sequence of one LSTM layer in one direction for the rows [row_begin, row_end).
/// Step t of a row is padding when t >= lengths[row]: the state passes through it unchanged.
typedef struct rk_lstm_forward {
    ptrdiff_t time_steps, batch, input_size, hidden_size;
    const void *x;                   // [T,B,I]; read; padded steps may hold anything
    const void *input_panels;        // [P][I][4L] from lstm_pack_forward; read
    const void *recurrent_panels;    // [P][H][4L] from lstm_pack_forward; read
    const void *bias_panels;         // [P][4L] from lstm_pack_bias; read
    void *h;                         // [T+1,B,H]; slot 0 (reverse: slot T) is read, the others are overwritten
    void *c;                         // [T+1,B,H] like h; or [B,H], read and overwritten, when !keeps_cell_states
    int32_t keeps_cell_states;
    void *gates;                     // [Q][T·B][4U] gate activations, overwritten (padded steps untouched); or NULL
    const int32_t *lengths;          // [B], each in 0...T, or NULL when no step is padding; read
    int32_t reverse;                 // 1: from step T-1 down to 0, state of step t in slot t; 0: state in slot t+1
    ptrdiff_t row_begin, row_end;
    rk_team team;
    void *workspace;                 // lstm_forward_workspace(args) elements, one for each concurrent call
} rk_lstm_forward;

/// The same sequence walked back: turns saved gate activations into gate gradients.
typedef struct rk_lstm_backward {
    ptrdiff_t time_steps, batch, hidden_size;
    const void *c;                   // [T+1,B,H] as the forward left it; read
    void *gates;                     // [Q][T·B][4U]; activations read, overwritten by dL/d(pre-activation), 0 where padded
    const void *recurrent_columns;   // [4H rows, H columns] from lstm_pack_columns of R; read
    ptrdiff_t input_size;
    const void *input_columns;       // [4H rows, I columns] from lstm_pack_columns of W; read where d_x is wanted
    void *d_x;                       // [T·B, I] gradient of x, overwritten, 0 where padded; or NULL
    const void *d_h;                 // [T,B,H] upstream gradient of every h, ignored where padded; or NULL; read
    const void *d_c;                 // [T,B,H] upstream gradient of every c, ignored where padded; or NULL; read
    void *d_h_state;                 // [B,H]; on entry of the final h, on return of the initial h; read, overwritten
    void *d_c_state;                 // [B,H]; on entry of the final c, on return of the initial c; read, overwritten
    const int32_t *lengths;          // as in the forward
    int32_t reverse;                 // as in the forward
    ptrdiff_t row_begin, row_end;
    rk_team team;                    // d_h_state and d_c_state: each thread reads and overwrites its own units
    void *workspace;                 // lstm_backward_workspace(args) elements, one for each concurrent call
} rk_lstm_backward;

/// Weight gradients: of the 16 units of the blocks [block_begin, block_end), with respect to the columns
/// [column_begin, column_end) of [x | h before the step | 1]:
/// dW = gate gradientsᵀ · x, dR = gate gradientsᵀ · h before, db = sum of gate gradients. Sums run over rows in ascending order.
typedef struct rk_lstm_weight_gradient {
    ptrdiff_t time_steps, batch, input_size, hidden_size;
    const void *gates;               // [Q][T·B][4U] gate gradients; read
    const void *x;                   // [T·B, I]; read; padded steps may hold anything
    const void *h_before;            // [T·B, H]: slots 0..<T of h, in reverse slots 1...T; read
    const int32_t *lengths;          // as in the forward
    void *d_input_weight;            // [4H, I], gates i, f, g, o; what belongs to the blocks and columns is overwritten
    void *d_recurrent_weight;        // [4H, H]; likewise
    void *d_bias;                    // [4H]; likewise
    ptrdiff_t block_begin, block_end;    // within 0...Q
    ptrdiff_t column_begin, column_end;  // within 0...I+H+1
    void *workspace;                 // lstm_weight_gradient_workspace(args) elements, one for each concurrent call
} rk_lstm_weight_gradient;

/// How the weights of a step are stored. Their arithmetic is that of floats on the stored numbers; bytes are multiplied
/// with an operand of bytes, and summed as integers.
typedef enum rk_weight_format {
    rk_weights_f32 = 0, rk_weights_f16 = 1, rk_weights_bf16 = 2, rk_weights_s8 = 3
} rk_weight_format;

/// One step of one LSTM layer for one row of floats. Bits as `lstm_forward` gives them from the same numbers.
typedef struct rk_lstm_step {
    ptrdiff_t input_size, hidden_size;
    rk_weight_format format;
    const void *panels;              // from lstm_step_pack; read, and prefetched a little beyond its end
    const float *bias_panels;        // [P][4L] from lstm_pack_bias; read
    const float *x;                  // [I]; read
    const float *h;                  // [H] before the step; read
    float *c;                        // [H]; read and overwritten
    float *h_after;                  // [H]; overwritten; not h, not x
    int32_t backwards;               // walks the units from the last to the first: alternate, and caches keep a part
    // Bytes only:
    const float *scales;             // [2][P][4L]: what a weight of 1 stands for, of input and recurrent channels; read
    const int32_t *sums;             // [2][P][4L]: sums of the weights of each channel; read
    float input_range;               // the magnitude of x that 127 stands for; 0: the greatest of this step
    void *workspace;                 // roundup(I, 64) + roundup(H, 64) bytes
} rk_lstm_step;

typedef void (*rk_lstm_step_function)(const rk_lstm_step *args);

/// y = W·x + bias for one row of floats.
typedef struct rk_affine_step {
    ptrdiff_t rows, depth;
    rk_weight_format format;
    const void *panels;              // from affine_step_pack; read, and prefetched a little beyond its end
    const float *bias;               // [rows]; read
    const float *x;                  // [depth]; read
    float *y;                        // [rows]; overwritten; not x
    // Bytes only:
    const float *scales;             // [rows]: what a weight of 1 stands for; read
    const int32_t *sums;             // [rows]: sums of the weights of each row; read
    float input_range;               // the magnitude of x that 127 stands for; 0: the greatest of this row
    void *workspace;                 // roundup(depth, 64) bytes
} rk_affine_step;

typedef void (*rk_affine_step_function)(const rk_affine_step *args);

/// sums[n] = start[n] + Σ_k x[k] · weight[k][n], or added to what is there: one row, all columns.
typedef struct rk_row_product {
    ptrdiff_t columns, depth;        // columns a multiple of the table's `lanes`
    const void *weight;              // [depth][columns]; read
    const void *x;                   // [depth]; read
    const void *start;               // [columns] or NULL: zeros; read; NULL when accumulate
    int32_t accumulate;
    void *sums;                      // [columns]; overwritten, or added to when accumulate; not x
} rk_row_product;

/// One update of Adam: m = β₁m + (1-β₁)s, v = β₂v + (1-β₂)s², w = shrink·w - rate·m / (√v / root + ε), s = scale·g + λw.
typedef struct rk_adam {
    ptrdiff_t count;
    void *weight;                    // [count]; read and overwritten, like mean and square
    void *mean;                      // [count]
    void *square;                    // [count]
    const void *gradient;            // [count]; read
    double rate, beta1, beta2, epsilon, root, shrink, lambda, scale;
} rk_adam;

/// One update of gradient descent: s = scale·g + λw; with a velocity u = momentum·u + s, then s = u or, Nesterov, s + momentum·u.
typedef struct rk_sgd {
    ptrdiff_t count;
    void *weight;                    // [count]; read and overwritten: w - rate·s
    void *velocity;                  // [count]; read and overwritten; or NULL
    const void *gradient;            // [count]; read
    double rate, momentum, lambda, scale;
    int32_t nesterov;
} rk_sgd;

/// Functions of one number. α and β mean: hard sigmoid clamp(αx + β, 0, 1), scaled sigmoid ασ(x) + β, scaled tanh
/// α·tanh(βx), affine αx + β, leaky ReLU x < 0 ? αx : x, thresholded ReLU x > α ? x : 0 (α >= 0), ELU x < 0 ? α(eˣ - 1) : x.
typedef enum rk_activation_kind {
    rk_activation_sigmoid = 0, rk_activation_tanh, rk_activation_identity, rk_activation_relu, rk_activation_hard_tanh,
    rk_activation_hard_sigmoid, rk_activation_softsign, rk_activation_scaled_sigmoid, rk_activation_scaled_tanh,
    rk_activation_affine, rk_activation_leaky_relu, rk_activation_thresholded_relu, rk_activation_elu,
    rk_activation_softplus
} rk_activation_kind;

typedef struct rk_activation {
    rk_activation_kind kind;
    double alpha, beta;
} rk_activation;

/// The order of the gates wherever four of something are held.
typedef enum rk_gate { rk_input_gate = 0, rk_forget_gate = 1, rk_candidate = 2, rk_output_gate = 3 } rk_gate;

typedef enum rk_coupling { rk_not_coupled = 0, rk_coupled_forget = 1, rk_coupled_input = 2 } rk_coupling;

/// One step of any member of the LSTM family for `rows` neighbouring rows; S cells share a gate, n = H / S.
///
///     i, f = s(z + Σ_S p ⊙ c_before)     coupled forget: f = 1 - i; coupled input: i = 1 - f; a gate without column: 1
///     c_new = clip(f ⊙ c_before + mask ⊙ i ⊙ g(z_g))        c_after = zoneout(c_before, c_new)
///     o = s(z_o + Σ_S p_o ⊙ (output_sees_before ? c_before : c_new))
///     output = o ⊙ h(c_new), or o ⊙ h(gain ⊙ normal(c_new) + shift)
///
/// Backward, `output` holds its gradient and is read, `gates` holds activations and receives the gradients of z, `d_c` holds
/// the gradient of c_after and receives that of c_before.
typedef struct rk_lstm_family {
    ptrdiff_t rows, hidden_size, block;    // H, S
    ptrdiff_t gate_columns;                // N: extent of a row of gates
    ptrdiff_t column[4];                   // where i, f, g, o begin in it; -1: not learned. g always is
    rk_coupling coupled;
    rk_activation gate, candidate, shown;  // s, g, h
    const void *peephole[4];               // [H] each, or NULL; that of g is NULL
    int32_t output_sees_before;
    int32_t truncated;                     // backward: no gradient through peepholes
    double sum_clip, cell_clip, gradient_clip;  // 0: none; of z, of c_new, of the gradients of z
    void *gates;                           // [rows][N] z without peepholes; replaced by activations
    void *raw;                             // [rows][N] z before its clip: overwritten forward, read backward; or NULL
    const void *c_before;                  // [rows][H]; read
    void *c_after;                         // [rows][H]; overwritten
    void *c_new;                           // [rows][H]; overwritten; NULL without zoneout, when c_after is it
    const void *candidate_mask;            // [rows][H] factors, or NULL
    const void *cell_zone;                 // [rows][H], not 0 where the state stays; or NULL: the share of the rate stays
    double cell_zone_rate;
    const void *cell_gain, *cell_shift;    // [H], or both NULL
    double epsilon;
    void *cell_normal, *cell_inverse;      // [rows][H], [rows]: kept for the derivative; or NULL
    void *output;                          // rows of `output_stride`: overwritten; backward: read
    ptrdiff_t output_stride;
    const void *d_gates;                   // [rows][N - H] further gradient of i, f, o, one after another; or NULL
    void *d_c;                             // [rows][H]
    void *d_cell_shown;                    // [rows][H]: gradient of the argument of h, with gain; overwritten
    void *workspace;                       // lstm_family_workspace(H) elements, one for each concurrent call
} rk_lstm_family;

/// Rows brought to mean 0 and variance 1: forward sums += gain ⊙ normal(x), x becomes normal(x). Backward: `sums` holds the
/// gradient and is read, d_x receives the gradient of x.
typedef struct rk_normalize {
    ptrdiff_t rows, width;
    double epsilon;
    void *x;                 // [rows][width]
    void *inverse;           // [rows]: one over the deviation; written forward, read backward
    const void *gain;        // [width]
    void *sums;              // [rows][width]
    void *d_x;               // [rows][width]
    void *workspace;         // backward: `width` elements
} rk_normalize;

/// out[j] = Σ_r a[r][j]·b[r][j / share] for j in [begin, end); b NULL: ones.
typedef struct rk_column_products {
    ptrdiff_t rows, begin, end;
    const void *a;
    ptrdiff_t a_stride;
    const void *b;
    ptrdiff_t b_stride, share;
    void *out;
} rk_column_products;

/// One step of a gated recurrent unit for `rows` neighbouring rows; step t of a row is padding when t >= lengths[row]: its
/// state passes through, its gradients are 0.
///
///     r = σ(z_r + R_r h + d_r)    z = σ(z_z + R_z h + d_z)    h′ = (1 - z) ⊙ n + z ⊙ h
///     after:  q = Rₙh + dₙ, n = tanh(zₙ + r ⊙ q)             before:  q = r ⊙ h, n = tanh(zₙ + Rₙq + dₙ)
///
/// gru_after_forward: sums [rows][3H] = R_r h, R_z h, q; gates n, r, z hold the input's sums and, if `keeps`, receive n, r, z, q.
/// gru_before_gates: sums [rows][2H]; writes r, z, q. gru_before_forward: sums [rows][H] = Rₙq + dₙ; writes n if `keeps`, h′.
/// gru_after_backward: writes the gradients of zₙ, z_r, z_z, q. gru_before_backward: those of zₙ and z_z; then, with sums
/// [rows][H] = the gradient of q, gru_before_gates_backward: that of z_r. d_h: of h′ from later steps, replaced by that of h
/// but for what comes through r, z and, after, q.
typedef struct rk_gru {
    ptrdiff_t rows, hidden_size;
    void *gates;                     // rows of `gate_stride`, [n r z q] of H columns each
    ptrdiff_t gate_stride;
    const void *sums;                // read
    const void *h_before;            // [rows][H]; read
    void *h_after;                   // [rows][H]; overwritten by the functions that give h′
    const void *d_output;            // [rows][H] upstream gradient of h′, or NULL; read
    void *d_h;                       // [rows][H]; backward: read and overwritten
    const int32_t *lengths;          // of these rows, or NULL; read
    ptrdiff_t step;                  // t
    int32_t keeps;
} rk_gru;

/// One step of a simple recurrent network for `rows` neighbouring rows: h_after = φ(sums). Backward: sums = dL/d(sums), 0
/// where padded; d_h: of h_after from later steps, replaced by what reaches h_before but through sums.
typedef struct rk_rnn {
    ptrdiff_t rows, hidden_size;
    rk_activation activation;
    void *sums;                      // [rows][H]; forward: read; backward: overwritten
    const void *h_before;            // [rows][H]; forward: read where padded
    void *h_after;                   // [rows][H]; forward: overwritten; backward: read
    const void *d_output;            // [rows][H] upstream gradient of h_after, or NULL; read
    void *d_h;                       // [rows][H]; backward: read and overwritten
    const int32_t *lengths;          // of these rows, or NULL; read
    ptrdiff_t step;
} rk_rnn;

/// local = a_s ⊙ local + b_s for every step; with a product also product = a_s ⊙ product, and h_s = local + product ⊙ carry;
/// without one h_s = local.
typedef struct rk_linear_scan {
    ptrdiff_t count, steps;
    const void *a, *b;               // [steps][count] with `stride` between steps, which may be negative; read
    ptrdiff_t stride;
    int32_t first_is_one;            // the first step's a is 1 and not read
    void *local;                     // [count]; read and overwritten
    void *product;                   // [count]; read and overwritten; or NULL
    const void *carry;               // [count]; read; NULL without product or h
    void *h;                         // like a; overwritten; or NULL
} rk_linear_scan;

/// One frame of a convolution: c[p, n] = (accumulate ? c : bias or 0) + Σ_k rows[p, k] · weight[k, n] for the positions
/// p = (y, x). The frame is channels-last and zero-padded, and it is its own lowered matrix: the row of a position
/// consists of `runs` runs of `depth` elements, rows[p, r·depth + d] = a[y·a_row + x·a_column + r·a_run + d].
typedef struct rk_convolution {
    ptrdiff_t height, width;         // positions
    const void *a;                   // the padded frame; read
    ptrdiff_t a_row, a_column, a_run;
    ptrdiff_t runs, depth;           // K = runs·depth
    const void *panels;              // [K, N] from convolution_pack; read
    ptrdiff_t columns;               // N
    void *c;                         // c[p, n] at y·c_row + x·c_column + n; overwritten, or added to when accumulate
    ptrdiff_t c_row, c_column;
    const void *bias;                // [N] or NULL; read; must be NULL when accumulate
    int32_t accumulate;
} rk_convolution;

/// The weights' gradient of one frame, added: d_weight[n, k] += Σ_p upstream[p, n] · rows[p, k], rows as above, positions
/// ascending, for the filters n in [begin, end). Up to a register beyond the end of the frame is read and not used.
typedef struct rk_convolution_gradient {
    ptrdiff_t height, width;
    const void *a;                   // the padded frame; read
    ptrdiff_t a_row, a_column, a_run;
    ptrdiff_t runs, depth;
    const void *upstream;            // upstream[p, n] at y·upstream_row + x·upstream_column + n; read
    ptrdiff_t upstream_row, upstream_column;
    void *d_weight;                  // [N, K]; rows of the range added to
    void *d_bias;                    // [N] or NULL; entries of the range added to
    ptrdiff_t begin, end;
    void *workspace;                 // 6·height·width elements, one for each concurrent call
} rk_convolution_gradient;

/// The cell of a ConvLSTM at every position of one frame of C channels, after both convolutions.
typedef struct rk_conv_lstm_forward {
    ptrdiff_t height, width, channels;
    void *gates;                     // [H·W, 4C]; pre-activations of i, f, g, o, overwritten by the activations
    const void *peephole;            // [H·W, 3C], of i, f, o; or NULL; read
    const void *c_before;            // [H·W, C]; read
    void *c_after;                   // [H·W, C]; overwritten; may be c_before
    void *h;                         // h of (y, x) at y·h_row + x·C; overwritten
    ptrdiff_t h_row;
} rk_conv_lstm_forward;

/// The same cell walked back.
typedef struct rk_conv_lstm_backward {
    ptrdiff_t height, width, channels;
    void *gates;                     // [H·W, 4C]; activations, overwritten by dL/d(pre-activation)
    void *d_gates;                   // the same gradients at y·d_gates_row + x·4C; overwritten
    ptrdiff_t d_gates_row;
    const void *peephole;            // as in the forward
    const void *c_before, *c_after;  // [H·W, C]; read
    const void *d_h, *more_d_h;      // [H·W, C]: their sum is the gradient of h; more_d_h may be NULL; read
    void *d_c;                       // [H·W, C]; gradient of c_after from all sides but h, overwritten by that of c_before
    const void *more_d_c;            // [H·W, C], added to d_c before; or NULL; read
} rk_conv_lstm_backward;

/// Some of the classes of a softmax for many rows: values[k][r] for the classes k and the rows r.
typedef struct rk_class_block {
    ptrdiff_t classes, rows;
    void *values;                    // [classes] of `stride` elements; read and overwritten
    ptrdiff_t stride;
    void *peak;                      // [rows]; exponentials: overwritten by the largest value; slopes: a factor, read
    double *sum;                     // [rows]; exponentials: overwritten by Σ e^(value - peak)
    double *tilt;                    // [rows]; exponentials: overwritten by Σ weight·value; or NULL
    const void *weights;             // [classes], read; NULL: ones
    double shift;                    // slopes: times the weight, subtracted
} rk_class_block;

/// How the recursion of a temporal classification begins: what cannot be done one way is done the next.
typedef enum rk_ctc_way { rk_ctc_any = 0, rk_ctc_blocks = 1, rk_ctc_logs = 2 } rk_ctc_way;

/// Connectionist temporal classification of one utterance: -ln of the probability that the frames spell the targets.
typedef struct rk_ctc {
    ptrdiff_t frames, padding;       // T, and the frames behind them, whose gradient becomes 0
    ptrdiff_t classes, labels;       // K, N
    const void *logits;              // frame t: K elements at t·stride; read
    ptrdiff_t stride;
    const int32_t *targets;          // [N], each in 0..<K and not the blank; read
    int32_t blank;                   // in 0..<K
    rk_ctc_way way;
    double scale;                    // of the gradient
    void *gradient;                  // like logits; scale times the loss's, 0 where the loss is infinite; overwritten; or NULL
    void *workspace;                 // ctc_workspace(args) bytes, one for each concurrent call
} rk_ctc;

/// What one instruction set does for one element type.
typedef struct rk_table {
    rk_isa isa;
    rk_element element;
    ptrdiff_t lanes;       // L: elements in a vector register
    ptrdiff_t unit_share;  // units are shared between threads in multiples of this
    ptrdiff_t tile_rows;   // rows that share one pass over a panel; splits of rows are best at its multiples

    // Elementwise: out[i] = f(x[i]) for i in 0..<count; out may be x.
    void (*exp)(ptrdiff_t count, const void *x, void *out);
    void (*log)(ptrdiff_t count, const void *x, void *out);
    void (*softplus)(ptrdiff_t count, const void *x, void *out);
    void (*tanh)(ptrdiff_t count, const void *x, void *out);
    void (*sigmoid)(ptrdiff_t count, const void *x, void *out);

    // Rows [rows, width]: softmax and its logarithm along each row; out may be x in softmax only.
    void (*softmax)(ptrdiff_t rows, ptrdiff_t width, const void *x, void *out);
    void (*log_softmax)(ptrdiff_t rows, ptrdiff_t width, const void *x, void *out);
    // Σ x[i]² in double precision, in sixteen lanes and a fixed tree.
    double (*sum_of_squares)(ptrdiff_t count, const void *x);
    // y[i] += a·x[i]
    void (*axpy)(ptrdiff_t count, double a, const void *x, void *y);
    void (*adam)(const rk_adam *args);
    void (*sgd)(const rk_sgd *args);

    ptrdiff_t (*gemm_workspace)(ptrdiff_t rows, ptrdiff_t columns, ptrdiff_t depth);
    void (*gemm)(const rk_gemm *args);
    // op(B) of args (columns, depth, b, ldb, transpose_b; read) -> gemm_packed_size elements (overwritten)
    ptrdiff_t (*gemm_packed_size)(ptrdiff_t columns, ptrdiff_t depth);
    void (*gemm_pack)(const rk_gemm *args, void *packed);

    // weight [4H, depth] (gates i, f, g, o; read) -> panels [P][depth][4L] (overwritten)
    void (*lstm_pack_forward)(ptrdiff_t hidden_size, ptrdiff_t depth, const void *weight, void *panels);
    // first, second [4H] (read; either may be NULL, meaning zeros) -> panels [P][4L] of their sum (overwritten)
    void (*lstm_pack_bias)(ptrdiff_t hidden_size, const void *first, const void *second, void *panels);
    // weight [4H, columns] (read) -> column panels of 4H·roundup(columns, L) elements (overwritten)
    void (*lstm_pack_columns)(ptrdiff_t hidden_size, ptrdiff_t columns, const void *weight, void *panels);

    ptrdiff_t (*lstm_forward_workspace)(const rk_lstm_forward *args);
    void (*lstm_forward)(const rk_lstm_forward *args);
    ptrdiff_t (*lstm_backward_workspace)(const rk_lstm_backward *args);
    void (*lstm_backward)(const rk_lstm_backward *args);
    ptrdiff_t (*lstm_weight_gradient_workspace)(const rk_lstm_weight_gradient *args);
    void (*lstm_weight_gradient)(const rk_lstm_weight_gradient *args);

    ptrdiff_t (*lstm_family_workspace)(ptrdiff_t hidden_size);
    void (*lstm_family_forward)(const rk_lstm_family *args);
    void (*lstm_family_backward)(const rk_lstm_family *args);
    void (*normalize_rows)(const rk_normalize *args);
    void (*normalize_rows_backward)(const rk_normalize *args);
    void (*column_products)(const rk_column_products *args);
    // after[i] = keep[i] != 0 ? before[i] : after[i]; without a mask rate·before[i] + (1 - rate)·after[i]
    void (*zone)(ptrdiff_t count, const void *keep, double rate, const void *before, void *after);
    // d[i] -> its share of `after`, in place; through[i] = its share of `before`
    void (*zone_backward)(ptrdiff_t count, const void *keep, double rate, void *d, void *through);

    void (*gru_after_forward)(const rk_gru *args);
    void (*gru_after_backward)(const rk_gru *args);
    void (*gru_before_gates)(const rk_gru *args);
    void (*gru_before_forward)(const rk_gru *args);
    void (*gru_before_backward)(const rk_gru *args);
    void (*gru_before_gates_backward)(const rk_gru *args);
    void (*row_product)(const rk_row_product *args);
    void (*rnn_forward)(const rk_rnn *args);
    void (*rnn_backward)(const rk_rnn *args);
    void (*linear_scan)(const rk_linear_scan *args);

    // Independent multiply-adds for a measurement; returns how many floating-point operations they were.
    double (*multiply_add_peak)(ptrdiff_t iterations);
    // Reads memory [count] from its beginning to its end, `passes` times, for a measurement; returns how many bytes it read.
    double (*read_peak)(ptrdiff_t count, const void *memory, ptrdiff_t passes);

    // to[k·to_stride + j] = from[j·from_stride + k] for j in 0..<rows, k in 0..<columns
    void (*transpose)(
        ptrdiff_t rows, ptrdiff_t columns, const void *from, ptrdiff_t from_stride, void *to, ptrdiff_t to_stride);
    // Elements of the panels of a [depth, columns] weight.
    ptrdiff_t (*convolution_panels)(ptrdiff_t depth, ptrdiff_t columns);
    // weight [depth, columns] (read) -> panels (overwritten)
    void (*convolution_pack)(ptrdiff_t depth, ptrdiff_t columns, const void *weight, void *panels);
    void (*convolution)(const rk_convolution *args);
    void (*convolution_gradient)(const rk_convolution_gradient *args);
    void (*conv_lstm_forward)(const rk_conv_lstm_forward *args);
    void (*conv_lstm_backward)(const rk_conv_lstm_backward *args);
    // d_peephole [positions, 3C] += d_gates [positions, 4C] of i, f times c_before and of o times c_after, [positions, C]
    void (*conv_lstm_peephole_gradient)(
        ptrdiff_t positions, ptrdiff_t channels, const void *d_gates, const void *c_before, const void *c_after,
        void *d_peephole);

    // values = e^(values - peak), with peak, sum and tilt
    void (*class_exponentials)(const rk_class_block *args);
    // values = peak[r]·values - shift·weight[k]
    void (*class_slopes)(const rk_class_block *args);
    // out[k] += Σ_r values[k][r]; out [classes], read and overwritten
    void (*class_totals)(const rk_class_block *args, void *out);
    ptrdiff_t (*ctc_workspace)(const rk_ctc *args);
    // Returns the loss: infinite where no alignment exists, NaN where the logits hold NaN.
    double (*ctc)(const rk_ctc *args);
    // One step for one row; NULL in tables of doubles. Bytes of the panels:
    ptrdiff_t (*lstm_step_size)(ptrdiff_t hidden_size, ptrdiff_t input_size, rk_weight_format format);
    // weights [4H, I] and [4H, H] (gates i, f, g, o; elements as the format stores them; read) -> panels (overwritten)
    void (*lstm_step_pack)(
        ptrdiff_t hidden_size, ptrdiff_t input_size, rk_weight_format format, const void *input_weight,
        const void *recurrent_weight, void *panels);
    rk_lstm_step_function lstm_step;
    ptrdiff_t (*affine_step_size)(ptrdiff_t rows, ptrdiff_t depth, rk_weight_format format);
    // weight [roundup(rows, 4), depth] (elements as the format stores them; read) -> panels (overwritten)
    void (*affine_step_pack)(
        ptrdiff_t rows, ptrdiff_t depth, rk_weight_format format, const void *weight, void *panels);
    rk_affine_step_function affine_step;
} rk_table;

/// The table of an instruction set, or NULL where this build or this processor does not have it.
const rk_table *rk_table_of(rk_isa isa, rk_element element);

/// The step on bytes with the processor's own product of bytes, on panels of the same instruction set; the bits are those of
/// `lstm_step`. NULL where this build or this processor does not have it.
rk_lstm_step_function rk_lstm_step_byte_dot(rk_isa isa);
/// The same of a linear map.
rk_affine_step_function rk_affine_step_byte_dot(rk_isa isa);

/// The processors that the affinity mask of this process allows; 0 where the system does not tell.
int32_t rk_allowed_processors(void);

/// Sets flush-to-zero and denormals-are-zero on the calling thread; returns what `rk_leave_region` restores.
uint64_t rk_enter_region(void);
/// Restores the floating-point control word that `rk_enter_region` returned.
void rk_leave_region(uint64_t saved);

/// Tells the processor that this thread spins.
static inline void rk_spin_hint(void) {
#if defined(__x86_64__)
    __builtin_ia32_pause();
#elif defined(__aarch64__)
    __asm__ volatile("yield");
#endif
}

#ifdef __cplusplus
}
#endif

#endif
