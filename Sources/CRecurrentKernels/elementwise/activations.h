// The activations that a description may choose, each with its derivative written in terms of its own value.

INLINE vec FN(clamped)(vec x, REAL low, REAL high) { return FN(at_most)(FN(at_least)(x, low), high); }

INLINE vec FN(activate)(const rk_activation *a, vec x) {
    const vec zero = {0}, one = FN(set)(1), alpha = FN(set)((REAL)a->alpha), beta = FN(set)((REAL)a->beta);
    switch (a->kind) {
    case rk_activation_sigmoid: return FN(sigmoid_of)(x);
    case rk_activation_tanh: return FN(tanh_of)(x);
    case rk_activation_identity: return x;
    case rk_activation_relu: return FN(at_least)(x, 0);
    case rk_activation_hard_tanh: return FN(clamped)(x, -1, 1);
    case rk_activation_hard_sigmoid: return FN(clamped)(FN(fma)(alpha, x, beta), 0, 1);
    case rk_activation_softsign: return x / (one + FN(choose)((bits)(x < zero), -x, x));
    case rk_activation_scaled_sigmoid: return FN(fma)(alpha, FN(sigmoid_of)(x), beta);
    case rk_activation_scaled_tanh: return alpha * FN(tanh_of)(beta * x);
    case rk_activation_affine: return FN(fma)(alpha, x, beta);
    case rk_activation_leaky_relu: return FN(choose)((bits)(x < zero), alpha * x, x);
    case rk_activation_thresholded_relu: return FN(choose)((bits)(x > alpha) | (bits)(x != x), x, zero);
    case rk_activation_elu: return FN(choose)((bits)(x < zero), alpha * (FN(exp_of)(FN(at_most)(x, 0)) - one), x);
    case rk_activation_softplus: return FN(softplus_of)(x);
    }
    return x;
}

/// The same for `count` <= 8 registers, side by side where the activation is one of the two that take long.
INLINE void FN(activate_all)(const int count, const rk_activation *a, vec *x) {
    if (a->kind == rk_activation_sigmoid) {
        FN(squash)(count, x, 0);
    } else if (a->kind == rk_activation_tanh) {
        FN(squash)(count, x, ~0u);
    } else {
#pragma clang loop unroll(disable)
        for (int k = 0; k < count; k++) x[k] = FN(activate)(a, x[k]);
    }
}

/// dy/dx from y.
INLINE vec FN(activation_slope)(const rk_activation *a, vec y) {
    const vec zero = {0}, one = FN(set)(1), alpha = FN(set)((REAL)a->alpha), beta = FN(set)((REAL)a->beta);
    switch (a->kind) {
    case rk_activation_sigmoid: return y * (one - y);
    case rk_activation_tanh: return FN(fma)(-y, y, one);
    case rk_activation_identity: return one;
    case rk_activation_relu: return FN(choose)((bits)(y > zero), one, zero);
    case rk_activation_hard_tanh: return FN(choose)((bits)(y > -one) & (bits)(y < one), one, zero);
    case rk_activation_hard_sigmoid: return FN(choose)((bits)(y > zero) & (bits)(y < one), alpha, zero);
    case rk_activation_softsign: {
        vec rest = one - FN(choose)((bits)(y < zero), -y, y);
        return rest * rest;
    }
    case rk_activation_scaled_sigmoid: {
        vec s = (y - beta) / alpha;
        return alpha * s * (one - s);
    }
    case rk_activation_scaled_tanh: {
        vec t = y / alpha;
        return alpha * beta * FN(fma)(-t, t, one);
    }
    case rk_activation_affine: return alpha;
    case rk_activation_leaky_relu: return FN(choose)((bits)(y < zero), alpha, one);
    case rk_activation_thresholded_relu: return FN(choose)((bits)(y > alpha), one, zero);
    case rk_activation_elu: return FN(choose)((bits)(y < zero), y + alpha, one);
    case rk_activation_softplus: return one - FN(exp_of)(-y);
    }
    return one;
}
