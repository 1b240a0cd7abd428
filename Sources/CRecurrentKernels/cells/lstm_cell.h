// The arithmetic of one LSTM cell on L units of one row: forward above, its derivative below.
//
//     i = σ(zᵢ)  f = σ(z_f)  g = tanh(z_g)  o = σ(zₒ)      c′ = f ⊙ c + i ⊙ g      h′ = o ⊙ tanh(c′)
//
// A variant of the family is another pair of these functions; the sequence kernels around it stay as they are.

/// z: four pre-activations, replaced by the activations i, f, g, o. c: the state before, replaced by the state after.
INLINE vec FN(cell_forward)(vec z[4], vec *c) {
    z[0] = FN(sigmoid_of)(z[0]);
    z[1] = FN(sigmoid_of)(z[1]);
    z[2] = FN(tanh_of)(z[2]);
    z[3] = FN(sigmoid_of)(z[3]);
    *c = FN(fma)(z[1], *c, z[0] * z[2]);
    return z[3] * FN(tanh_of)(*c);
}

/// gate: activations i, f, g, o, replaced by the gradients of their pre-activations. d_h: whole gradient of h′.
/// d_c: gradient of c′ from all sides but h′, replaced by the gradient of c.
INLINE void FN(cell_backward)(vec gate[4], vec c_before, vec c_after, vec d_h, vec *d_c) {
    const vec one = FN(set)(1);
    vec i = gate[0], f = gate[1], g = gate[2], o = gate[3];
    vec squashed = FN(tanh_of)(c_after);
    vec d_cell = FN(fma)(d_h * o, FN(fma)(-squashed, squashed, one), *d_c);
    gate[0] = d_cell * g * (i * (one - i));
    gate[1] = d_cell * c_before * (f * (one - f));
    gate[2] = d_cell * i * FN(fma)(-g, g, one);
    gate[3] = d_h * squashed * (o * (one - o));
    *d_c = d_cell * f;
}
