// A linear map of one row, its weights in any stored format: the output layer beside a step of recurrent layers. The rows
// of the weight stand as the four gates of a cell do, a quarter each, so that one packing and one reading serve both.

INLINE ptrdiff_t FN(affine_panels)(ptrdiff_t rows) { return ((rows + 3) / 4 + LANES - 1) / LANES; }

static ptrdiff_t FN(affine_step_size)(ptrdiff_t rows, ptrdiff_t depth, rk_weight_format format) {
    return FN(affine_panels)(rows) * PANEL * FN(step_padded)(depth, FN(step_run)(format)) * FN(step_bytes)(format);
}

static void FN(affine_step_pack)(
    ptrdiff_t rows, ptrdiff_t depth, rk_weight_format format, const void *weight, void *panels) {
    const ptrdiff_t run = FN(step_run)(format);
    FN(step_pack_part)((rows + 3) / 4, depth, 0, FN(step_padded)(depth, run), run, FN(step_bytes)(format), weight, panels);
}

INLINE void FN(affine_group)(
    const rk_affine_step *args, const int panels, const rk_weight_format format, ptrdiff_t panel) {
    const ptrdiff_t whole = FN(step_padded)(args->depth, FN(step_run)(format));
    const uint8_t *w = (const uint8_t *)args->panels + panel * PANEL * whole * FN(step_bytes)(format);
    vec z[8];
#pragma clang loop unroll(full)
    for (int v = 0; v < 4 * panels; v++) z[v] = FN(affine_rows)(args, args->bias, panel, v);
    // The chains of `gemm`.
    for (ptrdiff_t begin = 0; begin < args->depth; begin += RK_CHAIN) {
        const ptrdiff_t count = FN(smaller)(args->depth - begin, RK_CHAIN);
        vec sum[8];
#pragma clang loop unroll(full)
        for (int v = 0; v < 4 * panels; v++) sum[v] = begin == 0 ? z[v] : (vec){0};
        w = FN(step_sum)(4 * panels, format, count, args->x + begin, w, sum);
#pragma clang loop unroll(full)
        for (int v = 0; v < 4 * panels; v++) z[v] = begin == 0 ? sum[v] : z[v] + sum[v];
    }
    FN(affine_finish)(args, panels, panel, z);
}

INLINE void FN(affine_all)(const rk_affine_step *args, const rk_weight_format format) {
    const ptrdiff_t panels = FN(affine_panels)(args->rows);
    for (ptrdiff_t panel = 0; panel < panels; panel += 2) {
        if (panel + 1 < panels)
            FN(affine_group)(args, 2, format, panel);
        else
            FN(affine_group)(args, 1, format, panel);
    }
}

static void FN(affine_step)(const rk_affine_step *args) {
    switch (args->format) {
    case rk_weights_f32: FN(affine_all)(args, rk_weights_f32); break;
    case rk_weights_f16: FN(affine_all)(args, rk_weights_f16); break;
    case rk_weights_bf16: FN(affine_all)(args, rk_weights_bf16); break;
    case rk_weights_s8: FN(affine_step_s8)(args); break;
    }
}
