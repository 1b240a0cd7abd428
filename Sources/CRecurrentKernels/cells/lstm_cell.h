// The arithmetic of one LSTM cell on L units of one row: forward above, its derivative below.
//
//     i = σ(zᵢ)  f = σ(z_f)  g = tanh(z_g)  o = σ(zₒ)      c′ = f ⊙ c + i ⊙ g      h′ = o ⊙ tanh(c′)
//
// A variant of the family is another set of these functions; the sequence kernels around it stay as they are.

/// `count` <= 6 cells side by side. z: four pre-activations of each, replaced by the activations i, f, g, o. c: the states
/// before, replaced by the states after.
INLINE void FN(cells_forward)(const int count, vec *z, vec *c) {
#pragma clang loop unroll(full)
    for (int k = 0; k < count; k++) FN(squash)(4, z + 4 * k, 1u << 2);
#pragma clang loop unroll(full)
    for (int k = 0; k < count; k++) c[k] = FN(fma)(z[4 * k + 1], c[k], z[4 * k] * z[4 * k + 2]);
}

/// z: their activations. c: the states after, replaced by the outputs.
INLINE void FN(cells_output)(const int count, const vec *z, vec *c) {
    FN(squash)(count, c, ~0u);
#pragma clang loop unroll(full)
    for (int k = 0; k < count; k++) c[k] = z[4 * k + 3] * c[k];
}

/// gate: activations i, f, g, o, replaced by the gradients of their pre-activations. squashed: tanh(c′).
/// d_h: whole gradient of h′. d_c: gradient of c′ from all sides but h′, replaced by the gradient of c.
INLINE void FN(cell_backward)(vec gate[4], vec c_before, vec squashed, vec d_h, vec *d_c) {
    const vec one = FN(set)(1);
    vec i = gate[0], f = gate[1], g = gate[2], o = gate[3];
    vec d_cell = FN(fma)(d_h * o, FN(fma)(-squashed, squashed, one), *d_c);
    gate[0] = d_cell * g * (i * (one - i));
    gate[1] = d_cell * c_before * (f * (one - f));
    gate[2] = d_cell * i * FN(fma)(-g, g, one);
    gate[3] = d_h * squashed * (o * (one - o));
    *d_c = d_cell * f;
}
