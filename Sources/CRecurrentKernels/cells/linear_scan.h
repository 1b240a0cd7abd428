// h_s = a_s ⊙ h_{s-1} + b_s over a run of steps of one sequence.

/// s[u] and p[u] after the steps [begin, end): the scan from `local` and the product of a, in place; h if wanted.
/// `carry` NULL: the scan starts from its true state, and local is h itself.
static void FN(linear_scan)(const rk_linear_scan *g) {
    const ptrdiff_t U = g->count;
    REAL *local = g->local, *product = g->product;
    const REAL *carry = g->carry;
    for (ptrdiff_t step = 0; step < g->steps; step++) {
        const int first = step == 0 && g->first_is_one;
        const REAL *a = (const REAL *)g->a + step * g->stride, *b = (const REAL *)g->b + step * g->stride;
        REAL *h = g->h ? (REAL *)g->h + step * g->stride : NULL;
        for (ptrdiff_t u = 0; u < U; u += LANES) {
            const ptrdiff_t part = FN(smaller)(U - u, LANES);
            vec sum = FN(load_part)(local + u, part), add = FN(load_part)(b + u, part), factor = FN(set)(1);
            if (!first) factor = FN(load_part)(a + u, part);
            sum = FN(fma)(factor, sum, add);
            FN(store_part)(local + u, sum, part);
            if (product) {
                factor *= FN(load_part)(product + u, part);
                FN(store_part)(product + u, factor, part);
                if (h) sum = FN(fma)(factor, FN(load_part)(carry + u, part), sum);
            }
            if (h) FN(store_part)(h + u, sum, part);
        }
    }
}
